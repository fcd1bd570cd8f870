/** What both runners are: the same jobs over the same outbox, run by the same code; they differ in who wakes them. */
import type { JobName, Outbox } from '../src/platform/outbox/index.ts';
import type { Log } from '../src/shared/index.ts';
import type { Jobs } from './jobs/job.ts';

/** How a try ended; `lost`: another worker has the job, or will. */
export type JobOutcome = 'done' | 'retry' | 'stopped' | 'lost';

export interface RunnerOptions<Deps> {
  readonly outbox: Outbox;
  readonly jobs: Jobs<Deps>;
  readonly deps: Deps;
  readonly log: Log;
  /** Jobs at once. Default 4. */
  readonly concurrency?: number;
  /** Default 20 s; renewed at every third of it while the job runs. What a killed worker held is taken over after it. */
  readonly leaseMs?: number;
  /** How long an idle runner sleeps when no bell rings. Default 1 s. */
  readonly pollMs?: number;
  /** Told of every try that ended, for measures. */
  readonly report?: (about: { job: JobName; outcome: JobOutcome; seconds: number }) => void;
}

/** An owned resource: who starts it stops it. */
export interface Runner {
  /** Begins to take work. */
  start(): Promise<void>;
  /** Waits until no intent of these jobs is due or running, here or elsewhere. Retries that lie in the future are not waited for. */
  drain(): Promise<void>;
  /** Takes no new intent, waits for running jobs at most `graceMs` (default 10 s) and gives back what still runs then. */
  stop(graceMs?: number): Promise<void>;
}

export const CONCURRENCY = 4;
export const LEASE_MS = 20_000;
export const POLL_MS = 1000;

export function jobNames(jobs: Jobs<never>): JobName[] {
  return Object.keys(jobs) as JobName[];
}

/** See `Runner.drain`; `ring` wakes the runner's own sleepers. */
export async function drained(outbox: Outbox, names: readonly JobName[], ring: () => void, stopped: () => boolean) {
  for (;;) {
    const { leased, due } = await outbox.unfinished(names);
    if (!leased && !due) return;
    if (stopped()) throw new Error('the runner was stopped while work was due');
    ring();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits for `work`, but not longer than `milliseconds`. @returns whether it ended in time. */
export async function within(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const { promise: deadline, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, milliseconds, false);
  try {
    return await Promise.race([work.then(() => true), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
