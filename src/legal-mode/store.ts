/** SQL of the conditions of legal mode. */
import { sql } from 'kysely';
import type { Database, Db } from '../platform/db/index.ts';

export type Mode = 'demo' | 'legal';

/** What the data of this database are worth; undefined: nothing has been kept in it yet. */
export async function modeOf(db: Db): Promise<Mode | undefined> {
  const row = await db.selectFrom('installation').select('mode').executeTakeFirst();
  return row?.mode;
}

/** Decides it, once. @returns what was decided, by us or before. */
export async function decideMode(database: Database, mode: Mode, now: Date): Promise<Mode> {
  return database.transaction(async (tx) => {
    await tx
      .insertInto('installation')
      .values({ mode, since: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return (await modeOf(tx)) ?? mode;
  });
}

/** Certificates in force whose key is kept here as a file. */
export async function softwareKeys(db: Db): Promise<{ readonly clinicians: number; readonly seals: number }> {
  const { rows } = await sql<{ clinicians: number; seals: number }>`
    SELECT count(clinician_id) AS clinicians, count(*) - count(clinician_id) AS seals
    FROM credential WHERE kind = 'pkcs12' AND withdrawn_at IS NULL`.execute(db);
  return { clinicians: Number(rows[0]?.clinicians ?? 0), seals: Number(rows[0]?.seals ?? 0) };
}
