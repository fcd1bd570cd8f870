/** SQL of what the sweeps find and how far they are. */
import { sql } from 'kysely';
import type { ArchiveFindingTable, ArchiveProblem, Db, FindingDecision, Tx } from '../../platform/db/index.ts';
import { newId } from '../../shared/index.ts';
import { asObject, type ObjectRow, selectObjects } from '../store.ts';

export interface FindingRow {
  readonly id: string;
  readonly facilityId: string | undefined;
  readonly problem: ArchiveProblem;
  readonly key: string;
  readonly versionId: string;
  readonly documentId: string | undefined;
  readonly n: number | undefined;
  readonly code: string | undefined;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly mendedAt: Date | undefined;
  /** What a person decided about it: then it is no alarm any more. */
  readonly decision: FindingDecision | undefined;
  readonly decidedAt: Date | undefined;
}

export type NewFinding = Pick<FindingRow, 'facilityId' | 'problem' | 'key' | 'versionId' | 'documentId' | 'n' | 'code'>;

/** @returns whether it is new; else it is known already, and was seen again now. */
export async function insertFinding(
  tx: Tx,
  found: NewFinding,
  now: Date,
): Promise<{ readonly isNew: boolean; readonly decision: FindingDecision | undefined }> {
  const inserted = await tx
    .insertInto('archive_finding')
    .values({
      id: newId(now),
      facility_id: found.facilityId ?? null,
      problem: found.problem,
      object_key: found.key,
      version_id: found.versionId,
      document_id: found.documentId ?? null,
      n: found.n ?? null,
      code: found.code ?? null,
      first_seen_at: now,
      last_seen_at: now,
      mended_at: null,
      decision: null,
      decided_at: null,
      decision_entry_id: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['object_key', 'version_id', 'problem'])
        .where('mended_at', 'is', null)
        .doUpdateSet({ last_seen_at: now, code: found.code ?? null }),
    )
    // A row that an upsert found has a locker; a new one has none.
    .returning(['decision', sql<boolean>`xmax = 0`.as('is_new')])
    .executeTakeFirstOrThrow();
  return { isNew: inserted.is_new, decision: inserted.decision ?? undefined };
}

/** @returns false if somebody else has closed it. */
export async function closeFinding(tx: Tx, id: string, now: Date): Promise<boolean> {
  const closed = await tx
    .updateTable('archive_finding')
    .set({ mended_at: now })
    .where('id', '=', id)
    .where('mended_at', 'is', null)
    .executeTakeFirst();
  return closed.numUpdatedRows === 1n;
}

/** A finding that has not ended, locked until the transaction ends: of the facility, or of none. */
export async function lockFinding(tx: Tx, facilityId: string, id: string): Promise<FindingRow | undefined> {
  const row = await tx
    .selectFrom('archive_finding')
    .selectAll()
    .where('id', '=', id)
    .where((where) => where.or([where('facility_id', '=', facilityId), where('facility_id', 'is', null)]))
    .where('mended_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : asFinding(row);
}

export async function noteDecision(
  tx: Tx,
  id: string,
  {
    decision,
    at,
    auditEntryId,
  }: { readonly decision: FindingDecision; readonly at: Date; readonly auditEntryId: string },
): Promise<FindingRow> {
  const row = await tx
    .updateTable('archive_finding')
    .set({ decision, decided_at: at, decision_entry_id: auditEntryId })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return asFinding(row);
}

/** Findings that have not ended: those that nobody has decided about first, and oldest first. */
export async function openFindings(
  db: Db,
  by: {
    readonly facilityId?: string | undefined;
    readonly problems?: readonly ArchiveProblem[];
    readonly key?: string;
    readonly versionId?: string;
    readonly most?: number;
  } = {},
): Promise<FindingRow[]> {
  let query = db.selectFrom('archive_finding').selectAll().where('mended_at', 'is', null);
  if (by.facilityId !== undefined) query = query.where('facility_id', '=', by.facilityId);
  if (by.problems !== undefined) query = query.where('problem', 'in', [...by.problems]);
  if (by.key !== undefined) query = query.where('object_key', '=', by.key);
  if (by.versionId !== undefined) query = query.where('version_id', '=', by.versionId);
  if (by.most !== undefined) query = query.limit(by.most);
  const undecidedFirst = query.orderBy(sql`decision IS NOT NULL`);
  return (await undecidedFirst.orderBy('first_seen_at').orderBy('id').execute()).map(asFinding);
}

/** Findings of these kinds that have not ended and were not seen since `before` (absent: or were), the longest unseen first. */
export async function longestUnseen(
  db: Db,
  problems: readonly ArchiveProblem[],
  most: number,
  before?: Date,
): Promise<FindingRow[]> {
  let query = db
    .selectFrom('archive_finding')
    .selectAll()
    .where('mended_at', 'is', null)
    .where('problem', 'in', [...problems]);
  if (before !== undefined) query = query.where('last_seen_at', '<', before);
  return (await query.orderBy('last_seen_at').orderBy('id').limit(most).execute()).map(asFinding);
}

/** Those about which nobody has decided. */
export async function countOpenFindings(db: Db): Promise<{ problem: ArchiveProblem; count: number }[]> {
  return db
    .selectFrom('archive_finding')
    .select(['problem', sql<number>`count(*)::integer`.as('count')])
    .where('mended_at', 'is', null)
    .where('decision', 'is', null)
    .groupBy('problem')
    .orderBy('problem')
    .execute();
}

function asFinding(row: ArchiveFindingTable): FindingRow {
  return {
    id: row.id,
    facilityId: row.facility_id ?? undefined,
    problem: row.problem,
    key: row.object_key,
    versionId: row.version_id,
    documentId: row.document_id ?? undefined,
    n: row.n ?? undefined,
    code: row.code ?? undefined,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    mendedAt: row.mended_at ?? undefined,
    decision: row.decision ?? undefined,
    decidedAt: row.decided_at ?? undefined,
  };
}

/** Objects that were last read before `before`, the longest unread first. */
export async function dueForReading(db: Db, before: Date, limit: number): Promise<ObjectRow[]> {
  const read = sql<Date>`coalesce(checked_at, archived_at)`;
  return (await selectObjects(db).where(read, '<', before).orderBy(read).limit(limit).execute()).map(asObject);
}

/** How many objects are registered, as PostgreSQL last estimated it: counting tens of millions takes too long. */
export async function aboutHowMany(db: Db): Promise<number> {
  const { rows } = await sql<{ about: number }>`
    SELECT greatest(reltuples, 0)::float8 AS about FROM pg_class WHERE oid = 'archive_object'::regclass`.execute(db);
  return rows[0]?.about ?? 0;
}

export async function facilityIds(db: Db): Promise<Set<string>> {
  const rows = await db.selectFrom('facility').select('id').execute();
  return new Set(rows.map(({ id }) => id));
}

export async function findByKey(db: Db, key: string, versionId: string): Promise<ObjectRow | undefined> {
  const row = await selectObjects(db)
    .where('object_key', '=', key)
    .where('version_id', '=', versionId)
    .executeTakeFirst();
  return row === undefined ? undefined : asObject(row);
}

export async function noteChecked(db: Db, id: string, at: Date): Promise<void> {
  await db.updateTable('archive_object').set({ checked_at: at }).where('id', '=', id).execute();
}

/** The latest date that the audit log says was promised to the record; undefined: none. */
export async function auditedPromise(db: Db, facilityId: string, recordId: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('audit_entry')
    .select(sql<string | null>`max(details->>'retainUntil')`.as('until'))
    .where('facility_id', '=', facilityId)
    .where('object_kind', '=', 'record')
    .where('object_id', '=', recordId)
    .where('action', '=', 'retention.decided')
    .executeTakeFirst();
  return row?.until ? new Date(row.until) : undefined;
}

export async function lastFinished(db: Db, name: string): Promise<Date | undefined> {
  const row = await db.selectFrom('sweep').select('finished_at').where('name', '=', name).executeTakeFirst();
  return row?.finished_at;
}

export async function noteFinished(db: Db, name: string, at: Date): Promise<void> {
  await db
    .insertInto('sweep')
    .values({ name, finished_at: at })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ finished_at: at }))
    .execute();
}
