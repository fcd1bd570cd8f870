/** The sweeps of the archive. Each changes nothing but its own tables and, towards a longer lock, what nobody registers. */

import type { ArchiveProblem } from '../../platform/db/index.ts';
import { AppError, toAppError } from '../../shared/index.ts';
import type { ArchiveDeps } from '../deps.ts';
import { examineObject, type Judgement } from '../examine.ts';
import { floorLock } from '../policy/index.ts';
import { type Difference, reconcile } from '../reconcile.ts';
import { enforceLock } from '../retention/index.ts';
import { loweredPromises, type ObjectRow } from '../store.ts';
import { mend, report } from './findings.ts';
import * as store from './store.ts';

export interface SweepOptions {
  /** Every object is read again after so many days. Default 30. */
  readonly fixityDays?: number;
  /** Most objects read in one round; the others wait for the next. Default: twice the share of an hour, and at least 5,000. */
  readonly most?: number;
  /** Register and store are compared after so many hours. Default 23. */
  readonly compareHours?: number;
  /** How long a version may be in the store before it must be registered. Default 60 minutes. */
  readonly graceMinutes?: number;
  /** Asked between two objects: true ends the round there, and the next one goes on. */
  readonly isStopping?: () => boolean;
}

export interface SweepReport {
  /** Objects whose bytes were read. */
  readonly read: number;
  /** Whether register and store were compared in this round. */
  readonly compared: boolean;
  /** New findings. */
  readonly found: number;
  /** Findings that have ended. */
  readonly mended: number;
}

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const OBJECT_PROBLEMS: readonly ArchiveProblem[] = [
  'mismatch',
  'could-not-read',
  'missing',
  'lock-short',
  'hold-missing',
];
const STRAY_PROBLEMS: readonly ArchiveProblem[] = ['unknown', 'surplus', 'delete-marker'];
/** Read in every round, however small the archive is. */
const LEAST_SHARE = 5000;
const PAGE = 500;
/** So many objects in a row that cannot be read all at once are the store's trouble, not theirs; those known before do not count. */
const MOST_UNREADABLE = 20;

/** One round, oldest first, over all facilities. @throws STORE_* when the store is away: then the next round goes on. */
export async function sweep(deps: ArchiveDeps, options: SweepOptions = {}): Promise<SweepReport> {
  const { fixityDays = 30, compareHours = 23, graceMinutes = 60, isStopping = () => false } = options;
  const { db } = deps.database;
  const most =
    options.most ??
    Math.max(LEAST_SHARE, Math.ceil((2 * (await store.aboutHowMany(db))) / Math.max(1, fixityDays * 24)));
  const now = deps.clock.now();
  const tally = { read: 0, found: 0, mended: 0 };

  const last = await store.lastFinished(db, 'archive-compare');
  const since = last === undefined ? Number.POSITIVE_INFINITY : now.getTime() - last.getTime();
  // A clock that was ahead for a while must not put the comparison off.
  const isDue = since < 0 || since >= compareHours * HOUR_MS;
  const compared =
    isDue &&
    (await compare(deps, tally, graceMinutes * 60_000, isStopping)) &&
    (await keepPromises(deps, tally, isStopping));
  if (compared) await store.noteFinished(db, 'archive-compare', now);
  const looked = new Set<string>();
  let unreadable = 0;
  /** @returns false if it could not be read. */
  const look = async (object: ObjectRow): Promise<boolean> => {
    if (looked.has(object.id) || isStopping()) return true;
    looked.add(object.id);
    return check(deps, object, tally);
  };
  for (const { key, versionId } of await store.longestUnseen(db, OBJECT_PROBLEMS, most)) {
    const object = await store.findByKey(db, key, versionId);
    if (object !== undefined) await look(object);
  }
  const due = new Date(now.getTime() - fixityDays * DAY_MS);
  for (let left = most; left > 0; left -= PAGE) {
    const page = await store.dueForReading(db, due, Math.min(left, PAGE));
    for (const object of page) {
      unreadable = (await look(object)) ? 0 : unreadable + 1;
      if (unreadable === MOST_UNREADABLE) throw new AppError('STORE_UNAVAILABLE');
    }
    if (page.length < PAGE || isStopping()) break;
  }
  return { compared, ...tally };
}

interface Tally {
  read: number;
  found: number;
  mended: number;
}

/** Reads one object, tells what is wrong with it, and ends what no longer is. @returns false if it could not be read. */
async function check(deps: ArchiveDeps, object: ObjectRow, tally: Tally): Promise<boolean> {
  const { content, lock } = await examineObject(deps, object);
  const unread = content?.problem === 'could-not-read' ? content.code : undefined;
  if (unread === 'STORE_UNREACHABLE' || unread === 'STORE_KEYS_REFUSED' || unread === 'STORE_CLOCK_SKEWED') {
    throw new AppError(unread);
  }
  tally.read += 1;
  const judgements: Judgement[] = content === undefined ? [...lock] : [content, ...lock];
  const promised = await store.auditedPromise(deps.database.db, object.facilityId, object.recordId);
  if (promised !== undefined && object.retainUntil < promised) judgements.push({ problem: 'promise-lowered' });
  for (const judgement of judgements) {
    const { isNew } = await report(deps, { ...foundOn(object), code: undefined, ...judgement });
    if (isNew) tally.found += 1;
  }
  const now = new Set(judgements.map(({ problem }) => problem));
  // Only what is right is locked again.
  if (content === undefined && lock.length > 0) await lockAgain(deps, object);
  const { key, versionId } = object;
  for (const open of await store.openFindings(deps.database.db, { key, versionId, problems: OBJECT_PROBLEMS })) {
    // An answer that was not to be had ends nothing.
    const isTold = open.problem === 'could-not-read' || !now.has('could-not-read');
    const isAnswered = isTold && !now.has(open.problem) && (isContent(open.problem) || !now.has('missing'));
    if (isAnswered && (await mend(deps, open))) tally.mended += 1;
  }
  await store.noteChecked(deps.database.db, object.id, deps.clock.now());
  return !now.has('could-not-read');
}

/** The alarm stands until a later look finds the lock as it should be; waiting for a person would help only whoever loosened it. */
async function lockAgain(deps: ArchiveDeps, object: ObjectRow): Promise<void> {
  try {
    await enforceLock(deps, object);
  } catch (thrown) {
    const { code } = toAppError(thrown);
    deps.log.error({ objectId: object.id, code }, 'the lock of an archive object could not be restored');
  }
}

function isContent(problem: ArchiveProblem): boolean {
  return problem === 'mismatch' || problem === 'missing' || problem === 'could-not-read';
}

/** Register ↔ store, without reading the bytes of what is there. @returns false if it was stopped before the end. */
async function compare(deps: ArchiveDeps, tally: Tally, graceMs: number, isStopping: () => boolean): Promise<boolean> {
  const { db } = deps.database;
  const begun = deps.clock.now();
  const facilities = await store.facilityIds(db);
  for await (const difference of reconcile(deps, { isStopping })) {
    if (difference.problem === 'unlisted') {
      await check(deps, difference.object, tally);
      continue;
    }
    const { problem, listed } = difference;
    const { key, versionId } = listed;
    // Of what is being archived at this moment, the registration may be on its way.
    const isFresh = deps.clock.now().getTime() - listed.storedAt.getTime() < graceMs;
    if (isFresh && problem !== 'delete-marker') continue;
    const { isNew, decision } = await report(deps, strayFinding(difference, facilities));
    if (isNew) tally.found += 1;
    if (problem !== 'delete-marker' && decision !== 'let-go') await keepLocked(deps, key, versionId);
  }
  if (isStopping()) return false;
  for (;;) {
    const gone = await store.longestUnseen(db, STRAY_PROBLEMS, PAGE, begun);
    for (const open of gone) if (await mend(deps, open)) tally.mended += 1;
    if (gone.length < PAGE) return true;
  }
}

function strayFinding(
  { problem, listed, object }: Exclude<Difference, { problem: 'unlisted' }>,
  facilities: ReadonlySet<string>,
): store.NewFinding {
  const { key, versionId } = listed;
  const facility = key.split('/')[1];
  return {
    problem,
    key,
    versionId,
    facilityId: facility !== undefined && facilities.has(facility) ? facility : undefined,
    documentId: object?.documentId,
    n: object?.n,
    code: undefined,
  };
}

function foundOn({ facilityId, key, versionId, documentId, n }: ObjectRow) {
  return { facilityId, key, versionId, documentId, n };
}

/**
 * What nobody registers may be all there is of a document whose registration hangs: its floor lock is rolled on until somebody
 * lets it go.
 */
async function keepLocked(deps: ArchiveDeps, key: string, versionId: string): Promise<void> {
  const floorDays = Math.min(...deps.policies.map((policy) => policy.floorDays));
  const now = deps.clock.now();
  try {
    const stored = await deps.store.stat(key, versionId);
    if (stored === undefined || stored.retainUntil.getTime() - now.getTime() > (floorDays * DAY_MS) / 2) return;
    await deps.store.extendRetention(key, versionId, floorLock(now, floorDays));
  } catch (thrown) {
    const { code } = toAppError(thrown);
    deps.log.warn({ key, versionId, code }, 'the lock of an unregistered version could not be rolled on');
  }
}

/** Rows that ask for less than was decided. @returns false if it was stopped before the end. */
async function keepPromises(deps: ArchiveDeps, tally: Tally, isStopping: () => boolean): Promise<boolean> {
  const { db } = deps.database;
  const keys = new Set<string>();
  for await (const object of loweredPromises(db, { isStopping })) {
    keys.add(object.key);
    const found = { ...foundOn(object), problem: 'promise-lowered' as const, code: undefined };
    if ((await report(deps, found)).isNew) tally.found += 1;
  }
  if (isStopping()) return false;
  for (const open of await store.openFindings(db, { problems: ['promise-lowered'] })) {
    if (keys.has(open.key)) continue;
    const object = await store.findByKey(db, open.key, open.versionId);
    const promised = object && (await store.auditedPromise(db, object.facilityId, object.recordId));
    const isKept = object !== undefined && (promised === undefined || object.retainUntil >= promised);
    if (isKept && (await mend(deps, open))) tally.mended += 1;
  }
  return true;
}
