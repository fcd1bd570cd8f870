/** The archive's verbs over one store and one set of rules. */
import type { AuditActor, AuditLog } from '../platform/audit/index.ts';
import type { ArchiveProblem, Database } from '../platform/db/index.ts';
import type { ObjectStore } from '../platform/storage/index.ts';
import { type Clock, type Log, silentLog } from '../shared/index.ts';
import { type ArchiveRequest, archiveDocument, fetchArchived, findArchived } from './archive-object.ts';
import { type FsckReport, fsck } from './fsck.ts';
import { explain, type RetentionExplanation, type RetentionFacts, type RetentionPolicy } from './policy/index.ts';
import {
  decide,
  deciding,
  type Enforcement,
  enforceLocks,
  findRetention,
  keepLocks,
  listSteps,
  type RecordRetention,
  type RetentionStep,
} from './retention/index.ts';
import {
  type ArchiveFinding,
  countOpenFindings,
  type DecisionRequest,
  decideFinding,
  openFindings,
  type SweepOptions,
  sweep,
} from './sweep/index.ts';

export type Archive = ReturnType<typeof createArchive>;

export function createArchive(options: {
  database: Database;
  store: ObjectStore;
  clock: Clock;
  audit: AuditLog;
  policies: readonly RetentionPolicy[];
  log?: Log;
}) {
  const deps = { ...options, log: options.log ?? silentLog, filedRules: new Set<string>() };
  const { db } = deps.database;

  return {
    /** What the rules say of these facts now; decides and stores nothing. */
    explain: (facts: RetentionFacts): RetentionExplanation => explain(facts, deps.policies, deps.clock.now()),

    /** See `archiveDocument`: idempotent, locked and durable when it returns. */
    archiveDocument: (request: ArchiveRequest) => archiveDocument(deps, request),

    /**
     * The record learned facts (a death, an accident, its discharge): its date and that of all its objects grow accordingly.
     * Durable in the database when it returns; `failed` names objects whose store lock `keepLocks` must bring up later.
     * @throws POLICY_CHANGED.
     */
    async raiseRetention(about: {
      facilityId: string;
      recordId: string;
      facts: RetentionFacts;
      actor: AuditActor;
    }): Promise<RecordRetention & { readonly enforcement: Enforcement }> {
      await deciding(deps, (tx) => decide(deps, tx, about));
      const enforcement = await enforceLocks(deps, { recordId: about.recordId });
      const retention = await findRetention(db, about.facilityId, about.recordId);
      if (retention === undefined) throw new TypeError('a decision was not stored');
      return { ...retention, enforcement };
    },

    /** What the record is promised, with every step that led there, oldest first; undefined: nothing was decided yet. */
    async retentionOf(
      facilityId: string,
      recordId: string,
    ): Promise<(RecordRetention & { readonly steps: readonly RetentionStep[] }) | undefined> {
      const retention = await findRetention(db, facilityId, recordId);
      if (retention === undefined) return undefined;
      return { ...retention, steps: await listSteps(db, facilityId, recordId) };
    },

    /** See `findArchived`: object and receipt, without the bytes. */
    findArchived: (at: { facilityId: string; documentId: string; n?: number }) => findArchived(deps, at),

    /** See `fetchArchived`: bytes whose digest was just checked; audited. */
    fetchArchived: (at: Parameters<typeof fetchArchived>[1]) => fetchArchived(deps, at),

    /** See `keepLocks`: for a daily sweeper. */
    keepLocks: (facilityId: string, actor: AuditActor, isStopping?: () => boolean) =>
      keepLocks(deps, facilityId, actor, isStopping),

    /** See `sweep`: for an hourly sweeper, one at a time. */
    sweep: (options?: SweepOptions) => sweep(deps, options),

    /** What the sweeps found and what has not ended, at most 500: those that nobody has decided about first, and oldest first. */
    listFindings: (facilityId?: string): Promise<ArchiveFinding[]> => openFindings(db, { facilityId, most: 500 }),

    /** See `decideFinding`: a person says what becomes of a version that nobody registered. */
    decideFinding: (request: DecisionRequest): Promise<ArchiveFinding> => decideFinding(deps, request),

    /** How many findings are open that nobody has decided about, by kind: for measures and readiness. */
    openFindings: async (): Promise<{ readonly kind: ArchiveProblem; readonly count: number }[]> =>
      (await countOpenFindings(db)).map(({ problem, count }) => ({ kind: problem, count })),

    /** See `fsck`. */
    fsck: (scope?: { facilityId?: string }): Promise<FsckReport> => fsck(deps, scope),
  };
}
