/** The embedded way to run jobs: some loops in this process over the same outbox that production workers use. */
import { hostname } from 'node:os';
import type { Intent, JobName, Outbox } from '../src/platform/outbox/index.ts';
import { AppError, type Clock, type Log } from '../src/shared/index.ts';
import type { Jobs } from './jobs/job.ts';

export interface RunnerOptions<Deps> {
  readonly outbox: Outbox;
  readonly jobs: Jobs<Deps>;
  readonly deps: Deps;
  readonly clock: Clock;
  readonly log: Log;
  /** This process alone owns the database: free what a killed predecessor held. Default false. */
  readonly soleOwner?: boolean;
  /** Loops at once. Default 4. */
  readonly concurrency?: number;
  /** Default 60 s; renewed at every third of it while the job runs. */
  readonly leaseMs?: number;
  /** How long an idle loop sleeps when no bell rings. Default 1 s. */
  readonly pollMs?: number;
}

/** An owned resource: who starts it stops it. */
export interface Runner {
  /** Frees the leases of a dead process (if sole owner) and starts the loops. */
  start(): Promise<void>;
  /** Waits until no intent of these jobs is due or running. Retries that lie in the future are not waited for. */
  drain(): Promise<void>;
  /** Takes no new intent, waits for running jobs, at most `graceMs` (default 10 s); what still runs then keeps its lease. */
  stop(graceMs?: number): Promise<void>;
}

export function createInProcessRunner<Deps>(options: RunnerOptions<Deps>): Runner {
  const { outbox, clock, log, concurrency = 4, leaseMs = 60_000, pollMs = 1000 } = options;
  const names = Object.keys(options.jobs) as JobName[];
  const worker = `${hostname()}/${process.pid}`;
  const bell = createBell();
  let stopping = false;
  let loops: Promise<void>[] = [];
  let stopListening: (() => Promise<void>) | undefined;

  const loop = async (): Promise<void> => {
    while (!stopping) {
      const heard = bell.count();
      const intent = await claim();
      if (intent === undefined) await bell.wait(heard, pollMs);
      else if (stopping) await giveBack(intent);
      else await runOne(options, intent, leaseMs);
    }
  };
  const claim = async (): Promise<Intent | undefined> => {
    try {
      return await outbox.claim({ worker, jobs: names, leaseMs });
    } catch (error) {
      // The database is away: sleep like an idle loop and look again.
      log.warn({ err: error }, 'could not look for work');
      return undefined;
    }
  };

  const giveBack = (intent: Intent): Promise<void> =>
    outbox
      .release(intent)
      .catch((error) => log.warn({ err: error }, 'could not give a job back; its lease will run out'));

  return {
    start: async () => {
      if (options.soleOwner === true) {
        const freed = await outbox.voidLeases();
        if (freed > 0) log.info({ freed }, 'took over the jobs of a process that ended');
      }
      stopListening = await outbox.onWork(bell.ring);
      loops = Array.from({ length: concurrency }, loop);
    },
    drain: async () => {
      for (;;) {
        const due = await outbox.unfinished(names);
        if (!due.leased && (due.nextDue === undefined || due.nextDue > clock.now())) return;
        if (stopping) throw new Error('the runner was stopped while work was due');
        bell.ringAll();
        await sleep(10);
      }
    },
    stop: async (graceMs = 10_000) => {
      stopping = true;
      bell.ringAll();
      await within(Promise.all(loops), graceMs);
      await stopListening?.();
    },
  };
}

/** Runs one job, keeps its lease alive meanwhile, and writes down how it ended. Never throws. */
async function runOne<Deps>(options: RunnerOptions<Deps>, intent: Intent, leaseMs: number): Promise<void> {
  const { outbox } = options;
  const log = options.log.child({ job: intent.job, subject: intent.subject, intent: intent.id, try: intent.attempt });
  const renewal = setInterval(() => {
    outbox.renew(intent, leaseMs).catch((error) => log.warn({ err: error }, 'could not renew the lease'));
  }, leaseMs / 3);
  const begun = performance.now();
  try {
    const job = options.jobs[intent.job];
    if (job === undefined) throw new TypeError(`no such job: ${intent.job}`);
    await job(intent, options.deps);
    await outbox.complete(intent);
    log.info({ ms: Math.round(performance.now() - begun) }, 'job done');
  } catch (error) {
    await writeFailure(outbox, intent, error, log);
  } finally {
    clearInterval(renewal);
  }
}

async function writeFailure(outbox: Outbox, intent: Intent, error: unknown, log: Log): Promise<void> {
  if (error instanceof AppError && error.code === 'LEASE_LOST') {
    log.warn({}, 'another worker took the job over');
    return;
  }
  try {
    const decided = await outbox.fail(intent, error);
    const level = decided.outcome === 'stopped' ? 'error' : 'warn';
    log[level]({ err: error, ...decided }, 'job failed');
  } catch (unwritten) {
    // The database is away: the lease runs out and the job is tried again.
    log.error({ err: error, unwritten }, 'job failed, and the failure could not be written');
  }
}

/** A ring is one piece of work and wakes one sleeper. One between "no work found" and "asleep" is not lost: the sleeper says what it had heard. */
function createBell() {
  let rings = 0;
  const sleepers = new Set<() => void>();
  return {
    count: () => rings,
    ring: () => {
      rings += 1;
      for (const wake of sleepers) return wake();
    },
    ringAll: () => {
      rings += 1;
      for (const wake of sleepers) wake();
    },
    wait: (heard: number, milliseconds: number): Promise<void> => {
      if (heard !== rings) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          sleepers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, milliseconds);
        sleepers.add(wake);
      });
    },
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits for `work`, but not longer than `milliseconds`. */
async function within(work: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
