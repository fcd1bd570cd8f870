/**
 * Register ↔ store, without reading a byte: both are walked in the order of the keys, side by side, so that neither has to fit
 * into memory.
 */
import type { ListedVersion } from '../platform/storage/index.ts';
import type { ArchiveDeps } from './deps.ts';
import * as store from './store.ts';

export type Difference =
  | {
      readonly problem: 'unknown' | 'surplus' | 'delete-marker';
      readonly listed: ListedVersion;
      /** The registered object of that key; absent for unknown keys. */
      readonly object?: store.ObjectRow;
    }
  /** Registered before the walk began, and not listed. To be looked at: a listing is no proof. */
  | { readonly problem: 'unlisted'; readonly object: store.ObjectRow };

const PLACE = /^v1\/([0-9a-f-]{36})\/([0-9a-f-]{36})\/[^/]+$/;

/**
 * Walks one facility, or all. Changes nothing. What is stored or registered meanwhile is no difference. Ends early when it is told to
 * stop: asked at each document, since a sound archive has no differences.
 */
export async function* reconcile(
  deps: ArchiveDeps,
  { facilityId, isStopping = () => false }: { facilityId?: string | undefined; isStopping?: () => boolean } = {},
): AsyncGenerator<Difference> {
  const { db } = deps.database;
  const register = store.objectsByPlace(db, { facilityId, before: deps.clock.now() });
  let next = await register.next();
  for await (const { place, versions } of byDocument(
    deps.store.list(facilityId === undefined ? 'v1/' : `v1/${facilityId}/`),
  )) {
    if (isStopping()) return;
    const objects: store.ObjectRow[] = [];
    while (place !== undefined && next.done !== true && placeOf(next.value) <= place) {
      if (placeOf(next.value) === place) objects.push(next.value);
      else yield { problem: 'unlisted', object: next.value };
      next = await register.next();
    }
    for (const object of objects) {
      const isListed = versions.some(({ key, versionId }) => key === object.key && versionId === object.versionId);
      if (!isListed) yield { problem: 'unlisted', object };
    }
    for (const listed of versions) {
      const object = objects.find(({ key }) => key === listed.key);
      if (listed.isDeleteMarker) yield { problem: 'delete-marker', listed, ...(object && { object }) };
      else if (object?.versionId === listed.versionId) continue;
      else if (object !== undefined) yield { problem: 'surplus', listed, object };
      else if (!(await store.isRegistered(db, listed.key, listed.versionId))) yield { problem: 'unknown', listed };
    }
  }
  while (next.done !== true && !isStopping()) {
    yield { problem: 'unlisted', object: next.value };
    next = await register.next();
  }
}

/** Consecutive versions of one document; `place` is undefined where a key names none. */
async function* byDocument(
  listing: AsyncIterable<ListedVersion>,
): AsyncGenerator<{ place: string | undefined; versions: ListedVersion[] }> {
  let place: string | undefined;
  let versions: ListedVersion[] = [];
  for await (const version of listing) {
    const [, facility, document] = PLACE.exec(version.key) ?? [];
    const here = facility === undefined ? undefined : `${facility}/${document}`;
    if ((here !== place || here === undefined) && versions.length > 0) {
      yield { place, versions };
      versions = [];
    }
    place = here;
    versions.push(version);
  }
  if (versions.length > 0) yield { place, versions };
}

const placeOf = ({ facilityId, documentId }: store.ObjectRow): string => `${facilityId}/${documentId}`;
