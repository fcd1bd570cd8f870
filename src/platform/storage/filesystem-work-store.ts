import type { WorkStore } from './object-store.ts';

/** Opens (creates) the work store in `directory`; sweeps files that a crash left half-written. */
export declare function createFilesystemWorkStore(deps: { directory: string }): Promise<WorkStore>;
