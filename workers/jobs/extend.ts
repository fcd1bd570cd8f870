import type { JobDeps } from './deps.ts';
import type { Job } from './job.ts';

/** Brings a sealed document to B-LTA. */
export const extend: Job<JobDeps> = (intent, { outbox, signing }) =>
  signing.extend(intent.subject, (tx) => outbox.complete(intent, tx));
