/** SQL of retention and archive objects. */
import { sql } from 'kysely';
import {
  type ArchiveObjectTable,
  type Db,
  type RecordRetentionTable,
  type RetentionStepTable,
  type Tx,
  writeTogether,
} from '../platform/db/index.ts';
import type {
  PolicyReference,
  RetentionExplanation,
  RetentionFacts,
  RetentionHold,
  RetentionPolicy,
  RetentionState,
} from './policy/index.ts';

export interface RetentionRow {
  readonly recordId: string;
  readonly facilityId: string;
  readonly state: RetentionState;
  readonly class: string;
  readonly retainUntil: Date;
  readonly hold: RetentionHold | undefined;
  readonly facts: RetentionFacts;
  readonly stepId: string;
}

/**
 * One writer at a time for the retention of a record, from here to the end of the transaction; works before there is a row.
 */
export async function lockRecord(tx: Tx, recordId: string): Promise<void> {
  await tx
    .selectNoFrom((select) => {
      const name = select.fn('hashtextextended', [select.val(`retention ${recordId}`), select.val(0)]);
      return select.fn<unknown>('pg_advisory_xact_lock', [name]).as('lock');
    })
    .execute();
}

export async function findRetention(db: Db, facilityId: string, recordId: string): Promise<RetentionRow | undefined> {
  const row = await db
    .selectFrom('record_retention')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('record_id', '=', recordId)
    .executeTakeFirst();
  return row === undefined ? undefined : asRetention(row);
}

function asRetention(row: Omit<RecordRetentionTable, 'facts'> & { facts: Record<string, unknown> }): RetentionRow {
  return {
    recordId: row.record_id,
    facilityId: row.facility_id,
    state: row.state,
    class: row.class,
    retainUntil: row.retain_until,
    hold: row.hold ?? undefined,
    facts: row.facts as RetentionFacts,
    stepId: row.step_id,
  };
}

/**
 * The first decision about a record, with the transaction's other writes, which throws DOCUMENT_BUSY if somebody else's
 * came first. To be written before its step.
 */
export async function insertRetention(tx: Tx, row: RetentionRow, now: Date): Promise<void> {
  const first = tx
    .insertInto('record_retention')
    .values({ record_id: row.recordId, facility_id: row.facilityId, ...decided(row, now) })
    .onConflict((conflict) => conflict.column('record_id').doNothing());
  await writeTogether(tx, first, { refusal: 'DOCUMENT_BUSY' });
}

/** The next decision about a record that `lockRecord` has locked, with the transaction's other writes. All its objects carry the record's date. */
export async function updateRetention(tx: Tx, row: RetentionRow, now: Date): Promise<void> {
  const { recordId, retainUntil, hold } = row;
  await writeTogether(tx, tx.updateTable('record_retention').set(decided(row, now)).where('record_id', '=', recordId));
  const raised = tx
    .updateTable('archive_object')
    .set({ retain_until: retainUntil, hold: hold !== undefined })
    .where('record_id', '=', recordId);
  await writeTogether(tx, raised);
}

function decided(row: RetentionRow, now: Date) {
  return {
    state: row.state,
    class: row.class,
    retain_until: row.retainUntil,
    hold: row.hold ?? null,
    facts: JSON.stringify(row.facts),
    step_id: row.stepId,
    updated_at: now,
  };
}

/** Keeps the rule as first used. @returns the hash under which this version is on file. */
export async function fileRule(tx: Tx, facilityId: string, policy: RetentionPolicy, now: Date): Promise<string> {
  const { hash, ...rule } = policy;
  const { id, version } = policy;
  await tx
    .insertInto('retention_policy')
    .values({ facility_id: facilityId, id, version, hash, rule: JSON.stringify(rule), first_used_at: now })
    .onConflict((conflict) => conflict.columns(['facility_id', 'id', 'version']).doNothing())
    .execute();
  const filed = await tx
    .selectFrom('retention_policy')
    .select('hash')
    .where('facility_id', '=', facilityId)
    .where('id', '=', id)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return filed.hash;
}

/** An explanation as JSON keeps it: its moments are text. */
export type StoredExplanation = Omit<RetentionExplanation, 'retainUntil' | 'evaluatedAt' | 'considered'> & {
  readonly retainUntil: Date | string;
  readonly evaluatedAt: Date | string;
  readonly considered: readonly unknown[];
};

export interface StepRow {
  readonly id: string;
  readonly at: Date;
  readonly previousUntil: Date | undefined;
  readonly computedUntil: Date;
  readonly effectiveUntil: Date;
  readonly policy: PolicyReference;
  readonly explanation: StoredExplanation;
  readonly auditEntryId: string;
}

/** Appends to the steps of a record, with the transaction's other writes, which throws DOCUMENT_BUSY if somebody else's came first. */
export async function insertStep(tx: Tx, facilityId: string, recordId: string, step: StepRow): Promise<void> {
  const next = sql<number>`(SELECT coalesce(max(n), 0) + 1 FROM retention_step WHERE record_id = ${recordId})`;
  const row = tx
    .insertInto('retention_step')
    .values({
      id: step.id,
      facility_id: facilityId,
      record_id: recordId,
      n: next,
      at: step.at,
      previous_until: step.previousUntil ?? null,
      computed_until: step.computedUntil,
      effective_until: step.effectiveUntil,
      policy_id: step.policy.id,
      policy_version: step.policy.version,
      policy_hash: step.policy.hash,
      explanation: JSON.stringify(step.explanation),
      audit_entry_id: step.auditEntryId,
    })
    .onConflict((conflict) => conflict.columns(['record_id', 'n']).doNothing());
  await writeTogether(tx, row, { refusal: 'DOCUMENT_BUSY' });
}

export async function findStep(db: Db, id: string): Promise<StepRow> {
  return asStep(await db.selectFrom('retention_step').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

export async function listSteps(db: Db, facilityId: string, recordId: string): Promise<StepRow[]> {
  const rows = await db
    .selectFrom('retention_step')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('record_id', '=', recordId)
    .orderBy('n')
    .execute();
  return rows.map(asStep);
}

function asStep(row: Omit<RetentionStepTable, 'explanation'> & { explanation: Record<string, unknown> }): StepRow {
  return {
    id: row.id,
    at: row.at,
    previousUntil: row.previous_until ?? undefined,
    computedUntil: row.computed_until,
    effectiveUntil: row.effective_until,
    policy: { id: row.policy_id, version: row.policy_version, hash: row.policy_hash },
    explanation: row.explanation as unknown as StoredExplanation,
    auditEntryId: row.audit_entry_id,
  };
}

export interface ObjectRow {
  readonly id: string;
  readonly facilityId: string;
  readonly recordId: string;
  readonly documentId: string;
  readonly n: number;
  readonly store: string;
  readonly key: string;
  readonly versionId: string;
  readonly sha256: string;
  readonly size: number;
  readonly contentType: string;
  readonly retainUntil: Date;
  readonly hold: boolean;
  readonly lockedUntil: Date;
  readonly held: boolean;
  readonly stepId: string;
  readonly archivedAt: Date;
  readonly auditEntryId: string;
  readonly receipt: string;
}

/** Registers with the transaction's other writes, which throws DOCUMENT_BUSY if somebody else has registered that number. */
export async function insertObject(tx: Tx, object: ObjectRow): Promise<void> {
  const row = tx
    .insertInto('archive_object')
    .values({
      id: object.id,
      facility_id: object.facilityId,
      record_id: object.recordId,
      document_id: object.documentId,
      n: object.n,
      store: object.store,
      object_key: object.key,
      version_id: object.versionId,
      sha256: object.sha256,
      size: object.size,
      content_type: object.contentType,
      retain_until: object.retainUntil,
      hold: object.hold,
      locked_until: object.lockedUntil,
      held: object.held,
      step_id: object.stepId,
      archived_at: object.archivedAt,
      audit_entry_id: object.auditEntryId,
      receipt: object.receipt,
      checked_at: null,
    })
    .onConflict((conflict) => conflict.columns(['document_id', 'n']).doNothing());
  await writeTogether(tx, row, { refusal: 'DOCUMENT_BUSY' });
}

/** The object of that number, or (without one) the newest of the document. */
export async function findObject(
  db: Db,
  facilityId: string,
  documentId: string,
  n?: number,
): Promise<ObjectRow | undefined> {
  const all = db
    .selectFrom('archive_object')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('document_id', '=', documentId);
  const row = await (n === undefined ? all : all.where('n', '=', n)).orderBy('n', 'desc').limit(1).executeTakeFirst();
  return row === undefined ? undefined : asObject(row);
}

/** A page of objects whose id comes after `after`, by id. */
export async function pageOfObjects(
  db: Db,
  options: { facilityId: string | undefined; after: string | undefined; limit: number },
): Promise<ObjectRow[]> {
  let query = db.selectFrom('archive_object').selectAll().orderBy('id').limit(options.limit);
  if (options.facilityId !== undefined) query = query.where('facility_id', '=', options.facilityId);
  if (options.after !== undefined) query = query.where('id', '>', options.after);
  return (await query.execute()).map(asObject);
}

/** A page of objects registered before `before`, in the order of their keys: facility, document, number. */
export async function pageByPlace(
  db: Db,
  options: { facilityId: string | undefined; after: ObjectRow | undefined; before: Date; limit: number },
): Promise<ObjectRow[]> {
  const { facilityId, after, before, limit } = options;
  let query = db
    .selectFrom('archive_object')
    .selectAll()
    .where('archived_at', '<=', before)
    .orderBy('facility_id')
    .orderBy('document_id')
    .orderBy('n')
    .limit(limit);
  if (facilityId !== undefined) query = query.where('facility_id', '=', facilityId);
  if (after !== undefined) {
    const place = sql`(${after.facilityId}::uuid, ${after.documentId}::uuid, ${after.n}::integer)`;
    query = query.where(sql<boolean>`(facility_id, document_id, n) > ${place}`);
  }
  return (await query.execute()).map(asObject);
}

/**
 * Objects whose row asks for less than was once decided about their record, or than the record's own row says: triggers refuse that,
 * so somebody went around them.
 */
export async function loweredPromises(db: Db, facilityId: string | undefined): Promise<ObjectRow[]> {
  const steps = db
    .selectFrom('retention_step')
    .select((select) => ['record_id', select.fn.max('effective_until').as('until')])
    .groupBy('record_id')
    .as('decided');
  let query = db
    .selectFrom('archive_object')
    .innerJoin('record_retention', 'record_retention.record_id', 'archive_object.record_id')
    .innerJoin(steps, 'decided.record_id', 'archive_object.record_id')
    .selectAll('archive_object')
    .where((where) =>
      where.or([
        where('archive_object.retain_until', '<', where.ref('decided.until')),
        where('record_retention.retain_until', '<', where.ref('decided.until')),
        where.and([where('archive_object.hold', '=', false), where('record_retention.hold', 'is not', null)]),
      ]),
    )
    .orderBy('archive_object.id');
  if (facilityId !== undefined) query = query.where('archive_object.facility_id', '=', facilityId);
  return (await query.execute()).map(asObject);
}

export async function isRegistered(db: Db, key: string, versionId: string): Promise<boolean> {
  const row = await db
    .selectFrom('archive_object')
    .select('id')
    .where('object_key', '=', key)
    .where('version_id', '=', versionId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Objects whose lock or hold in the store lags behind what their record asks for. */
export async function listOwedLocks(db: Db, by: { recordId: string } | { facilityId: string }): Promise<ObjectRow[]> {
  const owed = db
    .selectFrom('archive_object')
    .selectAll()
    .where((where) =>
      where.or([where('locked_until', '<', where.ref('retain_until')), where('held', '<>', where.ref('hold'))]),
    );
  const rows = await ('recordId' in by
    ? owed.where('record_id', '=', by.recordId)
    : owed.where('facility_id', '=', by.facilityId)
  )
    .orderBy('id')
    .execute();
  return rows.map(asObject);
}

/** What the store was seen to enforce; a date that a slower twin saw earlier changes nothing. */
export async function noteLock(db: Db, id: string, lockedUntil: Date, held: boolean): Promise<void> {
  await db
    .updateTable('archive_object')
    .set((set) => ({ locked_until: set.fn('greatest', [set.ref('locked_until'), set.val(lockedUntil)]), held }))
    .where('id', '=', id)
    .execute();
}

/** Records under a hold whose lock ends before `before`: open episodes and permanent ones, to be rolled on. */
export async function listRollingRecords(db: Db, facilityId: string, before: Date): Promise<RetentionRow[]> {
  const rows = await db
    .selectFrom('record_retention')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('hold', 'is not', null)
    .where('retain_until', '<', before)
    .orderBy('record_id')
    .execute();
  return rows.map(asRetention);
}

export function asObject(row: ArchiveObjectTable): ObjectRow {
  return {
    id: row.id,
    facilityId: row.facility_id,
    recordId: row.record_id,
    documentId: row.document_id,
    n: row.n,
    store: row.store,
    key: row.object_key,
    versionId: row.version_id,
    sha256: row.sha256,
    size: row.size,
    contentType: row.content_type,
    retainUntil: row.retain_until,
    hold: row.hold,
    lockedUntil: row.locked_until,
    held: row.held,
    stepId: row.step_id,
    archivedAt: row.archived_at,
    auditEntryId: row.audit_entry_id,
    receipt: row.receipt,
  };
}
