/** The two stores of an installation, wherever its settings put them. */
import { join } from 'node:path';
import type { Clock, Log } from '../../shared/index.ts';
import { createFilesystemArchive } from './filesystem-archive.ts';
import { createFilesystemWorkStore } from './filesystem-work-store.ts';
import type { ObjectStore, WorkStore } from './object-store.ts';
import { createS3Archive } from './s3/archive.ts';
import { createS3Client, type S3Client, type S3Settings } from './s3/client.ts';
import { createS3WorkStore } from './s3/work-store.ts';

export interface StorePlace {
  /** Buckets; absent: folders in the data directory. */
  readonly s3?: S3Settings | undefined;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Set the immutable flag on archived files where the system allows it. Default false. */
  readonly immutableFlag?: boolean | undefined;
}

/** An owned resource: who opens it closes it. */
export interface Stores {
  readonly archive: ObjectStore;
  readonly work: WorkStore;
  /** The connection beneath, where the stores are buckets. */
  readonly client?: S3Client;
  close(): void;
}

/** Folders are made on first use; buckets are there already (`prepareBuckets`) and asked nothing yet. */
export async function openStores({ s3, dataDir, clock, log, immutableFlag = false }: StorePlace): Promise<Stores> {
  if (s3 !== undefined) {
    const client = createS3Client(s3);
    return {
      archive: createS3Archive(s3, { client, clock, log }),
      work: createS3WorkStore(s3, { client }),
      client,
      close: client.close,
    };
  }
  const [archive, work] = await Promise.all([
    createFilesystemArchive({ directory: join(dataDir, 'archive'), clock, useImmutableFlag: immutableFlag, log }),
    createFilesystemWorkStore({ directory: join(dataDir, 'work') }),
  ]);
  return { archive, work, close: () => undefined };
}
