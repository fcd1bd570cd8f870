import type { JobDeps } from './deps.ts';
import type { Job } from './job.ts';

/** Pays time-stamps that were owed because no authority answered. */
export const timestamp: Job<JobDeps> = (intent, { outbox, signing }) =>
  signing.payTimestamp(intent.subject, (tx) => outbox.complete(intent, tx));
