/**
 * Starts the services of a cell before its test files and ends them afterwards. Vitest loads this once for every project, in one
 * process: cells that run together share PostgreSQL, Redis and the S3 engines.
 */
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import {
  installed,
  type PostgresService,
  type S3Service,
  type Service,
  startMinio,
  startPostgres,
  startRedis,
  startSeaweed,
} from '../../scripts/services/index.ts';
import { openDatabase } from '../../src/platform/db/index.ts';
import { type CellServices, cellOf } from './cell-name.ts';
import { temporaryFolder } from './database.ts';

interface Shared {
  readonly folder: ReturnType<typeof temporaryFolder>;
  readonly started: Map<string, Promise<Service>>;
  template?: Promise<CellServices['postgres']>;
  users: number;
}
const shop = globalThis as { antinCellServices?: Shared };

export default async function setUp(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const cell = cellOf(project.config.env?.ANTIN_TEST_CELL ?? process.env.ANTIN_TEST_CELL);
  if (cell.isDefault) return undefined;
  shop.antinCellServices ??= { folder: temporaryFolder(), started: new Map(), users: 0 };
  const shared = shop.antinCellServices;
  shared.users += 1;
  const once = <S extends Service>(name: string, start: (place: { dir: string }) => Promise<S>): Promise<S> => {
    const running = shared.started.get(name) ?? start({ dir: join(shared.folder.path, name) });
    shared.started.set(name, running);
    return running as Promise<S>;
  };
  const [postgres, s3, redis] = await Promise.all([
    cell.database === 'server'
      ? once('postgres', startPostgres).then((server) => withTemplate(shared, server))
      : undefined,
    cell.store === 's3' ? startEngine(once, cell.database === 'server' && cell.runner === 'bullmq') : undefined,
    cell.runner === 'bullmq' ? once('redis', ({ dir }) => startRedis({ dir, appendOnly: true })) : undefined,
  ]);
  project.provide('cellServices', {
    ...(postgres === undefined ? {} : { postgres }),
    ...(s3 === undefined ? {} : { s3 }),
    ...(redis === undefined ? {} : { redis: redis.url }),
  });
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete shop.antinCellServices;
    for (const service of shared.started.values()) await (await service).stop();
    shared.folder.remove();
  };
}

/**
 * The full cell runs on MinIO where it is installed, the others on SeaweedFS: so the stories are told on both.
 * `ANTIN_TEST_S3=minio|seaweedfs` decides for all.
 */
async function startEngine(
  once: (name: string, start: (place: { dir: string }) => Promise<S3Service>) => Promise<S3Service>,
  full: boolean,
): Promise<CellServices['s3']> {
  const wanted =
    process.env.ANTIN_TEST_S3 ?? (full && (await installed('minio')) !== undefined ? 'minio' : 'seaweedfs');
  const { endpoint, region, accessKey, secretKey } = await once(wanted, wanted === 'minio' ? startMinio : startSeaweed);
  return { endpoint, region, accessKey, secretKey };
}

async function withTemplate(shared: Shared, { url }: PostgresService): Promise<CellServices['postgres']> {
  shared.template ??= (async () => {
    const template = 'antin_template';
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`CREATE DATABASE ${template}`);
    await client.end();
    const place = new URL(url);
    place.pathname = `/${template}`;
    await (await openDatabase({ url: place.href })).close();
    return { url, template };
  })();
  return shared.template;
}
