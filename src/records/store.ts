/** SQL of records and documents. */

import { type Selectable, sql } from 'kysely';
import type { FormContent, RecordFacts } from '../forms/index.ts';
import { type Db, moment, type Schema, type SharedClock, type Tx, writeTogether } from '../platform/db/index.ts';
import type { ProblemCode } from '../shared/index.ts';
import type { Document, Revision, RevisionKind } from './document.ts';
import type { DocumentState } from './state.ts';

export interface RecordRow {
  readonly id: string;
  readonly number: string;
  readonly facts: RecordFacts;
  readonly createdAt: Date;
}

/** What an intake has to know before its pages are set. */
export interface Groundwork {
  /** The running number given to this document; undefined if none was asked for. */
  readonly running: number | undefined;
  /** Absent if the facility has no record of that number yet. */
  readonly record: KnownRecord | undefined;
}

export interface KnownRecord {
  readonly id: string;
  /** Changes with every change of the row, and so with every document taken in, returned or withdrawn. */
  readonly rowVersion: string;
  /** See `documentFacts`. */
  readonly facts: readonly RecordFacts[];
}

/**
 * One round trip: takes the next running number of the form and year, and tells what the record of that number is known by.
 * The number is gone for good, whatever becomes of the document: a number may be left out, but nobody waits for another's pages.
 */
export async function groundwork(
  db: Db,
  about: {
    facilityId: string;
    recordNumber: string;
    /** A document that is about to be replaced: its facts do not count. */
    except: string | undefined;
    /** Absent: the sender has numbered the document. */
    numbering: { form: string; year: number } | undefined;
  },
): Promise<Groundwork> {
  const { facilityId, numbering } = about;
  const running =
    numbering === undefined
      ? sql`SELECT NULL::integer AS last`
      : sql`
        INSERT INTO document_number (facility_id, form, year, last)
        VALUES (${facilityId}, ${numbering.form}, ${numbering.year}, 1)
        ON CONFLICT (facility_id, form, year) DO UPDATE SET last = document_number.last + 1
        RETURNING last`;
  const counting = countingFacts(db, about.except)
    .whereRef('record_id', '=', sql.ref('record.id'))
    .select(sql<RecordFacts[]>`coalesce(json_agg(document.facts ORDER BY document.id), '[]')`.as('facts'));
  const { rows } = await sql<{
    last: number | null;
    id: string | null;
    row_version: string | null;
    facts: RecordFacts[];
  }>`
    WITH running AS (${running})
    SELECT running.last, record.id, record.xmin::text AS row_version, (${counting}) AS facts
    FROM running LEFT JOIN record ON facility_id = ${facilityId} AND number = ${about.recordNumber}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new TypeError('a groundwork always answers');
  const { last, id, row_version: rowVersion, facts } = row;
  return {
    running: last ?? undefined,
    record: id === null || rowVersion === null ? undefined : { id, rowVersion, facts },
  };
}

/** Makes the record, with the transaction's other writes, which throws RECORD_CHANGED if somebody else has made it meanwhile. */
export async function insertRecord(
  tx: Tx,
  record: { id: string; facilityId: string; number: string; facts: RecordFacts; now: Date },
): Promise<void> {
  const row = tx
    .insertInto('record')
    .values({
      id: record.id,
      facility_id: record.facilityId,
      number: record.number,
      facts: JSON.stringify(record.facts),
      created_at: record.now,
    })
    .onConflict((conflict) => conflict.columns(['facility_id', 'number']).doNothing());
  await writeTogether(tx, row, { refusal: 'RECORD_CHANGED' });
}

/**
 * Sets the facts of a record that is still what it was when read, with the transaction's other writes, which throws
 * RECORD_CHANGED if it is not. Of two at once the second waits for the row and then finds it changed.
 */
export async function updateRecord(tx: Tx, known: KnownRecord, facts: RecordFacts): Promise<void> {
  const row = tx
    .updateTable('record')
    .set({ facts: JSON.stringify(facts) })
    .where('id', '=', known.id)
    .where(sql<boolean>`xmin::text = ${known.rowVersion}`);
  await writeTogether(tx, row, { refusal: 'RECORD_CHANGED' });
}

export async function findRecord(db: Db, facilityId: string, id: string): Promise<RecordRow | undefined> {
  const row = await db
    .selectFrom('record')
    .select(['id', 'number', 'facts', 'created_at'])
    .where('facility_id', '=', facilityId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : toRecord(row);
}

export async function setRecordFacts(tx: Tx, id: string, facts: RecordFacts): Promise<void> {
  await tx
    .updateTable('record')
    .set({ facts: JSON.stringify(facts) })
    .where('id', '=', id)
    .execute();
}

/**
 * Facts of the record's documents that count, in the order of intake: not those returned, withdrawn or superseded, nor one whose
 * correction is under way.
 */
export async function documentFacts(db: Db, recordId: string): Promise<RecordFacts[]> {
  const rows = await countingFacts(db).select('facts').where('record_id', '=', recordId).orderBy('id').execute();
  return rows.map((row) => row.facts as unknown as RecordFacts);
}

function countingFacts(db: Db, except?: string) {
  const counting = db
    .selectFrom('document')
    .where('state', 'not in', NO_LONGER_COUNTS)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('document as correction')
            .select('correction.id')
            .whereRef('correction.supersedes', '=', 'document.id')
            .where('correction.state', 'not in', GIVEN_UP),
        ),
      ),
    );
  return except === undefined ? counting : counting.where('id', '!=', except);
}

const GIVEN_UP: readonly DocumentState[] = ['returned', 'withdrawn'];
const NO_LONGER_COUNTS: readonly DocumentState[] = [...GIVEN_UP, 'superseded'];

/** What is asked of a document that shall be replaced; undefined if the facility has none of that id. */
export async function findReplaceable(
  db: Db,
  facilityId: string,
  id: string,
): Promise<{ form: string; recordNumber: string; state: DocumentState; corrected: boolean } | undefined> {
  const row = await db
    .selectFrom('document')
    .innerJoin('record', 'record.id', 'document.record_id')
    .select(({ exists, selectFrom }) => [
      'document.form',
      'document.state',
      'record.number',
      exists(
        selectFrom('document as correction')
          .select('correction.id')
          .whereRef('correction.supersedes', '=', 'document.id')
          .where('correction.state', 'not in', GIVEN_UP),
      ).as('corrected'),
    ])
    .where('document.facility_id', '=', facilityId)
    .where('document.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { form, number, state, corrected } = row;
  return { form, recordNumber: number, state: state as DocumentState, corrected: corrected === true };
}

/** Locks the record of a document until the transaction ends. */
export async function lockRecordById(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('record').select('id').where('id', '=', id).forUpdate().execute();
}

/** Writes a new document with its slots and its first revision, with the transaction's other writes. */
export async function insertDocument(tx: Tx, document: Document, formDigest: string): Promise<void> {
  await writeTogether(
    tx,
    tx.insertInto('document').values({
      id: document.id,
      facility_id: document.facilityId,
      record_id: document.recordId,
      form: document.form,
      form_digest: formDigest,
      number: document.number,
      title: document.title,
      content: JSON.stringify(document.content),
      facts: JSON.stringify(document.facts),
      state: document.state,
      lookup_code: document.lookupCode,
      rendition_sha256: document.renditionSha256,
      pages: document.pages,
      certify: document.certify ?? null,
      timestamps: document.timestamps,
      uploaded: document.uploaded,
      upload_verdict: document.uploadVerdict === undefined ? null : JSON.stringify(document.uploadVerdict),
      supersedes: document.supersedes ?? null,
      issued_at: document.issuedAt,
      created_at: document.createdAt,
      updated_at: document.updatedAt,
    }),
  );
  for (const revision of document.revisions) await insertRevision(tx, document.facilityId, document.id, revision);
  if (document.slots.length === 0) return;
  await writeTogether(
    tx,
    tx.insertInto('document_slot').values(
      document.slots.map((slot) => ({
        document_id: document.id,
        field: slot.field,
        facility_id: document.facilityId,
        role: slot.role,
        kind: slot.kind,
        signing_order: slot.order,
        title_vi: slot.title.vi,
        title_en: slot.title.en,
      })),
    ),
  );
}

/** Written with the transaction's other writes. @throws REVISION_STALE then, if that revision exists already (somebody else appended first). */
export async function insertRevision(
  tx: Tx,
  facilityId: string,
  documentId: string,
  revision: Revision,
): Promise<void> {
  const row = tx
    .insertInto('document_revision')
    .values({
      document_id: documentId,
      n: revision.n,
      facility_id: facilityId,
      kind: revision.kind,
      sha256: revision.sha256,
      size: revision.size,
      created_at: revision.createdAt,
    })
    .onConflict((conflict) => conflict.columns(['document_id', 'n']).doNothing());
  await writeTogether(tx, row, { refusal: 'REVISION_STALE' });
}

/**
 * Sets state and what comes with it, with the transaction's other writes. Unless the document is still in state `from` then,
 * `refusal` is thrown and nothing is written.
 */
export async function updateDocument(
  tx: Tx,
  id: string,
  from: DocumentState,
  change: { state: DocumentState; level?: string; reason?: string; now: Date },
  refusal: ProblemCode,
  version?: number,
): Promise<void> {
  const row = tx
    .updateTable('document')
    .set((set) => ({
      state: change.state,
      version: set('version', '+', 1),
      updated_at: change.now,
      ...(change.level === undefined ? {} : { level: change.level }),
      ...(change.reason === undefined ? {} : { reason: change.reason }),
    }))
    .where('id', '=', id)
    .where('state', '=', from);
  await writeTogether(tx, version === undefined ? row : row.where('version', '=', version), { refusal });
}

/** Written with the transaction's other writes. */
export async function signSlot(
  tx: Tx,
  documentId: string,
  field: string,
  signed: { clinicianId?: string; credentialId: string; at: Date; revision: number; timestamped: boolean },
): Promise<void> {
  const row = tx
    .updateTable('document_slot')
    .set({
      clinician_id: signed.clinicianId ?? null,
      credential_id: signed.credentialId,
      signed_at: signed.at,
      revision: signed.revision,
      timestamped: signed.timestamped,
    })
    .where('document_id', '=', documentId)
    .where('field', '=', field);
  await writeTogether(tx, row);
}

/** Every signature so far now has a proof of time. Written with the transaction's other writes. */
export async function settleTimestamps(tx: Tx, documentId: string): Promise<void> {
  const rows = tx
    .updateTable('document_slot')
    .set({ timestamped: true })
    .where('document_id', '=', documentId)
    .where('signed_at', 'is not', null);
  await writeTogether(tx, rows);
}

/** The newest revision of each document that is not archived, by document, from the one after `after` on. */
export async function pageOfUnarchived(
  db: Db,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<{ documentId: string; facilityId: string; n: number; sha256: string; size: number }[]> {
  let query = db
    .selectFrom('document_revision as revision')
    .innerJoin('document', 'document.id', 'revision.document_id')
    .distinctOn('revision.document_id')
    .select(['revision.document_id as documentId', 'revision.facility_id as facilityId', 'revision.n'])
    .select(['revision.sha256', 'revision.size'])
    .where('document.state', 'not in', ['archived', 'superseded'])
    .orderBy('revision.document_id')
    .orderBy('revision.n', 'desc')
    .limit(limit);
  if (after !== undefined) query = query.where('revision.document_id', '>', after);
  return query.execute();
}

/** The present, by the clock that several processes go by. */
export async function present(db: Db, clock: SharedClock): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`SELECT ${moment(clock)} AS now`.execute(db);
  return rows[0]?.now ?? new Date(0);
}

/** State of each document that exists, with the digests of its revisions by their numbers. */
export async function statesOf(
  db: Db,
  ids: readonly string[],
): Promise<Map<string, { readonly state: DocumentState; readonly digests: ReadonlyMap<number, string> }>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('document')
    .innerJoin('document_revision as revision', 'revision.document_id', 'document.id')
    .select(['document.id', 'document.state', 'revision.n', 'revision.sha256'])
    .where('document.id', 'in', [...ids])
    .execute();
  const found = new Map<string, { state: DocumentState; digests: Map<number, string> }>();
  for (const { id, state, n, sha256 } of rows) {
    const known = found.get(id) ?? { state: state as DocumentState, digests: new Map() };
    known.digests.set(n, sha256);
    found.set(id, known);
  }
  return found;
}

/** Whether the document is still what it was when read. */
export async function isCurrent(tx: Tx, { id, version }: Document): Promise<boolean> {
  const row = await tx
    .selectFrom('document')
    .select('id')
    .where('id', '=', id)
    .where('version', '=', version)
    .executeTakeFirst();
  return row !== undefined;
}

export interface DocumentFilter {
  readonly recordId?: string;
  readonly state?: DocumentState;
  /** Id of the last document of the page before. */
  readonly after?: string;
  readonly limit: number;
}

/** Newest first. Ids sort by time (UUIDv7), so the last id is the cursor. */
export async function listDocuments(db: Db, facilityId: string, filter: DocumentFilter): Promise<Document[]> {
  let query = documents(db).where('document.facility_id', '=', facilityId);
  if (filter.recordId !== undefined) query = query.where('document.record_id', '=', filter.recordId);
  if (filter.state !== undefined) query = query.where('document.state', '=', filter.state);
  if (filter.after !== undefined) query = query.where('document.id', '<', filter.after);
  const rows = await query.orderBy('document.id', 'desc').limit(filter.limit).execute();
  return rows.map(toDocument);
}

/** The document by id (of that facility; any facility if undefined: for workers) or by lookup code. */
export async function findDocument(
  db: Db,
  by: { facilityId: string | undefined; id: string } | { lookupCode: string },
): Promise<Document | undefined> {
  let query = documents(db);
  if ('lookupCode' in by) query = query.where('document.lookup_code', '=', by.lookupCode);
  else {
    query = query.where('document.id', '=', by.id);
    if (by.facilityId !== undefined) query = query.where('document.facility_id', '=', by.facilityId);
  }
  const row = await query.executeTakeFirst();
  return row === undefined ? undefined : toDocument(row);
}

/** Documents of a facility by their ids, in no order; those that it does not have are missing. */
export async function findDocuments(db: Db, facilityId: string, ids: readonly string[]): Promise<Document[]> {
  const rows = await documents(db)
    .where('document.facility_id', '=', facilityId)
    .where('document.id', '=', sql<string>`ANY(${ids}::uuid[])`)
    .execute();
  return rows.map(toDocument);
}

/** A document with its slots and revisions in one row: read often, so in one round trip. */
function documents(db: Db) {
  return db
    .selectFrom('document')
    .innerJoin('record', 'record.id', 'document.record_id')
    .selectAll('document')
    .select([
      'record.number as record_number',
      sql<JsonRow<Selectable<Schema['document_slot']>>[]>`(
        SELECT coalesce(json_agg(slot ORDER BY signing_order, field), '[]')
        FROM document_slot AS slot WHERE slot.document_id = document.id)`.as('slots'),
      sql<JsonRow<Selectable<Schema['document_revision']>>[]>`(
        SELECT coalesce(json_agg(revision ORDER BY n), '[]')
        FROM document_revision AS revision WHERE revision.document_id = document.id)`.as('revisions'),
    ]);
}

/** A row as `json_agg` gives it: moments are ISO 8601 text. */
type JsonRow<Row> = { [Column in keyof Row]: Row[Column] extends Date | null ? TextIfDate<Row[Column]> : Row[Column] };
type TextIfDate<Value> = Value extends Date ? string : Value;

function toDocument(row: Awaited<ReturnType<ReturnType<typeof documents>['executeTakeFirstOrThrow']>>): Document {
  return {
    id: row.id,
    facilityId: row.facility_id,
    recordId: row.record_id,
    recordNumber: row.record_number,
    form: row.form,
    number: row.number,
    title: row.title,
    state: row.state as DocumentState,
    lookupCode: row.lookup_code,
    renditionSha256: row.rendition_sha256,
    pages: row.pages,
    level: row.level ?? undefined,
    reason: row.reason ?? undefined,
    version: row.version,
    supersedes: row.supersedes ?? undefined,
    issuedAt: row.issued_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    slots: row.slots.map((slot) => ({
      field: slot.field,
      role: slot.role,
      kind: slot.kind,
      order: slot.signing_order,
      title: { vi: slot.title_vi, en: slot.title_en },
      clinicianId: slot.clinician_id ?? undefined,
      credentialId: slot.credential_id ?? undefined,
      signedAt: slot.signed_at === null ? undefined : new Date(slot.signed_at),
      revision: slot.revision ?? undefined,
      timestamped: slot.timestamped,
    })),
    revisions: row.revisions.map(({ n, kind, sha256, size, created_at }) => ({
      n,
      kind: kind as RevisionKind,
      sha256,
      size,
      createdAt: new Date(created_at),
    })),
    content: row.content as FormContent,
    facts: row.facts as unknown as RecordFacts,
    certify: row.certify ?? undefined,
    timestamps: row.timestamps,
    uploaded: row.uploaded,
    uploadVerdict: row.upload_verdict ?? undefined,
  };
}

function toRecord(row: { id: string; number: string; facts: Record<string, unknown>; created_at: Date }): RecordRow {
  return { id: row.id, number: row.number, facts: row.facts as unknown as RecordFacts, createdAt: row.created_at };
}
