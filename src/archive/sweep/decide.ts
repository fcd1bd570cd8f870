/** People decide about versions that nobody registered; sweeps only tell of them. */
import type { AuditActor } from '../../platform/audit/index.ts';
import type { FindingDecision, Tx } from '../../platform/db/index.ts';
import { AppError, sha256Hex } from '../../shared/index.ts';
import type { ArchiveDeps } from '../deps.ts';
import { isRegistered } from '../store.ts';
import { subjectOf } from './findings.ts';
import * as store from './store.ts';

export interface DecisionRequest {
  /** In whose log it is written. The finding must be about a key of this facility, or of none. */
  readonly facilityId: string;
  readonly findingId: string;
  readonly decision: FindingDecision;
  readonly reason: string;
  readonly actor: AuditActor;
  /** Who decided, where the actor does not say it. */
  readonly decidedBy?: string;
}

/**
 * Writes down what becomes of a version that nobody registered. From then on it is no alarm; let go, its lock is not rolled on either.
 * Nothing is shortened or removed: what the store enforces now it goes on enforcing. A later decision takes the place of this one.
 * The audit entry names key, version, and the digest of the bytes, which are read for it. Durable when it returns.
 * @throws FINDING_UNKNOWN, FINDING_NOT_DECIDABLE (another kind of finding, or the version is registered), what the store throws.
 */
export async function decideFinding(deps: ArchiveDeps, request: DecisionRequest): Promise<store.FindingRow> {
  const { facilityId, findingId, decision, reason, actor, decidedBy } = request;
  const found = await deps.database.transaction((tx) => decidable(tx, request));
  const bytes = await deps.store.get(found.key, found.versionId, undefined);
  return deps.database.transaction(async (tx) => {
    const { problem, key, versionId, documentId } = await decidable(tx, request);
    const auditEntryId = await deps.audit.record(tx, {
      facilityId,
      actor,
      action: 'object.decided',
      object: subjectOf(documentId),
      reason,
      details: {
        finding: findingId,
        problem,
        decision,
        objectKey: key,
        objectVersion: versionId,
        sha256: sha256Hex(bytes),
        size: bytes.length,
        ...(decidedBy === undefined ? {} : { decidedBy }),
      },
    });
    return store.noteDecision(tx, findingId, { decision, at: deps.clock.now(), auditEntryId });
  });
}

async function decidable(tx: Tx, { facilityId, findingId }: DecisionRequest): Promise<store.FindingRow> {
  const finding = await store.lockFinding(tx, facilityId, findingId);
  if (finding === undefined) throw new AppError('FINDING_UNKNOWN');
  const isStray = finding.problem === 'unknown' || finding.problem === 'surplus';
  if (!isStray || (await isRegistered(tx, finding.key, finding.versionId))) throw new AppError('FINDING_NOT_DECIDABLE');
  return finding;
}
