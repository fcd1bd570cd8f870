/** Can this process do its work now? Reasons for people and machines. */
export {
  clockCheck,
  databaseCheck,
  diskChecks,
  findingsCheck,
  probeCheck,
  stoppedCheck,
  timestampCheck,
  workersCheck,
  workStoreCheck,
} from './checks.ts';
export { type Check, createReadiness, LEAVING, type Readiness, type ReadinessReason } from './readiness.ts';
export { clockOf } from './store.ts';
