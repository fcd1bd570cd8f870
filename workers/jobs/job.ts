import type { Intent } from '../../src/platform/outbox/index.ts';

/**
 * A job is a plain function that knows no queue. It may run again after a crash, so it first looks whether its work is
 * already done. It may complete the intent in the transaction of its effect (`outbox.complete(intent, tx)`);
 * otherwise the runner completes it when the function returns. What it throws decides: again later, or stop.
 */
export type Job<Deps> = (intent: Intent, deps: Deps) => Promise<void>;
