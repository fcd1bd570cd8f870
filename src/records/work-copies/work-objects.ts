import type { Db } from '../../platform/db/index.ts';
import { workKey } from '../document.ts';
import { pageOfUnarchived } from './store.ts';

const PAGE = 1000;

/**
 * The bytes that documents which are not archived still need from the work store: the newest revision of each, which the earlier
 * ones are beginnings of.
 */
export async function* workObjects(db: Db): AsyncIterable<{ key: string; sha256: string; size: number }> {
  let after: string | undefined;
  for (;;) {
    const page = await pageOfUnarchived(db, { after, limit: PAGE });
    for (const { documentId, facilityId, n, sha256, size } of page) {
      yield { key: workKey({ facilityId, id: documentId }, n, sha256), sha256, size };
    }
    after = page.at(-1)?.documentId;
    if (page.length < PAGE) return;
  }
}
