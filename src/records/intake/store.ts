/** SQL of the intake. */
import { sql } from 'kysely';
import type { RecordFacts } from '../../forms/index.ts';
import {
  clockAheadMs,
  clockWrong,
  type Db,
  OWN_CLOCK_IS_RIGHT,
  type SharedClock,
  type Tx,
  writeTogether,
} from '../../platform/db/index.ts';
import type { Clock } from '../../shared/index.ts';
import type { Document } from '../document.ts';
import type { DocumentState } from '../state.ts';
import { countingFacts, GIVEN_UP, insertRevision } from '../store.ts';

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

export interface GroundworkDeps {
  readonly database: { readonly db: Db };
  readonly sharedClock: SharedClock;
  readonly clock: Clock;
}

/**
 * One round trip: takes the next running number of the form and year, and tells what the record of that number is known by.
 * The number is gone for good, whatever becomes of the document: a number may be left out, but nobody waits for another's pages.
 * @throws CLOCK_WRONG: this process would print a wrong date. No number is taken then.
 */
export async function groundwork(
  { database: { db }, sharedClock, clock }: GroundworkDeps,
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
        SELECT ${facilityId}, ${numbering.form}, ${numbering.year}, 1
        WHERE ${OWN_CLOCK_IS_RIGHT}
        ON CONFLICT (facility_id, form, year) DO UPDATE SET last = document_number.last + 1
        RETURNING last`;
  const counting = countingFacts(db, about.except)
    .whereRef('record_id', '=', sql.ref('record.id'))
    .select(sql<RecordFacts[]>`coalesce(json_agg(document.facts ORDER BY document.id), '[]')`.as('facts'));
  const { rows } = await sql<{
    ahead_ms: number;
    last: number | null;
    id: string | null;
    row_version: string | null;
    facts: RecordFacts[];
  }>`
    WITH own_clock AS (SELECT ${clockAheadMs(sharedClock, clock)} AS ahead_ms), running AS (${running})
    SELECT ahead_ms, running.last, record.id, record.xmin::text AS row_version, (${counting}) AS facts
    FROM own_clock LEFT JOIN running ON true LEFT JOIN record ON facility_id = ${facilityId} AND number = ${about.recordNumber}`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) throw new TypeError('a groundwork always answers');
  const { ahead_ms: aheadMs, last, id, row_version: rowVersion, facts } = row;
  const wrong = clockWrong(aheadMs);
  if (wrong !== undefined) throw wrong;
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
