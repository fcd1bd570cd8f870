/** A real S3 engine for a test file, with fresh buckets for each use of it. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { installed, type S3Service, startCeph, startMinio, startSeaweed } from '../../scripts/services/index.ts';
import { createS3Client, prepareBuckets, type S3Client, type S3Settings } from '../../src/platform/storage/index.ts';
import { temporaryFolder } from './database.ts';

export type EngineName = 'minio' | 'seaweedfs' | 'ceph';

const STARTERS = { minio: startMinio, seaweedfs: startSeaweed, ceph: startCeph };

/** Ceph takes 64 Debian packages: it is tried where it is. The others must be there. */
export const ENGINES: readonly EngineName[] = (await installed('ceph'))
  ? ['minio', 'seaweedfs', 'ceph']
  : ['minio', 'seaweedfs'];

export interface Engine {
  readonly name: EngineName;
  readonly service: S3Service;
  /** Folder of its data. */
  readonly dir: string;
  stop(): Promise<void>;
}

export async function startEngine(name: EngineName): Promise<Engine> {
  const folder = temporaryFolder();
  const dir = join(folder.path, name);
  const service = await STARTERS[name]({ dir });
  return {
    name,
    service,
    dir,
    stop: async () => {
      await service.stop();
      folder.remove();
    },
  };
}

/** Settings for two buckets of their own; nothing is made yet. */
export function newSettings({ service }: Engine, over: Partial<S3Settings> = {}): S3Settings {
  const { endpoint, region, accessKey, secretKey } = service;
  const mark = randomBytes(5).toString('hex');
  return {
    endpoint,
    region,
    accessKey,
    secretKey,
    archiveBucket: `archive-${mark}`,
    workBucket: `work-${mark}`,
    ...over,
  };
}

/** Settings whose buckets stand. */
export async function freshBuckets(engine: Engine): Promise<{ settings: S3Settings; client: S3Client }> {
  const settings = newSettings(engine);
  const client = createS3Client(settings);
  await prepareBuckets(settings, { fix: true, client });
  return { settings, client };
}
