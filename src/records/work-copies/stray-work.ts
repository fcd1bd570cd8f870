/** Bytes in the work store that no document will ask for: what the loser of a race had staged, what a crash left. */
import type { Db, SharedClock } from '../../platform/db/index.ts';
import type { WorkStore } from '../../platform/storage/index.ts';
import { present, statesOf } from './store.ts';

export interface StrayOptions {
  /** Most objects removed in one round; the others wait for the next. Default 1,000. */
  readonly most?: number;
  /** Asked between two pages: true ends the round there. */
  readonly isStopping?: () => boolean;
}

export interface StraySweep {
  /** Objects looked at. */
  readonly seen: number;
  readonly removed: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** No job and no request holds bytes back for so long before it names them. */
const AGE_MS = DAY_MS;
/** Of a document that the database does not know: after a restore these may be the last trace of one that was handed in since. */
const UNKNOWN_AGE_MS = 30 * DAY_MS;
const PAGE = 500;
/** `<facility>/<document>/<n>-<sha256>.pdf`, see `workKey`. */
const KEY = /^[0-9a-f-]{36}\/([0-9a-f-]{36})\/(\d+)-([0-9a-f]{64})\.pdf$/;

interface Candidate {
  readonly key: string;
  readonly age: number;
  readonly documentId: string;
  readonly n: number;
  readonly sha256: string;
}

/** Removes them, older than a day, for good. What is not named as we name things stays. */
export async function sweepStrayWork(
  deps: { readonly db: Db; readonly workStore: WorkStore; readonly clock: SharedClock },
  options: StrayOptions = {},
): Promise<StraySweep> {
  const { db, workStore, clock } = deps;
  const { most = 1000, isStopping = () => false } = options;
  const now = (await present(db, clock)).getTime();
  let [seen, removed] = [0, 0];
  let page: Candidate[] = [];

  const judge = async (): Promise<void> => {
    const states = await statesOf(db, [...new Set(page.map(({ documentId }) => documentId))]);
    for (const { key, age, documentId, n, sha256 } of page) {
      if (removed < most && isStray(states.get(documentId), { age, n, sha256 })) {
        await workStore.delete(key);
        removed += 1;
      }
    }
    page = [];
  };

  for await (const { key, storedAt } of workStore.list('')) {
    seen += 1;
    const [, documentId, n, sha256] = KEY.exec(key) ?? [];
    const age = now - storedAt.getTime();
    if (documentId === undefined || sha256 === undefined || age < AGE_MS) continue;
    page.push({ key, age, documentId, n: Number(n), sha256 });
    if (page.length < PAGE) continue;
    await judge();
    if (removed >= most || isStopping()) return { seen, removed };
  }
  await judge();
  return { seen, removed };
}

/** A number that is still free may be staged again with the same bytes, and so keeps what is there. */
function isStray(
  document: { readonly state: string; readonly digests: ReadonlyMap<number, string> } | undefined,
  { age, n, sha256 }: Pick<Candidate, 'age' | 'n' | 'sha256'>,
): boolean {
  if (document === undefined) return age >= UNKNOWN_AGE_MS;
  if (document.state === 'archived' || document.state === 'superseded') return true;
  const taken = document.digests.get(n);
  return taken !== undefined && taken !== sha256;
}
