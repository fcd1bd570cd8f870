/** Where bytes live: the write-once archive (a port: filesystem now, S3 later) and the work store before it. */
export { createFilesystemArchive, type FilesystemArchive } from './filesystem-archive.ts';
export { createFilesystemWorkStore } from './filesystem-work-store.ts';
export type { ListedVersion, ObjectStore, PutOptions, StoredObject, WorkStore } from './object-store.ts';
