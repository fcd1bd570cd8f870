/** How long a record is kept: decided, promised, and enforced by the store. */
export { type Decision, decide, deciding, isBusy, type RecordRetention, type RetentionStep } from './decide.ts';
export { type Enforcement, enforceLock, enforceLocks, keepLocks } from './locks.ts';
export { ratchet } from './ratchet.ts';
export { findRetention, listSteps, type RetentionRow } from './store.ts';
