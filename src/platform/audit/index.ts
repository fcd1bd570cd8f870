/** Who did what to what, and why: durable with the business transaction, provable at the next checkpoint. */
export { type AuditLog, createAuditLog } from './audit-log.ts';
export type { AuditActor, AuditEntry, AuditEvent, EntryFilter, ListedEntry } from './entry.ts';
export { type LogKey, loadLogKey, readLogKey } from './log-key.ts';
export { createLogProofs, type EntryProof, type LogProofs, type LogVerdict } from './proofs.ts';
export { createSequencer, logOrigin, type Sequencer } from './sequencer.ts';
