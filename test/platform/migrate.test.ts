import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS, migrate, openDatabase } from '../../src/platform/db/index.ts';
import { useServer } from '../support/database.ts';

const server = useServer();
const { emptyDatabase } = server;

describe('the schema', () => {
  test('grows only forward, once, also when several processes start at once', async () => {
    const url = await emptyDatabase();
    const opened = await Promise.all(Array.from({ length: 4 }, () => openDatabase({ url })));
    const names = await sql<{ name: string }>`SELECT name FROM migration ORDER BY name`.execute(
      opened[0]?.db ?? expect.fail(),
    );
    expect(names.rows.map((row) => row.name)).toEqual(MIGRATIONS.map((step) => step.name));
    expect(await migrate(opened[0]?.db ?? expect.fail())).toEqual({ applied: [] });
    for (const database of opened) await database.close();
  });

  test('that is behind is refused by a process that may not migrate', async () => {
    const url = await emptyDatabase();
    const needed = MIGRATIONS.at(-1)?.name;
    await expect(openDatabase({ url }, { schema: 'require' })).rejects.toMatchObject({
      code: 'SCHEMA_OUTDATED',
      extra: { database: '0000', program: needed },
    });
    await (await openDatabase({ url })).close();
    await (await openDatabase({ url }, { schema: 'require' })).close();
  });

  test('of a newer version, or with a changed step, is refused and left as it is', async () => {
    const url = await emptyDatabase();
    const database = await openDatabase({ url });
    await sql`INSERT INTO migration (name, sha256) VALUES ('9999-from-the-future', 'x')`.execute(database.db);
    await expect(openDatabase({ url })).rejects.toMatchObject({
      code: 'SCHEMA_UNKNOWN',
      extra: { database: '9999-from-the-future', program: MIGRATIONS.at(-1)?.name },
    });
    await expect(openDatabase({ url }, { schema: 'require' })).rejects.toThrow('9999-from-the-future');
    await sql`DELETE FROM migration WHERE name = '9999-from-the-future'`.execute(database.db);
    await sql`UPDATE migration SET sha256 = 'edited' WHERE name = '0001-platform'`.execute(database.db);
    await expect(openDatabase({ url })).rejects.toThrow('0001-platform');
    await database.close();
  });

  test('takes all missing steps or none', async () => {
    const url = await emptyDatabase();
    const database = await openDatabase({ url });
    const good = { name: '9001-good', statements: ['CREATE TABLE half_done (n integer)'] };
    const bad = { name: '9002-bad', statements: ['CREATE TABLE oops ('] };
    await expect(migrate(database.db, [...MIGRATIONS, good, bad])).rejects.toThrow('syntax');
    const { rows } = await sql<{ t: string | null }>`SELECT to_regclass('half_done') AS t`.execute(database.db);
    expect(rows[0]?.t).toBeNull();
    expect(await migrate(database.db, [...MIGRATIONS, good])).toEqual({ applied: ['9001-good'] });
    await database.close();
  });

  test('has the facility in every table that is about one', async () => {
    const database = await openDatabase({ url: await emptyDatabase() });
    const { rows } = await sql<{ name: string }>`
      SELECT t.table_name AS name FROM information_schema.tables t
      WHERE t.table_schema = 'public' AND t.table_name NOT IN ('facility', 'migration')
        AND NOT EXISTS (
          SELECT FROM information_schema.columns c
          WHERE c.table_schema = 'public' AND c.table_name = t.table_name
            AND c.column_name = 'facility_id' AND c.is_nullable = 'NO')`.execute(database.db);
    // About the installation and its store; a finding names the facility it can be traced to.
    const ofTheInstallation = ['archive_finding', 'installation', 'sweep', 'worm_probe'];
    expect(rows.map((row) => row.name).sort()).toEqual(ofTheInstallation);
    await database.close();
  });
});

test('a server that is not there is named as such', async () => {
  const nowhere = openDatabase({ url: 'postgres://antin:pw@127.0.0.1:9/antin' });
  await expect(nowhere).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', kind: 'upstream' });
});
