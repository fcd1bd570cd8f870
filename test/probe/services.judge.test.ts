/** The services that tests, `npm run stack` and `npm run chaos` stand on: killed, they come back; their starter dead, they are gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  installed,
  type Service,
  startMinio,
  startPostgres,
  startRedis,
  startSeaweed,
} from '../../scripts/services/index.ts';
import { createS3Client } from '../../src/platform/storage/index.ts';
import { temporaryFolder } from '../support/database.ts';
import { settingsOf } from './support/probing.ts';

let folder: ReturnType<typeof temporaryFolder>;
let started: Service | undefined;
const dir = () => join(folder.path, 'service');
const keep = <S extends Service>(service: S): S => {
  started = service;
  return service;
};

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await started?.stop();
  expect(existsSync(dir())).toBe(false);
  folder.remove();
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 1_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

describe('PostgreSQL', () => {
  test('what was committed is there after a crash; fresh databases are copies of a template', async () => {
    const server = keep(await startPostgres({ dir: dir() }));
    expect(server.version).toBe(await installed('postgres'));
    await query(server.url, 'CREATE TABLE kept AS SELECT 7 AS number');
    const before = server.pid();
    await server.kill();
    expect(server.pid()).toBeUndefined();
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow();
    await server.start();
    expect(server.pid()).not.toBe(before);
    expect(await query(server.url, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
    expect(await query(server.url, "SELECT current_setting('fsync') AS fsync")).toEqual([{ fsync: 'on' }]);

    let filled = 0;
    const template = {
      name: 'one',
      fill: async (url: string) => {
        filled += 1;
        await query(url, 'CREATE TABLE made AS SELECT 1 AS number');
      },
    };
    const copies = await Promise.all([1, 2, 3].map(() => server.createDatabase(template)));
    expect(new Set(copies).size).toBe(3);
    for (const copy of copies) expect(await query(copy, 'SELECT number FROM made')).toEqual([{ number: 1 }]);
    expect(filled).toBe(1);
    await expect(query(await server.createDatabase(), 'SELECT number FROM made')).rejects.toThrow(/does not exist/);
  });
});

describe('Redis', () => {
  const open = (url: string) => new Redis(url, { retryStrategy: () => null, commandTimeout: 500, lazyConnect: true });
  const value = async (url: string) => {
    const redis = open(url);
    redis.on('error', () => undefined);
    try {
      return await redis.get('kept');
    } finally {
      redis.disconnect();
    }
  };
  const write = async (url: string) => {
    const redis = open(url);
    await redis.set('kept', 'yes');
    redis.disconnect();
  };

  test('with its file it remembers through a crash, and while paused it does not answer', async () => {
    const redis = keep(await startRedis({ dir: dir(), appendOnly: true }));
    await write(redis.url);
    redis.pause();
    await expect(value(redis.url)).rejects.toThrow(/timed out/);
    redis.resume();
    expect(await value(redis.url)).toBe('yes');
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // the file is written every second
    await redis.kill();
    await redis.start();
    expect(await value(redis.url)).toBe('yes');
  });

  test('without, it forgets', async () => {
    const redis = keep(await startRedis({ dir: dir(), appendOnly: false }));
    await write(redis.url);
    await redis.kill('SIGTERM');
    await redis.start();
    expect(await value(redis.url)).toBeNull();
  });
});

describe.each([
  ['minio', startMinio],
  ['seaweedfs', startSeaweed],
] as const)('%s', (_, start) => {
  test('an object that was acknowledged is there after a crash, on the same port', async () => {
    const store = keep(await start({ dir: dir() }));
    const { endpoint, accessKey, secretKey } = store;
    const client = createS3Client({ ...settingsOf(endpoint), accessKey, secretKey });
    await client.request({ method: 'PUT', bucket: 'kept' });
    expect(await client.request({ method: 'PUT', bucket: 'kept', key: 'a', body: 'bytes' })).toMatchObject({
      status: 200,
    });
    await store.kill();
    await store.start();
    const { status, body } = await client.request({ method: 'GET', bucket: 'kept', key: 'a' });
    expect([status, Buffer.from(body).toString()]).toEqual([200, 'bytes']);
    client.close();
  });
});

test('none outlives the process that started it, not even when that is killed', async () => {
  const services = join(import.meta.dirname, '../../scripts/services/index.ts');
  const program = `
    const { startRedis, startPostgres } = await import(${JSON.stringify(services)});
    const redis = await startRedis({ dir: ${JSON.stringify(join(folder.path, 'redis'))}, appendOnly: false });
    const postgres = await startPostgres({ dir: ${JSON.stringify(join(folder.path, 'postgres'))} });
    console.log(JSON.stringify([...redis.pids(), ...postgres.pids()]));
    setInterval(() => undefined, 1000);`;
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(starter.stdout), 'line');
  const pids: number[] = JSON.parse(String(line));
  const living = () => pids.filter((pid) => existsSync(`/proc/${pid}`));
  // Of PostgreSQL's family some members come and go.
  expect(living().length).toBeGreaterThan(2);
  starter.kill('SIGKILL');
  await expect.poll(living, { timeout: 20_000 }).toEqual([]);
});
