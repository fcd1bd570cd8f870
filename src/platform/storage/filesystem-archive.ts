import type { Clock, Log } from '../../shared/index.ts';
import type { ObjectStore } from './object-store.ts';

export interface FilesystemArchive extends ObjectStore {
  /** Whether files also carry the immutable flag of the file system. */
  readonly immutableFlag: boolean;
  /** A person says that the clock is right: releases are possible again after a jump. */
  confirmClock(): Promise<void>;
}

/** Opens (creates) the archive in `directory`; sweeps files that a crash left half-written. */
export declare function createFilesystemArchive(deps: {
  directory: string;
  clock: Clock;
  log?: Log;
}): Promise<FilesystemArchive>;
