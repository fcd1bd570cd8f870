import { type AppError, type Clock, type ErrorKind, PROBLEMS, systemClock, toAppError } from '../../shared/index.ts';
import { clockAheadMs, type Database, moment, type SharedClock, type Tx } from '../db/index.ts';
import * as claims from './claims/store.ts';
import type { Bell, Intent, NewIntent, PendingIntent, StoppedIntent } from './intent.ts';
import type { JobName } from './job-name.ts';
import * as overview from './overview/store.ts';
import * as store from './store.ts';

/** `retry`: waits until `dueAt`; `stopped`: visible, until a person says again or what it lacked works; `lost`: another worker owns it now. */
export type FailureOutcome =
  | { readonly outcome: 'retry'; readonly dueAt: Date }
  | { readonly outcome: 'stopped' }
  | { readonly outcome: 'lost' };

export interface Outbox {
  /**
   * Asks for a job in the caller's transaction: both commit or neither. An idle worker hears of it after the commit.
   * The same (facility, job, subject, dedupeKey) is asked for once, however often it comes, until what was done is forgotten.
   */
  enqueue(tx: Tx, intent: NewIntent): Promise<void>;
  /**
   * Takes the next due intent of these jobs under a lease of `leaseMs`, or `undefined`. Expired leases are taken over.
   * @throws CLOCK_WRONG: what this process did would carry a wrong time, so it gets nothing.
   */
  claim(options: { worker: string; jobs: readonly JobName[]; leaseMs: number }): Promise<Intent | undefined>;
  /**
   * What a queue should be told of: due intents without a bell, or whose bell was rung `lostMs` ago or longer and nobody has
   * come; at most `most` of each job. They count as rung from now on. Workers that ask at once get different ones.
   */
  takeBells(options: { most: Readonly<Partial<Record<JobName, number>>>; lostMs: number }): Promise<Bell[]>;
  /** Takes the intent of a bell as `claim` does; `undefined` if it has been taken since, or is done. @throws CLOCK_WRONG. */
  claimRung(bell: Bell, options: { worker: string; leaseMs: number }): Promise<Intent | undefined>;
  /** Prolongs the lease. @throws LEASE_LOST when another worker has taken the intent. */
  renew(intent: Intent, leaseMs: number): Promise<void>;
  /**
   * Marks the intent done. Inside a job: pass the transaction of the effect, so that effect and completion are one.
   * Completing twice under the same fence is harmless. @throws LEASE_LOST when another worker has taken the intent.
   */
  complete(intent: Intent, tx?: Tx): Promise<void>;
  /**
   * Records a failed try and decides by the kind of the error: again later (not before its `retryAfterSeconds`), or stopped. Never throws
   * for a lost lease.
   */
  fail(intent: Intent, thrown: unknown): Promise<FailureOutcome>;
  /**
   * What this job needs of others works: tries that failed for want of it, and jobs that stopped for it, fall due now. But none
   * that was tried within the last ten seconds, or stopped within the last minute: what it lacks may be something else.
   * @returns how many.
   */
  recover(job: JobName): Promise<number>;
  /** Gives the intent back at once without counting the try (graceful stop). */
  release(intent: Intent): Promise<void>;
  /** Starts a stopped intent anew, its tries counted from zero. @returns false if it was not stopped. */
  restart(tx: Tx, facilityId: string, intentId: number): Promise<boolean>;
  /** The newest stopped intents of a facility, at most 500. */
  stopped(facilityId: string): Promise<StoppedIntent[]>;
  /** Unfinished intents about one subject, for progress display: those waiting or leased, and those that stopped. */
  about(
    facilityId: string,
    subject: string,
  ): Promise<{ readonly pending: readonly PendingIntent[]; readonly stopped: readonly StoppedIntent[] }>;
  /** Whether some intent of these jobs is leased or due, and when the earliest waiting one falls due. */
  unfinished(
    jobs: readonly JobName[],
  ): Promise<{ readonly leased: boolean; readonly due: boolean; readonly nextDue: Date | undefined }>;
  /** Forgets what was done more than `days` ago, a page at a time, until it is told to stop. @returns how many. */
  forget(days: number, isStopping?: () => boolean): Promise<number>;
  /** Frees every lease. Only for a process that alone owns the database (embedded mode), at its start. */
  voidLeases(): Promise<number>;
  /** Calls `ring` when work has been committed, by this process or another one. @returns a function that stops listening. */
  onWork(ring: () => void): Promise<() => Promise<void>>;
}

const CHANNEL = 'antin_outbox';
const MOST_TRIES = 8;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 15 * 60_000;

/**
 * How often a failure of each kind is tried in all. What another party may mend by itself is tried to the end; our own
 * mistakes a few times, since a race or a full disk may pass; what no repetition can change, once.
 */
const TRIES: Record<ErrorKind, number> = {
  upstream: MOST_TRIES,
  limited: MOST_TRIES,
  internal: 4,
  conflict: 4,
  stale: 4,
  locked: 4,
  invalid: 1,
  unauthenticated: 1,
  forbidden: 1,
  'not-found': 1,
  gone: 1,
  integrity: 1,
};

/** What others may mend: time-stamp and status services, stores, limits. Not what waits for somebody to let go of its own document. */
const CAUSES_ELSEWHERE = Object.entries(PROBLEMS)
  .filter(([code, { kind }]) => (kind === 'upstream' || kind === 'limited') && code !== 'DOCUMENT_BUSY')
  .map(([code]) => code);
const REST_AFTER_TRY_MS = 10_000;
const REST_AFTER_STOP_MS = 60_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const PAGE = 1000;

export interface OutboxDeps {
  readonly database: Database;
  readonly clock: SharedClock;
  /** By which the jobs of this process go. Default: the system's. */
  readonly ownClock?: Clock;
  /** 0 ≤ x < 1: spreads the retries of many workers. */
  readonly random?: () => number;
}

/** Durable job requests over PostgreSQL. */
export function createOutbox(deps: OutboxDeps): Outbox {
  const { database, ownClock = systemClock, random = Math.random } = deps;
  const now = (later?: number) => moment(deps.clock, later);
  // Only a bell: whoever misses it finds the row by polling. Not part of the business transaction, because PostgreSQL
  // lets transactions that notify commit only one after the other.
  const ring = (): void => void database.notify(CHANNEL).catch(() => undefined);
  const completed = new WeakSet<Intent>();
  const lease = ({ worker, leaseMs }: { worker: string; leaseMs: number }) => ({
    worker,
    now: now(),
    leaseUntil: now(leaseMs),
    aheadMs: clockAheadMs(deps.clock, ownClock),
    mostTries: MOST_TRIES,
  });
  return {
    enqueue: async (tx, intent) => {
      await store.insert(tx, intent, now());
      database.afterCommit(tx, ring);
    },
    claim: (options) => claims.claim(database.db, { jobs: options.jobs, ...lease(options) }),
    takeBells: ({ most, lostMs }) => claims.takeBells(database.db, { most, now: now(), lost: now(-lostMs) }),
    claimRung: (bell, options) => claims.claimRung(database.db, bell, lease(options)),
    renew: (intent, leaseMs) => store.renew(database.db, intent, now(leaseMs)).then(store.assertHeld),
    complete: async (intent, tx) => {
      if (completed.has(intent)) return;
      if (tx === undefined) return database.transaction((own) => store.complete(own, intent, now()));
      await store.complete(tx, intent, now());
      database.afterCommit(tx, () => completed.add(intent));
    },
    fail: async (intent, thrown) => {
      const error = toAppError(thrown);
      const cause = { code: error.code, detail: error.detail.en };
      const again = intent.attempt < TRIES[error.kind];
      const dueAt = again ? now(Math.max(pause(intent.attempt, random()), hintMs(error))) : undefined;
      const due = await database.transaction((tx) => store.recordFailure(tx, intent, { now: now(), cause, dueAt }));
      if (due === undefined) return { outcome: 'lost' };
      return again ? { outcome: 'retry', dueAt: due } : { outcome: 'stopped' };
    },
    recover: async (job) => {
      const recovered = await store.recover(database.db, {
        job,
        causes: CAUSES_ELSEWHERE,
        now: now(),
        triedBefore: now(-REST_AFTER_TRY_MS),
        stoppedBefore: now(-REST_AFTER_STOP_MS),
      });
      if (recovered > 0) ring();
      return recovered;
    },
    release: async (intent) => {
      await database.transaction((tx) => store.release(tx, intent, now()));
      ring();
    },
    restart: async (tx, facilityId, intentId) => {
      const restarted = await store.restart(tx, facilityId, intentId, now());
      if (restarted) database.afterCommit(tx, ring);
      return restarted;
    },
    stopped: (facilityId) => overview.stopped(database.db, facilityId),
    about: (facilityId, subject) => overview.about(database.db, facilityId, subject),
    unfinished: (jobs) => overview.unfinished(database.db, jobs, now()),
    forget: async (days, isStopping = () => false) => {
      let forgotten = 0;
      for (let after = 0; !isStopping(); ) {
        const page = await store.forgetPage(database.db, { after, before: now(-days * DAY_MS), limit: PAGE });
        forgotten += page.removed;
        // Numbers follow the order of asking: behind what is young nothing is old.
        if (page.last === undefined || !page.isOld) break;
        after = page.last;
      }
      return forgotten;
    },
    voidLeases: () => database.transaction((tx) => store.voidLeases(tx, now())),
    onWork: (hear) => database.listen(CHANNEL, hear),
  };
}

/** How long the error itself says that a repetition is of no use. */
function hintMs({ extra: { retryAfterSeconds } }: AppError): number {
  return typeof retryAfterSeconds === 'number' ? Math.min(LONGEST_PAUSE_MS, retryAfterSeconds * 1000) : 0;
}

/** Exponential, between half and the whole of 2 s, 4 s, 8 s …, at most 15 minutes. */
function pause(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return Math.round(whole * (0.5 + random / 2));
}
