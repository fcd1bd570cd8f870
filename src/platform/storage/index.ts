/** Where bytes live: the write-once archive (a port: filesystem and S3) and the work store before it. */
export { createFilesystemArchive, type FilesystemArchive } from './filesystem-archive.ts';
export { createFilesystemWorkStore } from './filesystem-work-store.ts';
export type { ListedVersion, ListedWork, ObjectStore, PutOptions, StoredObject, WorkStore } from './object-store.ts';
export { openStores, type StorePlace, type Stores } from './open-stores.ts';
export { createS3Archive, type S3ArchiveDeps } from './s3/archive.ts';
export {
  assertBucketsFit,
  type BucketFinding,
  type BucketProblem,
  type PrepareOptions,
  prepareBuckets,
} from './s3/buckets.ts';
export {
  createS3Client,
  type S3Answer,
  type S3Client,
  type S3ClientOptions,
  type S3Request,
  type S3Settings,
} from './s3/client.ts';
export { prepareMinioAccount } from './s3/minio-account.ts';
export { createS3WorkStore } from './s3/work-store.ts';
