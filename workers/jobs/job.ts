import type { Intent, JobName } from '../../src/platform/outbox/index.ts';

/**
 * A job is a plain function that knows no queue. It may run again after a crash, so it first looks whether its work is
 * already done. It may complete the intent in the transaction of its effect (`outbox.complete(intent, tx)`);
 * otherwise the runner completes it when the function returns. What it throws decides: again later, or stop.
 */
export type Job<Deps> = (intent: Intent, deps: Deps) => Promise<void>;

/** One function a job name. A runner takes only the intents of the jobs named here. */
export type Jobs<Deps> = Readonly<Partial<Record<JobName, Job<Deps>>>>;
