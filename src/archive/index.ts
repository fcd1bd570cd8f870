/** The archive: how long a record is kept and why, its locked objects, and whether they are still what they were. */

export type { ArchiveProblem, FindingDecision } from '../platform/db/index.ts';
export { type Archive, createArchive } from './archive.ts';
export { type ArchivedObject, type ArchiveRequest, type ArchiveResult, archiveKey } from './archive-object.ts';
export type { FsckFinding, FsckReport } from './fsck.ts';
export * from './policy/index.ts';
export { ARCHIVE_PROBLEM_WORDS } from './problem-words.ts';
export type { ArchiveReceipt } from './receipt.ts';
export { registeredObjects } from './registered.ts';
export type { Enforcement, RecordRetention, RetentionStep } from './retention/index.ts';
export type { ArchiveFinding, DecisionRequest, SweepOptions, SweepReport } from './sweep/index.ts';
