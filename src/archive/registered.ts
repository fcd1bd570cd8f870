import type { Db } from '../platform/db/index.ts';
import type { ArchivedObject } from './archive-object.ts';
import { pageOfObjects } from './store.ts';

const PAGE = 1000;

/** Everything that is registered, by id. */
export async function* registeredObjects(db: Db): AsyncIterable<ArchivedObject> {
  let after: string | undefined;
  for (;;) {
    const page = await pageOfObjects(db, { facilityId: undefined, after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
