import type { JobName, Outbox } from '../src/platform/outbox/index.ts';
import type { Clock, Log } from '../src/shared/index.ts';
import type { Job } from './jobs/job.ts';

/** One function a job name. The runner takes only the intents of the jobs named here. */
export type Jobs<Deps> = Readonly<Partial<Record<JobName, Job<Deps>>>>;

export interface Runner {
  /** Frees the leases of a dead process (the embedded mode is the only owner) and starts the loops. */
  start(): Promise<void>;
  /** Waits until no intent of these jobs is due or running. Retries that lie in the future are not waited for. */
  drain(): Promise<void>;
  /** Takes no new intent, waits for running jobs, at most `graceMs` (default 10 s). */
  stop(graceMs?: number): Promise<void>;
}

export declare function createInProcessRunner<Deps>(options: {
  outbox: Outbox;
  jobs: Jobs<Deps>;
  deps: Deps;
  clock: Clock;
  log: Log;
  /** Loops at once. Default: 4. */
  concurrency?: number;
  /** Default 60 s; renewed while the job runs. */
  leaseMs?: number;
  /** How long an idle loop sleeps when no bell rings. Default 1 s. */
  pollMs?: number;
}): Runner;
