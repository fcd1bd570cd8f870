/**
 * The combination of stores, database and runner that `openAntin` opens, by `ANTIN_TEST_CELL` (`s3,server,bullmq`; default
 * `filesystem,embedded,in-process`). The services run once for all test files (`cell-services.ts`); each system gets a database,
 * buckets and a Redis prefix of its own, kept beside its data folder so that the same folder opens the same system again.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import type { ComposeOptions } from '../../src/compose/index.ts';
import { createS3Client, prepareBuckets, type S3Settings } from '../../src/platform/storage/index.ts';
import { type Cell, type CellServices, cellOf } from './cell-name.ts';

declare module 'vitest' {
  interface ProvidedContext {
    cellServices: CellServices;
  }
}

export const cell: Cell = cellOf(process.env.ANTIN_TEST_CELL);

/** What `compose` needs to open a system of this cell. */
export type CellPlace = Pick<ComposeOptions, 'databaseUrl' | 's3' | 'redis' | 'redisPrefix'>;

/** The place of the system with this data folder: made now, or the one it had before. */
export async function openPlace(dataDir: string): Promise<CellPlace> {
  if (cell.isDefault) return {};
  const file = join(dataDir, 'cell.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as CellPlace;
  const services = inject('cellServices');
  const mark = randomBytes(6).toString('hex');
  const place: CellPlace = {
    databaseUrl: services.postgres === undefined ? undefined : await newDatabase(services.postgres, mark),
    s3: services.s3 === undefined ? undefined : await newBuckets(services.s3, mark),
    redis: services.redis === undefined ? undefined : { url: services.redis },
    redisPrefix: `antin-${mark}`,
  };
  writeFileSync(file, JSON.stringify(place));
  return place;
}

/** The same place as settings of a process. */
export function placeInEnvironment({ databaseUrl, s3, redis }: CellPlace): Record<string, string> {
  return {
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
    ...(s3 === undefined
      ? {}
      : {
          S3_ENDPOINT: s3.endpoint,
          S3_REGION: s3.region,
          S3_ACCESS_KEY: s3.accessKey,
          S3_SECRET_KEY: s3.secretKey,
          S3_ARCHIVE_BUCKET: s3.archiveBucket,
          S3_WORK_BUCKET: s3.workBucket,
        }),
  };
}

/** Copies the migrated template: some 50 ms. */
async function newDatabase({ url, template }: { url: string; template: string }, mark: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // PostgreSQL refuses to copy a database that another session is copying.
    await client.query(`SELECT pg_advisory_lock(hashtext('copy'))`);
    await client.query(`CREATE DATABASE "antin_${mark}" TEMPLATE "${template}"`);
  } finally {
    await client.end();
  }
  const made = new URL(url);
  made.pathname = `/antin_${mark}`;
  return made.href;
}

async function newBuckets(engine: Omit<S3Settings, 'archiveBucket' | 'workBucket'>, mark: string): Promise<S3Settings> {
  const settings = { ...engine, archiveBucket: `archive-${mark}`, workBucket: `work-${mark}` };
  const client = createS3Client(settings);
  try {
    await prepareBuckets(settings, { fix: true, client });
  } finally {
    client.close();
  }
  return settings;
}
