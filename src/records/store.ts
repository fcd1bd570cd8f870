/** SQL of records and documents. */
import { type Selectable, sql } from 'kysely';
import type { FormContent, RecordFacts } from '../forms/index.ts';
import { type Db, type Schema, type Tx, writeTogether } from '../platform/db/index.ts';
import type { ProblemCode } from '../shared/index.ts';
import type { Document, Revision, RevisionKind } from './document.ts';
import type { DocumentState } from './state.ts';

export interface RecordRow {
  readonly id: string;
  readonly number: string;
  readonly facts: RecordFacts;
  readonly createdAt: Date;
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

/** The documents behind `documentFacts`; `except`: without one that is about to be replaced. */
export function countingFacts(db: Db, except?: string) {
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

/** Documents that were never finished. */
export const GIVEN_UP: readonly DocumentState[] = ['returned', 'withdrawn'];
const NO_LONGER_COUNTS: readonly DocumentState[] = [...GIVEN_UP, 'superseded'];

/** Locks the record of a document until the transaction ends. */
export async function lockRecordById(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('record').select('id').where('id', '=', id).forUpdate().execute();
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
