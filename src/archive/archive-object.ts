/** Locked bytes: put once, registered once, read back with their digest checked every time. */
import type { AuditActor } from '../platform/audit/index.ts';
import type { Tx } from '../platform/db/index.ts';
import type { StoredObject } from '../platform/storage/index.ts';
import { AppError, newId, sha256Hex, toAppError } from '../shared/index.ts';
import type { ArchiveDeps } from './deps.ts';
import { explain, floorLock, mergeFacts, type RetentionFacts, shownAs } from './policy/index.ts';
import { type ArchiveReceipt, readReceipt, writeReceipt } from './receipt.ts';
import {
  type Decision,
  decide,
  deciding,
  enforceLocks,
  findRetention,
  isBusy,
  type RetentionRow,
  ratchet,
} from './retention/index.ts';
import * as store from './store.ts';

/** A registered object. `retainUntil` and `hold` are the record's; `lockedUntil` and `held` what the store enforces. */
export type ArchivedObject = store.ObjectRow;

export interface ArchiveRequest {
  readonly facilityId: string;
  readonly recordId: string;
  readonly documentId: string;
  /** Number of these bytes within the document: the revision, or a later renewal. */
  readonly n: number;
  readonly bytes: Uint8Array;
  /** The digest the caller knows the bytes by. */
  readonly sha256: string;
  /** Default `application/pdf`. */
  readonly contentType?: string;
  /** What the record is known to be, not only this document. */
  readonly facts: RetentionFacts;
  readonly actor: AuditActor;
  /**
   * State change, outbox intents, completion of the job: committed together with the registration. When the object is
   * registered already (a crash came between), it runs in a transaction of its own; so it must bear repetition.
   */
  readonly alongside?: (tx: Tx, receipt: ArchiveReceipt) => Promise<void>;
}

export interface ArchiveResult {
  readonly object: ArchivedObject;
  readonly receipt: ArchiveReceipt;
  /** The receipt as canonical JSON (RFC 8785), and its SHA-256. */
  readonly receiptText: string;
  readonly receiptSha256: string;
  /** False: these bytes were registered before. */
  readonly isNew: boolean;
}

/** Unique by ids, checkable by digest, without personal data. */
export function archiveKey(facilityId: string, documentId: string, n: number, sha256: string): string {
  return `v1/${facilityId}/${documentId}/${n}-${sha256}.pdf`;
}

/**
 * Archives the bytes of a document: idempotent by name, so it may be repeated after any crash. Order: already done? → put under
 * the short floor lock → exact date → one transaction with registration, audit entry and `alongside` → the record's other
 * objects follow a raised date. When it returns, the bytes are locked to the record's date and everything is durable.
 * @throws DIGEST_MISMATCH (bytes are not `sha256`), ARCHIVE_CONFLICT (other bytes hold this number), POLICY_CHANGED, what the store throws.
 */
export async function archiveDocument(deps: ArchiveDeps, request: ArchiveRequest, race = 1): Promise<ArchiveResult> {
  const { facilityId, recordId, documentId, n, bytes, sha256 } = request;
  if (sha256Hex(bytes) !== sha256) throw new AppError('DIGEST_MISMATCH');
  const known = await store.findObject(deps.database.db, facilityId, documentId, n);
  if (known !== undefined) return adopt(deps, known, request);

  const previous = await findRetention(deps.database.db, facilityId, recordId);
  const stored = await putLocked(deps, archiveKey(facilityId, documentId, n, sha256), request, previous);
  const isFirst = previous === undefined;
  try {
    const result = await deps.database.transaction(async (tx) =>
      register(deps, tx, request, stored, await decide(deps, tx, request, isFirst)),
    );
    if (!isFirst || isOwed(result.object, deps.clock.now())) await enforceLocks(deps, { recordId });
    return result;
  } catch (thrown) {
    if (!isBusy(thrown) || race === MOST_RACES) throw thrown;
  }
  // A twin of this job, or another document of the record, was faster: look again at what there is now.
  return archiveDocument(deps, request, race + 1);
}

const MOST_RACES = 5;

/** Whether the store enforces less than what the record asks for. */
function isOwed({ lockedUntil, held, retainUntil, hold }: ArchivedObject, now: Date): boolean {
  return held !== hold || (lockedUntil < retainUntil && retainUntil > now);
}

/** The floor lock first, so that the object is never unprotected; then the date of the record. */
async function putLocked(
  deps: ArchiveDeps,
  key: string,
  request: ArchiveRequest,
  previous: RetentionRow | undefined,
): Promise<StoredObject> {
  const now = deps.clock.now();
  const explanation = explain(mergeFacts(previous?.facts, request.facts), deps.policies, now);
  const { retainUntil, hold } = ratchet(previous, explanation);
  const floor = floorLock(now, explanation.floorDays);
  const put = await deps.store.put(key, request.bytes, {
    retainUntil: new Date(Math.min(retainUntil.getTime(), floor.getTime())),
    thenUntil: retainUntil,
    hold: hold !== undefined,
    contentType: request.contentType ?? 'application/pdf',
  });
  if (put.sha256 !== request.sha256) throw new AppError('DIGEST_MISMATCH');
  return put;
}

async function register(
  deps: ArchiveDeps,
  tx: Tx,
  request: ArchiveRequest,
  stored: StoredObject,
  decision: Decision,
): Promise<ArchiveResult> {
  const { facilityId, recordId, documentId, n } = request;
  const { promised, stepId } = decision;
  const archivedAt = deps.clock.now();
  const auditEntryId = await deps.audit.record(tx, {
    facilityId,
    actor: request.actor,
    action: 'object.archived',
    object: { kind: 'document', id: documentId },
    details: {
      record: recordId,
      n,
      store: deps.store.kind,
      objectKey: stored.key,
      objectVersion: stored.versionId,
      sha256: stored.sha256,
      size: stored.size,
      retainUntil: promised.retainUntil.toISOString(),
    },
  });
  const receipt: ArchiveReceipt = {
    type: 'antin-archive-receipt',
    version: 1,
    facility: facilityId,
    record: recordId,
    document: documentId,
    n,
    store: deps.store.kind,
    objectKey: stored.key,
    objectVersion: stored.versionId,
    sha256: stored.sha256,
    size: stored.size,
    archivedAt: archivedAt.toISOString(),
    state: promised.state,
    class: decision.class,
    retainUntil: promised.retainUntil.toISOString(),
    shownAs: shownAs(promised.state, promised.retainUntil),
    policy: decision.policy,
    legalBasis: decision.legalBasis,
    auditEntry: auditEntryId,
  };
  const written = writeReceipt(receipt);
  const object: ArchivedObject = {
    id: newId(archivedAt),
    facilityId,
    recordId,
    documentId,
    n,
    store: deps.store.kind,
    key: stored.key,
    versionId: stored.versionId,
    sha256: stored.sha256,
    size: stored.size,
    contentType: stored.contentType,
    retainUntil: promised.retainUntil,
    hold: promised.hold !== undefined,
    lockedUntil: stored.retainUntil,
    held: stored.hold,
    stepId,
    archivedAt,
    auditEntryId,
  };
  await store.insertObject(tx, { ...object, receipt: written.text });
  await request.alongside?.(tx, receipt);
  return { object, receipt, receiptText: written.text, receiptSha256: written.sha256, isNew: true };
}

/** Registered before: after the same facts the same answer; facts learned since still count, and `alongside` gets its chance. */
async function adopt(deps: ArchiveDeps, known: store.ReceiptedObject, request: ArchiveRequest): Promise<ArchiveResult> {
  if (known.sha256 !== request.sha256 || known.recordId !== request.recordId) throw new AppError('ARCHIVE_CONFLICT');
  const receipt = readReceipt(known.receipt);
  await deciding(deps, async (tx) => {
    await decide(deps, tx, request);
    await request.alongside?.(tx, receipt);
  });
  await enforceLocks(deps, { recordId: request.recordId });
  const { facilityId, documentId, n } = request;
  const { receipt: receiptText, ...object } =
    (await store.findObject(deps.database.db, facilityId, documentId, n)) ?? known;
  return { object, receipt, receiptText, receiptSha256: sha256Hex(receiptText), isNew: false };
}

/** A registered object with its receipt, or undefined. `n` absent: the newest. */
export async function findArchived(
  deps: ArchiveDeps,
  at: { facilityId: string; documentId: string; n?: number },
): Promise<Omit<ArchiveResult, 'isNew'> | undefined> {
  const row = await store.findObject(deps.database.db, at.facilityId, at.documentId, at.n);
  if (row === undefined) return undefined;
  const { receipt: receiptText, ...object } = row;
  return { object, receipt: readReceipt(receiptText), receiptText, receiptSha256: sha256Hex(receiptText) };
}

/**
 * The archived bytes, re-hashed on this very read. The reading is audited, and so is an alarm.
 * @throws NOT_ARCHIVED; DIGEST_MISMATCH, OBJECT_NOT_FOUND (both after an audit entry `object.alarm`).
 */
export async function fetchArchived(
  deps: ArchiveDeps,
  at: { facilityId: string; documentId: string; n?: number; actor: AuditActor; reason?: string },
): Promise<{ readonly object: ArchivedObject; readonly bytes: Uint8Array }> {
  const found = await findArchived(deps, at);
  if (found === undefined) throw new AppError('NOT_ARCHIVED');
  const { object } = found;
  const note = (action: string, details: Record<string, string | number>): Promise<string> =>
    deps.database.transaction((tx) =>
      deps.audit.record(tx, {
        facilityId: at.facilityId,
        actor: at.actor,
        action,
        object: { kind: 'document', id: at.documentId },
        ...(at.reason === undefined ? {} : { reason: at.reason }),
        details: { n: object.n, objectKey: object.key, objectVersion: object.versionId, ...details },
      }),
    );
  try {
    const bytes = await deps.store.get(object.key, object.versionId, object.sha256);
    await note('object.read', { sha256: object.sha256 });
    return { object, bytes };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.kind === 'integrity' || error.kind === 'not-found') {
      deps.log.error({ objectId: object.id, code: error.code }, 'an archive object is not what it was');
      await note('object.alarm', { code: error.code });
    }
    throw thrown;
  }
}
