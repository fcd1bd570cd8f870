/** Snapshots of a database and databases refilled from them, also after a move. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { movedObjects } from '../../src/platform/backup/index.ts';
import {
  type Database,
  MIGRATIONS,
  type Migration,
  moveDatabase,
  openDatabase,
  type Refill,
  reachDatabase,
  refillDatabase,
  startEmbeddedServer,
  type TableShape,
  withSnapshot,
  withTransaction,
} from '../../src/platform/db/index.ts';
import { takeMissingSteps } from '../../src/platform/db/migrate.ts';
import { insertFacility, newDataDir, temporaryFolder, useServer } from '../support/database.ts';

const server = useServer();
const { emptyDatabase } = server;

const NASTY = 'tab\there, line\nbreak, \\N, \\., "quotes", ĐẶNG THỊ MẪU 🏥, \u0001';

async function askFor(database: Database, facility: string, subject: string): Promise<void> {
  const at = new Date('2026-11-27T01:02:03.456Z');
  const row = { facility_id: facility, job: 'seal', subject, dedupe_key: '', payload: JSON.stringify({ text: NASTY }) };
  const nothing = { lease_until: null, cause_code: null, cause_detail: null, finished_at: null, rung_at: null };
  await database.db
    .insertInto('outbox')
    .values({ ...row, ...nothing, due_at: at, created_at: at })
    .execute();
}

/** Takes a database into memory. */
async function take(url: string): Promise<Refill> {
  return withSnapshot(url, async ({ schema, tables, counters, copyOut }) => {
    const rows = new Map<string, Buffer[]>();
    for (const table of tables) rows.set(table.name, await copyOut(table).toArray());
    return { schema, tables, counters, rowsOf: ({ name }) => Readable.from(rows.get(name) ?? []) };
  });
}

const allRows = (url: string): Promise<unknown> =>
  withTransaction(url, async (tx) => {
    const outbox = await tx.selectFrom('outbox').selectAll().orderBy('id').execute();
    return { outbox, facilities: await tx.selectFrom('facility').selectAll().orderBy('id').execute() };
  });

describe('a snapshot', () => {
  test('refills an empty database with the same values, and its counters go on', async () => {
    const from = await emptyDatabase();
    const source = await openDatabase({ url: from });
    const facility = await insertFacility(source, NASTY);
    for (const subject of ['one', 'two', NASTY]) await askFor(source, facility, subject);
    await source.db.deleteFrom('outbox').where('subject', '=', NASTY).execute();
    const to = await emptyDatabase();
    expect(await refillDatabase(to, await take(from))).toEqual({ applied: [] });
    expect(await allRows(to)).toEqual(await allRows(from));

    const target = await openDatabase({ url: to }, { schema: 'require' });
    await askFor(target, facility, 'next');
    const ids = await target.db.selectFrom('outbox').select('id').orderBy('id').execute();
    // The number of the row that was deleted is not given again.
    expect(ids.map(({ id }) => id)).toEqual([1, 2, 4]);
    await source.close();
    await target.close();
  });

  test('is of one moment, whatever is committed while it is read', async () => {
    const url = await emptyDatabase();
    const database = await openDatabase({ url });
    const facility = await insertFacility(database);
    await askFor(database, facility, 'before');
    const seen = await withSnapshot(url, async ({ tables, copyOut, tx }) => {
      await askFor(database, facility, 'after');
      const outbox = tables.find(({ name }) => name === 'outbox') ?? expect.fail('no table outbox');
      const text = Buffer.concat(await copyOut(outbox).toArray()).toString('utf8');
      return { text, rows: await tx.selectFrom('outbox').select('subject').execute() };
    });
    expect(seen.rows).toEqual([{ subject: 'before' }]);
    expect(seen.text).toContain('before');
    expect(seen.text).not.toContain('after');
    await database.close();
  });

  test('can be taken of an older schema, and the newer one is reached when it comes back', async () => {
    const url = await emptyDatabase();
    const steps = MIGRATIONS.slice(0, 4);
    await takeSteps(url, steps);
    const kept = await take(url);
    expect(kept.schema.map(({ name }) => name)).toEqual(steps.map(({ name }) => name));
    const to = await emptyDatabase();
    expect((await refillDatabase(to, kept)).applied).toEqual(MIGRATIONS.slice(4).map(({ name }) => name));
    await (await openDatabase({ url: to }, { schema: 'require' })).close();
  });

  test('of a newer version is refused by name', async () => {
    const url = await emptyDatabase();
    await (await openDatabase({ url })).close();
    await withTransaction(url, (tx) =>
      sql`INSERT INTO migration (name, sha256) VALUES ('9999-later', 'x')`.execute(tx),
    );
    const newest = MIGRATIONS.at(-1)?.name ?? '';
    await expect(take(url)).rejects.toMatchObject({
      code: 'SCHEMA_UNKNOWN',
      extra: { database: '9999-later', program: newest },
    });
  });
});

/** As an older version left it. */
async function takeSteps(url: string, steps: readonly Migration[]): Promise<void> {
  await withTransaction(url, (tx) => takeMissingSteps(tx, steps));
}

describe('a refill', () => {
  test('is all or nothing', async () => {
    const from = await emptyDatabase();
    const source = await openDatabase({ url: from });
    await askFor(source, await insertFacility(source), 'one');
    const kept = await take(from);
    const to = await emptyDatabase();
    const cutShort = (table: TableShape): Readable =>
      table.name === 'outbox' ? Readable.from([Buffer.from('1\tnot a row\n')]) : kept.rowsOf(table);
    await expect(refillDatabase(to, { ...kept, rowsOf: cutShort })).rejects.toThrow();
    await expect(refillDatabase(to, { ...kept, tables: kept.tables.slice(1) })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    // Still empty: the next one succeeds.
    await refillDatabase(to, kept);
    await expect(refillDatabase(to, kept)).rejects.toMatchObject({ code: 'DATABASE_NOT_EMPTY' });
    await source.close();
  });

  test('lets registrations of archive objects follow their objects to another store', async () => {
    const rows = `a\tfilesystem\tv1/f/d/1-aa.pdf\told\t\\N\nb\tfilesystem\tv1/f/e/1-bb.pdf\told\t\\N\n`;
    const table = { name: 'archive_object', columns: ['id', 'store', 'object_key', 'version_id', 'x'] };
    // Cut in the middle of a line, as a stream may be.
    const parts = [rows.slice(0, 20), rows.slice(20, 70), rows.slice(70)].map((part) => Buffer.from(part));
    const moved = movedObjects(Readable.from(parts), table, 's3', new Map([['v1/f/e/1-bb.pdf', 'back\\slash']]));
    expect(Buffer.concat(await moved.toArray()).toString()).toBe(
      `a\tfilesystem\tv1/f/d/1-aa.pdf\told\t\\N\nb\ts3\tv1/f/e/1-bb.pdf\tback\\\\slash\t\\N\n`,
    );
  });
});

describe('a private database moves to a server', () => {
  test('with everything, once; the old place stays closed', async () => {
    const place = temporaryFolder();
    const dataDir = await newDataDir(place.path);
    const at = { dataDir, stateDir: place.path };
    const old = await openDatabase(at);
    const facility = await insertFacility(old, NASTY);
    await askFor(old, facility, 'one');
    const to = await emptyDatabase();
    await expect(moveDatabase({ ...at, to })).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });
    await old.close();

    const full = await emptyDatabase();
    await (await openDatabase({ url: full })).close();
    await expect(moveDatabase({ ...at, to: full })).rejects.toMatchObject({ code: 'DATABASE_NOT_EMPTY' });
    await (await openDatabase(at)).close();

    expect(await moveDatabase({ ...at, to })).toMatchObject({ to: expect.stringContaining('127.0.0.1') });
    const moved = await openDatabase({ url: to }, { schema: 'require' });
    expect(await moved.db.selectFrom('outbox').select(['subject', 'payload']).execute()).toEqual([
      { subject: 'one', payload: { text: NASTY } },
    ]);
    await moved.close();
    for (const again of [openDatabase(at), reachDatabase(at), moveDatabase({ ...at, to })]) {
      await expect(again).rejects.toMatchObject({ code: 'DATABASE_MOVED' });
    }
    const mark = readFileSync(join(dataDir, 'moved.json'), 'utf8');
    expect(mark).not.toContain(new URL(to).password);
    place.remove();
  });

  test('also when the first try ended in the middle, before or after the server had committed', async () => {
    const place = temporaryFolder();
    const at = { dataDir: await newDataDir(place.path), stateDir: place.path };
    const old = await openDatabase(at);
    await askFor(old, await insertFacility(old), 'one');
    await old.close();
    const to = await emptyDatabase();
    const cut = new Error('the power went');
    const failing = moveDatabase({ ...at, to, prepare: () => Promise.reject(cut) });
    await expect(failing).rejects.toThrow(cut);
    await expect(openDatabase(at)).rejects.toMatchObject({ code: 'DATABASE_MOVED' });
    await expect(moveDatabase({ ...at, to: await emptyDatabase() })).rejects.toMatchObject({ code: 'DATABASE_MOVED' });
    // As if it had ended right after the commit.
    const kept = await startEmbeddedServer(at);
    await refillDatabase(to, await take(kept.url));
    await kept.stop();
    expect(await moveDatabase({ ...at, to })).toMatchObject({ tables: expect.any(Number) });
    await (await openDatabase({ url: to }, { schema: 'require' })).close();
    place.remove();
  });
});

test('a second process joins the server that the first one runs', async () => {
  const reached = await reachDatabase({ dataDir: server.dataDir, stateDir: server.stateDir });
  expect(reached).toMatchObject({ url: server.url(), shared: true });
  await reached.release();
  expect(await withTransaction(server.url(), async () => 'still there')).toBe('still there');
});
