import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/platform/db/index.ts';
import { insertFacility, newDataDir, temporaryFolder, useDatabase } from '../support/database.ts';

const database = useDatabase();

describe('the database', () => {
  test('is durable, checksummed, and open to this machine only', async () => {
    for (const [name, value] of [
      ['fsync', 'on'],
      ['synchronous_commit', 'on'],
      ['full_page_writes', 'on'],
      ['data_checksums', 'on'],
      ['listen_addresses', '127.0.0.1'],
      ['TimeZone', 'UTC'],
    ]) {
      const { rows } = await sql<{ v: string }>`SELECT current_setting(${name}) AS v`.execute(database().db);
      expect([name, rows[0]?.v]).toEqual([name, value]);
    }
  });

  test('gives rows as documented', async () => {
    const at = new Date('2026-11-27T01:02:03.004Z');
    const { rows } = await sql`
      SELECT 9007199254740991::bigint AS big, ${at}::timestamptz AS at, '2026-11-27'::date AS day,
        '\\x00ff'::bytea AS bytes, '{"tên":[1]}'::jsonb AS json, 'ĐẶNG THỊ MẪU' ILIKE 'đặng%' AS folds
    `.execute(database().db);
    expect(rows).toEqual([
      { big: 2 ** 53 - 1, at, day: '2026-11-27', bytes: Buffer.from([0, 255]), json: { tên: [1] }, folds: true },
    ]);
    const beyond = sql`SELECT 9007199254740993::bigint`.execute(database().db);
    await expect(beyond).rejects.toThrow('beyond 2^53');
  });

  test('commits all of a transaction or nothing', async () => {
    const failing = database().transaction(async (tx) => {
      await tx
        .insertInto('facility')
        .values({ id: crypto.randomUUID(), name: 'gone', created_at: new Date() })
        .execute();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await database().db.selectFrom('facility').where('name', '=', 'gone').selectAll().execute()).toEqual([]);
  });

  test('tells after the commit, when the rows can be seen, and never after a rollback', async () => {
    const told: string[] = [];
    const committed = database().transaction(async (tx) => {
      database().afterCommit(tx, () => told.push('committed'));
      expect(told).toEqual([]);
    });
    await committed;
    const failing = database().transaction(async (tx) => {
      database().afterCommit(tx, () => told.push('rolled back'));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(told).toEqual(['committed']);
  });

  test('gives a named lock to one at a time', async () => {
    const inside = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const first = database().withLock('probe', async () => {
      inside.resolve();
      await leave.promise;
      return 'first';
    });
    await inside.promise;
    expect(await database().withLock('probe', async () => 'second')).toBeUndefined();
    expect(await database().withLock('other', async () => 'other')).toBe('other');
    leave.resolve();
    expect(await first).toBe('first');
    expect(await database().withLock('probe', async () => 'third')).toBe('third');
  });

  test('hears notifications, also after the link broke', async () => {
    let heard = Promise.withResolvers<void>();
    const stop = await database().listen('antin_test', () => heard.resolve());
    await database().notify('antin_test');
    await heard.promise;

    heard = Promise.withResolvers<void>();
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN antin_test'`.execute(
      database().db,
    );
    await heard.promise;
    heard = Promise.withResolvers<void>();
    await database().notify('antin_test');
    await heard.promise;
    await stop();
  });

  test('closes although somebody still listens', async () => {
    const folder = temporaryFolder();
    const dataDir = await newDataDir(folder.path);
    const other = await openDatabase({ dataDir, stateDir: folder.path });
    await other.listen('antin_test', () => expect.fail());
    await other.close();
    folder.remove();
  });

  test('keeps facilities apart by id', async () => {
    const [one, two] = [await insertFacility(database()), await insertFacility(database())];
    expect(one).not.toBe(two);
  });
});
