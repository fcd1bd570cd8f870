import type { Db } from '../platform/db/index.ts';
import type { ArchivedObject } from './archive-object.ts';
import { objectsByPlace } from './store.ts';

/** Everything that is registered, in the order of the keys. */
export function registeredObjects(db: Db): AsyncIterable<ArchivedObject> {
  return objectsByPlace(db);
}
