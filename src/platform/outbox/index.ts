/** Job requests that commit with the state change that caused them, and the leases under which workers take them. */
export type { Bell, Intent, NewIntent, PendingIntent, StoppedIntent } from './intent.ts';
export type { JobName } from './job-name.ts';
export { createOutbox, type FailureOutcome, type Outbox } from './outbox.ts';
