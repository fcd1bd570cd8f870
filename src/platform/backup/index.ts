/**
 * Copies of a whole installation, and an installation from its copy. A backup is a folder: the tables as COPY text, the work store, the
 * list of archive objects (and their bytes), keys, settings, and `SHA256SUMS` over all of it.
 */
export { type VerifiedBackup, verifyBackup } from './find-backup.ts';
export type { ArchiveLine, BackupAlarm, BackupManifest, WorkObject } from './manifest.ts';
export { movedObjects } from './moved-objects.ts';
export { noteInEveryLog } from './note.ts';
export {
  type OpenedTarget,
  type Restored,
  type RestoreOptions,
  type RestoreTarget,
  restoreBackup,
} from './restore-backup.ts';
export { refuseUnfinishedRestore } from './restore-mark.ts';
export {
  type BackupOptions,
  type BackupPart,
  type BackupSources,
  type WrittenBackup,
  writeBackup,
} from './write-backup.ts';
