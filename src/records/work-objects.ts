import type { Db } from '../platform/db/index.ts';
import { workKey } from './document.ts';
import { pageOfUnarchivedRevisions } from './store.ts';

const PAGE = 1000;

/** Bytes that documents still need from the work store: every revision of those that are not archived. By document and number. */
export async function* workObjects(db: Db): AsyncIterable<{ key: string; sha256: string; size: number }> {
  let after: { documentId: string; n: number } | undefined;
  for (;;) {
    const page = await pageOfUnarchivedRevisions(db, { after, limit: PAGE });
    for (const { documentId, facilityId, n, sha256, size } of page) {
      yield { key: workKey({ facilityId, id: documentId }, n, sha256), sha256, size };
    }
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}
