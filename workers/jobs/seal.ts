import type { JobDeps } from './deps.ts';
import type { Job } from './job.ts';

/** Seals a document after its last person has signed. */
export const seal: Job<JobDeps> = (intent, { outbox, signing }) =>
  signing.seal(intent.subject, (tx) => outbox.complete(intent, tx));
