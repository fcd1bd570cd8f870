/** What the store enforces, brought up to what records are promised. */
import type { AuditActor } from '../../platform/audit/index.ts';
import { AppError, type ProblemCode, toAppError } from '../../shared/index.ts';
import type { ArchiveDeps } from '../deps.ts';
import type { RetentionPolicy } from '../policy/index.ts';
import * as objects from '../store.ts';
import { decide, deciding } from './decide.ts';
import * as store from './store.ts';

/** What a round of enforcing did: objects brought up to date, and those that could not be (by object id, with the cause). */
export interface Enforcement {
  readonly done: number;
  readonly failed: readonly { readonly objectId: string; readonly code: ProblemCode }[];
}

/** What a round of keeping did: also records decided anew, and those about which nothing could be decided. */
export interface Keeping extends Enforcement {
  readonly records: number;
  readonly undecided: readonly { readonly recordId: string; readonly code: ProblemCode }[];
}

/** So many failures in a row are the store's trouble, and the rest must wait for the next round. */
const MOST_FAILURES_IN_A_ROW = 20;

/**
 * Makes the store enforce what the database promises, object by object; may be repeated at any time.
 * A hold goes on before, and off only after, the date is in place. One object that cannot be reached does not stop the others.
 */
export async function enforceLocks(
  deps: ArchiveDeps,
  by: { recordId: string } | { facilityId: string },
  isStopping = () => false,
): Promise<Enforcement> {
  let done = 0;
  let inARow = 0;
  const failed: { objectId: string; code: ProblemCode }[] = [];
  for await (const object of objects.owedLocks(deps.database.db, by)) {
    if (isStopping() || inARow === MOST_FAILURES_IN_A_ROW) break;
    try {
      await enforceLock(deps, object);
      done += 1;
      inARow = 0;
    } catch (thrown) {
      const { code } = toAppError(thrown);
      deps.log.error({ objectId: object.id, code }, 'the lock of an archive object could not be brought up to date');
      failed.push({ objectId: object.id, code });
      inARow += 1;
    }
  }
  return { done, failed };
}

/** Brings one object up to what its row asks for. @throws OBJECT_NOT_FOUND, what the store throws. */
export async function enforceLock(deps: ArchiveDeps, object: objects.ObjectRow): Promise<void> {
  const { key, versionId, retainUntil, hold } = object;
  let stored = await deps.store.stat(key, versionId);
  if (stored === undefined) throw new AppError('OBJECT_NOT_FOUND');
  if (hold && !stored.hold) stored = await deps.store.setHold(key, versionId, true);
  // Engines refuse dates in the past; an object whose time has run out needs no lock.
  if (stored.retainUntil < retainUntil && retainUntil > deps.clock.now()) {
    stored = await deps.store.extendRetention(key, versionId, retainUntil);
  }
  if (!hold && stored.hold) stored = await deps.store.setHold(key, versionId, false);
  const lockedUntil = retainUntil > deps.clock.now() ? stored.retainUntil : later(stored.retainUntil, retainUntil);
  await objects.noteLock(deps.database.db, object.id, lockedUntil, stored.hold);
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);

/** A permanent record is rolled on as soon as its lock ends within 30 years. */
const PERMANENT_HORIZON_YEARS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Rolls on the locks of open episodes and permanent records of a facility, then enforces whatever the store owes.
 * For a daily sweeper. One record about which nothing can be decided does not stop the others.
 */
export async function keepLocks(
  deps: ArchiveDeps,
  facilityId: string,
  actor: AuditActor,
  isStopping = () => false,
): Promise<Keeping> {
  const now = deps.clock.now();
  const permanent = new Date(now);
  permanent.setUTCFullYear(now.getUTCFullYear() + PERMANENT_HORIZON_YEARS);
  const openEpisodes = new Date(now.getTime() + halfFloor(deps.policies));
  let records = 0;
  const undecided: { recordId: string; code: ProblemCode }[] = [];
  for await (const { recordId, facts } of store.rollingRecords(deps.database.db, facilityId, {
    permanent,
    openEpisodes,
  })) {
    if (isStopping()) break;
    try {
      await deciding(deps, (tx) => decide(deps, tx, { facilityId, recordId, facts, actor }));
      records += 1;
    } catch (thrown) {
      const { code, kind } = toAppError(thrown);
      // The database is away: it says nothing about this record.
      if (kind === 'upstream') throw thrown;
      deps.log.error({ err: thrown, recordId, code }, 'the retention of a record could not be decided anew');
      undecided.push({ recordId, code });
    }
  }
  return { records, undecided, ...(await enforceLocks(deps, { facilityId }, isStopping)) };
}

/** Half of the shortest floor lock among the rules. */
function halfFloor(policies: readonly RetentionPolicy[]): number {
  return (Math.min(...policies.map(({ floorDays }) => floorDays)) * DAY_MS) / 2;
}
