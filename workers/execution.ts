import { hostname } from 'node:os';
import type { Intent, JobName, Outbox } from '../src/platform/outbox/index.ts';
import { AppError, type Log, withRequestId } from '../src/shared/index.ts';
import { CONCURRENCY, type JobOutcome, jobNames, LEASE_MS, type RunnerOptions, within } from './runner.ts';

/** How this process takes intents. */
export interface Lease {
  readonly worker: string;
  readonly leaseMs: number;
}

/** Running the jobs of intents under lease: the one place where that happens, whoever rang. An owned resource. */
export interface Execution {
  /**
   * When fewer than `concurrency` jobs run: takes an intent, runs its job, keeps its lease alive meanwhile, and writes down
   * how it ended. Never throws. @returns whether there was one.
   */
  work(take: (lease: Lease) => Promise<Intent | undefined>): Promise<boolean>;
  /** Takes nothing new, waits for what runs, at most `graceMs`, and gives back what still runs then: others may begin it at once. */
  close(graceMs: number): Promise<void>;
}

/** `clockTurned`: this process gets no jobs because its clock is wrong, or gets them again. */
export function createExecution<Deps>(
  options: RunnerOptions<Deps>,
  clockTurned: (turned: 'wrong' | 'right') => void = () => undefined,
): Execution {
  const { outbox, log, concurrency = CONCURRENCY, leaseMs = LEASE_MS } = options;
  const lease = { worker: `${hostname()}/${process.pid}`, leaseMs };
  const places = createPlaces(concurrency);
  const held = new Set<Intent>();
  const busy = new Set<Promise<boolean>>();
  let closing = false;
  let blind = false;
  let clock: 'wrong' | 'right' = 'right';
  /** Jobs that may wait for something that was away: until one of them succeeds here. At the start nothing is known. */
  const lacking = new Set(jobNames(options.jobs));

  const giveBack = (intent: Intent): Promise<void> =>
    outbox
      .release(intent)
      .catch((error) => log.warn({ err: error }, 'could not give a job back; its lease will run out'));

  const recover = async (job: JobName, outcome: JobOutcome): Promise<void> => {
    if (outcome !== 'done') lacking.add(job);
    else if (lacking.delete(job)) {
      await outbox.recover(job).then(
        (count) => count > 0 && log.info({ job, count }, 'what a job lacked works again: the others are tried now'),
        () => lacking.add(job),
      );
    }
  };

  let turns = 0;
  /** `asOf`: how often it had turned when the look began; one from before the last turn tells nothing new. */
  const seeClock = (seen: typeof clock, asOf: number, error?: unknown): void => {
    if (seen === clock || asOf !== turns) return;
    clock = seen;
    turns += 1;
    if (seen === 'wrong') log.error({ err: error }, 'this process takes no jobs until its clock is right');
    else log.info({}, 'the clock of this process is right again: it takes jobs');
    clockTurned(seen);
  };
  /** Never throws. */
  const look = async (take: (lease: Lease) => Promise<Intent | undefined>): Promise<Intent | undefined> => {
    const asOf = turns;
    try {
      const intent = await take(lease);
      blind = false;
      seeClock('right', asOf);
      return intent;
    } catch (error) {
      if (error instanceof AppError && error.code === 'CLOCK_WRONG') seeClock('wrong', asOf, error);
      else {
        // The database is away: the next look may see. Said once.
        if (!blind) log.warn({ err: error }, 'could not look for work');
        blind = true;
      }
      return undefined;
    }
  };

  const takeAndRun = async (take: (lease: Lease) => Promise<Intent | undefined>): Promise<boolean> => {
    if (closing) return false;
    const intent = await look(take);
    if (intent === undefined) return false;
    if (closing) await giveBack(intent);
    else {
      held.add(intent);
      const outcome = await withRequestId(intent.requestId, () => runOne(options, intent, leaseMs));
      held.delete(intent);
      await recover(intent.job, outcome);
    }
    return true;
  };

  return {
    work(take) {
      const done = places.use(() => takeAndRun(take)).finally(() => busy.delete(done));
      busy.add(done);
      return done;
    },
    async close(graceMs) {
      closing = true;
      if (await within(Promise.all(busy), graceMs)) return;
      for (const { job, subject, id } of held) {
        log.warn({ job, subject, intent: id }, 'a job did not end in time and is given back');
      }
      await Promise.all([...held].map(giveBack));
    },
  };
}

/** At most `count` at once; the others wait in the order of their coming. */
function createPlaces(count: number) {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async use<T>(work: () => Promise<T>): Promise<T> {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}

/** Never throws. */
async function runOne<Deps>(options: RunnerOptions<Deps>, intent: Intent, leaseMs: number): Promise<JobOutcome> {
  const { outbox } = options;
  let outcome: JobOutcome = 'done';
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
    outcome = await writeFailure(outbox, intent, error, log);
  } finally {
    clearInterval(renewal);
    options.report?.({ job: intent.job, outcome, seconds: (performance.now() - begun) / 1000 });
  }
  return outcome;
}

async function writeFailure(outbox: Outbox, intent: Intent, error: unknown, log: Log): Promise<JobOutcome> {
  if (error instanceof AppError && error.code === 'LEASE_LOST') {
    log.warn({}, 'another worker took the job over');
    return 'lost';
  }
  try {
    const decided = await outbox.fail(intent, error);
    const level = decided.outcome === 'stopped' ? 'error' : 'warn';
    log[level]({ err: error, ...decided }, 'job failed');
    return decided.outcome;
  } catch (unwritten) {
    // The database is away: the lease runs out and the job is tried again.
    log.error({ err: error, unwritten }, 'job failed, and the failure could not be written');
    return 'lost';
  }
}
