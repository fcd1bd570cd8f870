/** SQL about bytes that lie in the work store. */
import { sql } from 'kysely';
import { type Db, moment, type SharedClock } from '../../platform/db/index.ts';
import type { DocumentState } from '../state.ts';

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
