/** Job requests that commit with the state change that caused them, and the leases under which workers take them. */
export { JOB_NAMES, type JobName } from './job-names.ts';
export {
  createOutbox,
  type FailureOutcome,
  type Intent,
  type NewIntent,
  type Outbox,
  type PendingIntent,
  type StoppedIntent,
} from './outbox.ts';
