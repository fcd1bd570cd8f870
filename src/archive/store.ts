/** SQL of archive objects. */
import { sql } from 'kysely';
import { type ArchiveObjectTable, type Db, type Tx, writeTogether } from '../platform/db/index.ts';

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
}

/** Receipts are long: only who hands one out reads it. */
export interface ReceiptedObject extends ObjectRow {
  readonly receipt: string;
}

const COLUMNS = [
  'id',
  'facility_id',
  'record_id',
  'document_id',
  'n',
  'store',
  'object_key',
  'version_id',
  'sha256',
  'size',
  'content_type',
  'retain_until',
  'hold',
  'locked_until',
  'held',
  'step_id',
  'archived_at',
  'audit_entry_id',
] as const;

/** Objects without their receipts. */
export const selectObjects = (db: Db) => db.selectFrom('archive_object').select(COLUMNS);

/** Registers with the transaction's other writes, which throws DOCUMENT_BUSY if somebody else has registered that number. */
export async function insertObject(tx: Tx, object: ReceiptedObject): Promise<void> {
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
): Promise<ReceiptedObject | undefined> {
  const all = db
    .selectFrom('archive_object')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('document_id', '=', documentId);
  const row = await (n === undefined ? all : all.where('n', '=', n)).orderBy('n', 'desc').limit(1).executeTakeFirst();
  return row === undefined ? undefined : { ...asObject(row), receipt: row.receipt };
}

const PAGE = 1000;

/** Which objects to walk. */
export interface Walk {
  /** Absent: all. */
  readonly facilityId?: string | undefined;
  /** Only those registered by then. */
  readonly before?: Date;
}

/** Registered objects page by page in the order of their keys, which is that of the bytes of both ids: facility, document, number. */
export async function* objectsByPlace(db: Db, { facilityId, before }: Walk = {}): AsyncGenerator<ObjectRow, undefined> {
  let after: ObjectRow | undefined;
  for (;;) {
    let query = selectObjects(db).orderBy('facility_id').orderBy('document_id').orderBy('n').limit(PAGE);
    if (before !== undefined) query = query.where('archived_at', '<=', before);
    if (facilityId !== undefined) query = query.where('facility_id', '=', facilityId);
    if (after !== undefined) {
      const place = sql`(${after.facilityId}::uuid, ${after.documentId}::uuid, ${after.n}::integer)`;
      query = query.where(sql<boolean>`(facility_id, document_id, n) > ${place}`);
    }
    const page = (await query.execute()).map(asObject);
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return undefined;
  }
}

/**
 * Objects whose row asks for less than was once decided about their record, or than the record's own row says: triggers refuse that,
 * so somebody went around them. Ends early when it is told to stop.
 */
export async function* loweredPromises(
  db: Db,
  { facilityId, isStopping = () => false }: { facilityId?: string | undefined; isStopping?: () => boolean } = {},
): AsyncGenerator<ObjectRow> {
  let after: string | undefined;
  while (!isStopping()) {
    const records = await recordsAfter(db, facilityId, after);
    if (records.length === 0) return;
    const ofThem = selectObjects(db).where(sql<boolean>`record_id = ANY(${records}::uuid[])`);
    const lowered = await ofThem.where(IS_LOWERED).orderBy('id').execute();
    yield* lowered.map(asObject);
    after = records.at(-1);
  }
}

const IS_LOWERED = sql<boolean>`EXISTS (
  SELECT FROM record_retention AS record
  WHERE record.record_id = archive_object.record_id AND (
    NOT archive_object.hold AND record.hold IS NOT NULL
    OR least(archive_object.retain_until, record.retain_until) <
      (SELECT max(effective_until) FROM retention_step AS step WHERE step.record_id = record.record_id)
  )
)`;

async function recordsAfter(db: Db, facilityId: string | undefined, after: string | undefined): Promise<string[]> {
  let query = db.selectFrom('record_retention').select('record_id').orderBy('record_id').limit(PAGE);
  if (facilityId !== undefined) query = query.where('facility_id', '=', facilityId);
  if (after !== undefined) query = query.where('record_id', '>', after);
  return (await query.execute()).map(({ record_id }) => record_id);
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

/** Objects whose lock or hold in the store lags behind what their record asks for, page by page. */
export async function* owedLocks(db: Db, by: { recordId: string } | { facilityId: string }): AsyncGenerator<ObjectRow> {
  const owed = selectObjects(db).where(sql<boolean>`(locked_until < retain_until OR held <> hold)`);
  const ours =
    'recordId' in by ? owed.where('record_id', '=', by.recordId) : owed.where('facility_id', '=', by.facilityId);
  let after: string | undefined;
  for (;;) {
    const next = after === undefined ? ours : ours.where('id', '>', after);
    const page = (await next.orderBy('id').limit(PAGE).execute()).map(asObject);
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

/** What the store was seen to enforce; a date that a slower twin saw earlier changes nothing. */
export async function noteLock(db: Db, id: string, lockedUntil: Date, held: boolean): Promise<void> {
  await db
    .updateTable('archive_object')
    .set((set) => ({ locked_until: set.fn('greatest', [set.ref('locked_until'), set.val(lockedUntil)]), held }))
    .where('id', '=', id)
    .execute();
}

export function asObject(row: Pick<ArchiveObjectTable, (typeof COLUMNS)[number]>): ObjectRow {
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
  };
}
