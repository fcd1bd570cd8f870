/** Where database, stores, keys and settings of a configuration lie, for commands that copy an installation. Nothing is started. */
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import type { BackupPart } from '../platform/backup/index.ts';
import type { DatabasePlace } from '../platform/db/index.ts';
import {
  createFilesystemArchive,
  createFilesystemWorkStore,
  createS3Archive,
  createS3Client,
  createS3WorkStore,
  type ObjectStore,
  type S3Settings,
  type WorkStore,
} from '../platform/storage/index.ts';
import { type Clock, silentLog } from '../shared/index.ts';
import { shipped } from './with-antin.ts';

export interface Installation {
  readonly dataDir: string;
  readonly keysDir: string;
  readonly database: DatabasePlace;
  /** Files that only the owner may read, by their names in a backup. */
  readonly secrets: readonly BackupPart[];
  /** Trust anchors, retention rules, own forms. */
  readonly settings: readonly BackupPart[];
}

export function installation(config: Config): Installation {
  const dataDir = resolve(config.DATA_DIR);
  const keysDir = config.KEYS_DIR === undefined ? join(dataDir, 'keys') : resolve(config.KEYS_DIR);
  return {
    dataDir,
    keysDir,
    database:
      config.DATABASE_URL === undefined
        ? { dataDir: join(dataDir, 'db'), stateDir: config.STATE_DIR }
        : { url: config.DATABASE_URL },
    secrets: [
      { as: 'keys', from: keysDir },
      { as: 'authority', from: join(dataDir, 'authority') },
      { as: 'demo-hospital.json', from: join(dataDir, 'demo-hospital.json') },
    ],
    settings: [
      { as: 'trust', from: resolve(config.TRUST_DIR ?? shipped('certs', 'trust')) },
      { as: 'policies', from: resolve(config.POLICIES_DIR ?? shipped('storage-policies')) },
      ...(config.FORMS_DIR === undefined ? [] : [{ as: 'forms', from: resolve(config.FORMS_DIR) }]),
    ],
  };
}

/** An owned resource. */
export interface Stores {
  readonly workStore: WorkStore;
  readonly archive: ObjectStore;
  close(): void;
}

export function s3Settings(config: Config): S3Settings | undefined {
  const { S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY } = config;
  if (S3_ENDPOINT === undefined || S3_ACCESS_KEY === undefined || S3_SECRET_KEY === undefined) return undefined;
  return {
    endpoint: S3_ENDPOINT,
    region: config.S3_REGION,
    accessKey: S3_ACCESS_KEY,
    secretKey: S3_SECRET_KEY,
    archiveBucket: config.S3_ARCHIVE_BUCKET,
    workBucket: config.S3_WORK_BUCKET,
  };
}

/** S3 where it is set, else the folders in DATA_DIR. */
export async function openStores(config: Config, clock: Clock): Promise<Stores> {
  const s3 = s3Settings(config);
  return s3 === undefined ? openFolders(config, clock) : openS3(s3, clock);
}

export function openS3(settings: S3Settings, clock: Clock): Stores {
  const client = createS3Client(settings);
  return {
    workStore: createS3WorkStore(settings, { client }),
    archive: createS3Archive(settings, { client, clock, log: silentLog }),
    close: client.close,
  };
}

export async function openFolders(config: Config, clock: Clock): Promise<Stores> {
  const dataDir = resolve(config.DATA_DIR);
  return {
    workStore: await createFilesystemWorkStore({ directory: join(dataDir, 'work') }),
    archive: await createFilesystemArchive({
      directory: join(dataDir, 'archive'),
      clock,
      useImmutableFlag: config.ARCHIVE_IMMUTABLE_FLAG ?? false,
      log: silentLog,
    }),
    close: () => undefined,
  };
}
