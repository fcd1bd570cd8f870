/** SQL of readiness. */
import { sql } from 'kysely';
import type { Db } from '../db/index.ts';

/** The moment at which the job fell due that waits longest, if any is due. */
export async function oldestDue(db: Db, now: Date): Promise<Date | undefined> {
  const { rows } = await sql<{ due: Date | null }>`
    SELECT min(due_at) AS due FROM outbox WHERE state = 'waiting' AND due_at <= ${now}`.execute(db);
  return rows[0]?.due ?? undefined;
}

export async function stoppedCount(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM outbox WHERE state = 'stopped'`.execute(
    db,
  );
  return Number(rows[0]?.count ?? 0);
}

/** What the clock of the database says. */
export async function clockOf(db: Db): Promise<Date | undefined> {
  const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db);
  return rows[0]?.now;
}
