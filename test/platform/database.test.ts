import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openDatabase, startEmbeddedServer, type Tx, writeTogether } from '../../src/platform/db/index.ts';
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

  test('of several processes hears notifications, also after the link broke', async () => {
    const folder = temporaryFolder();
    const server = await startEmbeddedServer({ dataDir: await newDataDir(folder.path), stateDir: folder.path });
    const shared = await openDatabase({ url: server.url });
    let heard = Promise.withResolvers<void>();
    const stop = await shared.listen('antin_test', () => heard.resolve());
    await shared.notify('antin_test');
    await heard.promise;

    heard = Promise.withResolvers<void>();
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN antin_test'`.execute(
      shared.db,
    );
    await heard.promise;
    heard = Promise.withResolvers<void>();
    await shared.notify('antin_test');
    await heard.promise;
    await stop();
    await shared.close();
    await server.stop();
    folder.remove();
  });

  test('of one process hears its own notifications, of that channel only, until it stops', async () => {
    const heard: string[] = [];
    const stop = await database().listen('one', () => heard.push('one'));
    await database().listen('other', () => heard.push('other'));
    await database().notify('one');
    await stop();
    await database().notify('one');
    expect(heard).toEqual(['one']);
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

describe('writes put off', () => {
  const facilityRow = (tx: Tx, id: string, name: string) =>
    tx.insertInto('facility').values({ id, name, created_at: new Date() });
  const nameOf = async (id: string) =>
    (await database().db.selectFrom('facility').select('name').where('id', '=', id).executeTakeFirst())?.name;

  test('are there at the commit, and before the next query of the transaction', async () => {
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
    await database().transaction(async (tx) => {
      await writeTogether(tx, facilityRow(tx, one, 'one'));
      const { numUpdatedRows } = await tx
        .updateTable('facility')
        .set({ name: 'renamed' })
        .where('id', '=', one)
        .executeTakeFirstOrThrow();
      expect(numUpdatedRows).toBe(1n);
      await writeTogether(tx, facilityRow(tx, two, 'two'));
    });
    expect([await nameOf(one), await nameOf(two)]).toEqual(['renamed', 'two']);
  });

  test('may refer to each other, and go in their order', async () => {
    const facility = crypto.randomUUID();
    const subjects = ['a', 'b', 'c', 'd'];
    await database().transaction(async (tx) => {
      for (const subject of subjects) {
        const row = { facility_id: facility, job: 'seal', subject, dedupe_key: '', payload: '{}' };
        const empty = { lease_until: null, cause_code: null, cause_detail: null, finished_at: null };
        const now = new Date();
        await writeTogether(tx, tx.insertInto('outbox').values({ ...row, ...empty, due_at: now, created_at: now }));
      }
      await writeTogether(tx, facilityRow(tx, facility, 'last'));
    });
    const rows = await database()
      .db.selectFrom('outbox')
      .select('subject')
      .where('facility_id', '=', facility)
      .orderBy('id')
      .execute();
    expect(rows.map((row) => row.subject)).toEqual(subjects);
  });

  test('are all undone when one misses its row, with the problem that was named', async () => {
    const id = crypto.randomUUID();
    const writes = async (tx: Tx): Promise<void> => {
      await writeTogether(tx, facilityRow(tx, id, 'gone'));
      const nobody = tx.updateTable('facility').set({ name: '?' }).where('id', '=', crypto.randomUUID());
      await writeTogether(tx, nobody, { refusal: 'REVISION_STALE' });
    };
    await expect(database().transaction(writes)).rejects.toMatchObject({ code: 'REVISION_STALE', kind: 'stale' });
    const early = database().transaction(async (tx) => {
      await writes(tx);
      await tx.selectFrom('facility').select('id').execute();
    });
    await expect(early).rejects.toMatchObject({ code: 'REVISION_STALE' });
    expect(await nameOf(id)).toBeUndefined();
  });

  test('are dropped when the transaction fails, and its connection stays usable', async () => {
    const id = crypto.randomUUID();
    const failing = database().transaction(async (tx) => {
      await writeTogether(tx, facilityRow(tx, id, 'gone'));
      throw new Error('the business failed');
    });
    await expect(failing).rejects.toThrow('the business failed');
    expect(await nameOf(id)).toBeUndefined();
    await database().transaction((tx) => writeTogether(tx, facilityRow(tx, id, 'here')));
    expect(await nameOf(id)).toBe('here');
  });
});
