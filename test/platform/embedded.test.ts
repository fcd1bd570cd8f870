import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processBirth, waitForExit } from '../../src/platform/db/embedded/process.ts';
import { type Database, openDatabase } from '../../src/platform/db/index.ts';
import { insertFacility, newDataDir, temporaryFolder } from '../support/database.ts';

const isRoot = process.getuid?.() === 0;

let folder: ReturnType<typeof temporaryFolder>;
let dataDir: string;
let stateDir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  dataDir = join(folder.path, 'data');
  stateDir = join(folder.path, 'state');
});
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  folder.remove();
});

const open = () => openDatabase({ dataDir, stateDir });

interface Writer {
  readonly pid: number;
  /** Numbers whose commit it told us. */
  readonly acknowledged: number[];
  readonly ended: Promise<number | null>;
  end(signal: 'SIGTERM' | 'SIGKILL', wholeGroup?: boolean): void;
}

/** Starts a process of its own on the data directory and waits until it writes. */
async function startWriter(): Promise<Writer> {
  const script = join(import.meta.dirname, '../support/database-process.ts');
  const child = spawn(process.execPath, [script, dataDir, stateDir], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const pid = child.pid ?? 0;
  const acknowledged: number[] = [];
  const writing = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') return;
    acknowledged.push(Number(line));
    if (acknowledged.length === 50) writing.resolve();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await Promise.race([writing.promise, ended]);
  return { pid, acknowledged, ended, end: (signal, group = false) => void process.kill(group ? -pid : pid, signal) };
}

async function serverPid(): Promise<number> {
  return Number(readFileSync(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
}

async function countOf(database: Database, table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(table)}`.execute(database.db);
  return rows[0]?.n ?? -1;
}

describe('after kill -9', () => {
  test.each([
    ['the process', false],
    ['its whole group', true],
  ])('of %s, again and again, the next start loses nothing that was acknowledged', async (_, wholeGroup) => {
    dataDir = await newDataDir(folder.path);
    for (let round = 0; round < 3; round += 1) {
      const writer = await startWriter();
      const server = await serverPid();
      writer.end('SIGKILL', wholeGroup);
      await writer.ended;

      const database = await open();
      expect(processBirth(server), 'the server that lost its parent is gone').toBeUndefined();
      const { rows } = await sql<{ n: number }>`SELECT n FROM acknowledged`.execute(database.db);
      const stored = new Set(rows.map((row) => row.n));
      expect(writer.acknowledged.length).toBeGreaterThanOrEqual(50);
      expect(writer.acknowledged.filter((n) => !stored.has(n))).toEqual([]);
      const { rows: totals } = await sql<{ n: number }>`SELECT n FROM total`.execute(database.db);
      expect(totals[0]?.n, 'no half transaction').toBe(stored.size);
      await database.close();
    }
  });

  test('of the server alone, it is started again and the pool finds it', async () => {
    dataDir = await newDataDir(folder.path);
    const database = await open();
    await insertFacility(database);
    const server = await serverPid();
    process.kill(server, 'SIGKILL');
    await waitForExit(server, 10_000);
    for (;;) {
      try {
        expect(await countOf(database, 'facility')).toBe(1);
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'DATABASE_UNREACHABLE', kind: 'upstream' });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    expect(await serverPid()).not.toBe(server);
    await database.close();
  });

  test('during the very first start, a half-made database is made anew', async () => {
    mkdirSync(join(dataDir, 'postgres/data.initializing/base'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres/data.initializing/PG_VERSION'), '18\n');
    writeFileSync(join(dataDir, 'postgres/password'), 'from-the-first-try');
    const database = await open();
    expect(await countOf(database, 'facility')).toBe(0);
    await database.close();
  });
});

describe('a data directory', () => {
  test('that another process uses is refused, with its pid; after its clean end it opens', async () => {
    dataDir = await newDataDir(folder.path);
    const writer = await startWriter();
    await expect(open()).rejects.toMatchObject({
      code: 'DATA_DIR_IN_USE',
      extra: { pid: writer.pid },
      message: expect.stringContaining(String(writer.pid)),
    });
    writer.end('SIGTERM');
    expect(await writer.ended).toBe(0);
    expect(existsSync(join(dataDir, 'postgres/data/postmaster.pid'))).toBe(false);
    const database = await open();
    expect(await countOf(database, 'acknowledged')).toBe(writer.acknowledged.length);
    await database.close();
  });

  test('opens once within one process, and for one of many that start at once', async () => {
    dataDir = await newDataDir(folder.path);
    const starts = await Promise.allSettled([open(), open(), open()]);
    const opened = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    expect(opened.length).toBe(1);
    for (const start of starts) {
      if (start.status === 'rejected') expect(start.reason).toMatchObject({ code: 'DATA_DIR_IN_USE' });
    }
    await opened[0]?.close();
    await (await open()).close();
  });

  test('is not held by a lock whose pid belongs to somebody else by now, nor by a broken lock', async () => {
    dataDir = await newDataDir(folder.path);
    for (const lock of [JSON.stringify({ pid: process.ppid, birth: 'long ago' }), '', '{"pid":1}', 'garbage']) {
      writeFileSync(join(dataDir, 'antin.lock'), lock);
      await (await open()).close();
      expect(existsSync(join(dataDir, 'antin.lock'))).toBe(false);
    }
  });

  test('opens although its stale postmaster.pid names a process that is something else by now', async () => {
    dataDir = await newDataDir(folder.path);
    writeFileSync(join(dataDir, 'postgres/data/postmaster.pid'), `${process.pid}\n${dataDir}/postgres/data\n1\n5432\n`);
    await (await open()).close();
    expect(processBirth(process.pid)).toBeDefined();
  });

  test('keeps its password to its owner, and its log free of values', async () => {
    dataDir = await newDataDir(folder.path);
    const database = await open();
    const marker = 'Nguyễn-Thị-Mẫu';
    await expect(sql`SELECT ${marker}::integer`.execute(database.db)).rejects.toThrow();
    await expect(sql.raw(`SELECT '${marker}' FROM nowhere`).execute(database.db)).rejects.toThrow();
    await database.close();
    expect(statSync(join(dataDir, 'postgres/password')).mode & 0o777).toBe(0o600);
    const log = readFileSync(join(dataDir, 'postgres/postgres.log'), 'utf8');
    expect(log).toContain('database system is ready');
    expect(log.split('\n').filter((line) => line.includes(marker) && !line.includes('invalid input'))).toEqual([]);
  });

  test('of another major version is refused with both numbers', async () => {
    dataDir = await newDataDir(folder.path);
    await (await open()).close();
    writeFileSync(join(dataDir, 'postgres/data/PG_VERSION'), '17\n');
    await expect(open()).rejects.toThrow(/PostgreSQL 17.* 18/);
  });
});

describe.runIf(isRoot)('run as root', () => {
  test('the server is nobody special', async () => {
    dataDir = await newDataDir(folder.path);
    const database = await open();
    expect(statSync(`/proc/${await serverPid()}`).uid).not.toBe(0);
    await database.close();
  });

  test('below a folder that only root may enter, the database lives in the state directory and is found again', async () => {
    const closed = join(folder.path, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    dataDir = join(closed, 'data');
    const first = await open();
    await insertFacility(first);
    await first.close();
    const home = readFileSync(join(dataDir, 'postgres/location'), 'utf8').trim();
    expect(home.startsWith(stateDir)).toBe(true);
    expect(existsSync(join(home, 'data/PG_VERSION'))).toBe(true);

    const second = await open();
    expect(await countOf(second, 'facility')).toBe(1);

    await second.close();

    const copy = join(closed, 'copy');
    cpSync(dataDir, copy, { recursive: true });
    await expect(openDatabase({ dataDir: copy, stateDir })).rejects.toThrow('is a copy');

    const moved = join(closed, 'moved');
    renameSync(dataDir, moved);
    const anew = await open();
    expect(await countOf(anew, 'facility')).toBe(0);
    await anew.close();
    dataDir = moved;
    const third = await open();
    expect(await countOf(third, 'facility')).toBe(1);
    await third.close();
  });
});
