/** A process of its own that opens a data directory and writes until it is ended: for tests that kill it. */
import { sql } from 'kysely';
import { openDatabase } from '../../src/platform/db/index.ts';

const [dataDir = '', stateDir = ''] = process.argv.slice(2);
const database = await openDatabase({ dataDir, stateDir });
await sql`CREATE TABLE IF NOT EXISTS acknowledged (n bigint PRIMARY KEY)`.execute(database.db);
await sql`CREATE TABLE IF NOT EXISTS total (n bigint NOT NULL)`.execute(database.db);
await sql`INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT FROM total)`.execute(database.db);

let ending = false;
process.once('SIGTERM', () => {
  ending = true;
});
process.stdout.write('ready\n');
while (!ending) {
  const n = await database.transaction(async (tx) => {
    const { rows } = await sql<{ n: number }>`UPDATE total SET n = n + 1 RETURNING n`.execute(tx);
    await sql`INSERT INTO acknowledged VALUES (${rows[0]?.n})`.execute(tx);
    return rows[0]?.n;
  });
  process.stdout.write(`${n}\n`);
}
await database.close();
