/** SQL of what there is to do, for people and for whoever waits for the end of it. */
import { type Selectable, sql } from 'kysely';
import type { Db, Schema } from '../../db/index.ts';
import type { PendingIntent, StoppedIntent } from '../intent.ts';
import type { JobName } from '../job-name.ts';
import type { Moment } from '../store.ts';

const STOPPED_COLUMNS = [
  'id',
  'facility_id',
  'job',
  'subject',
  'attempts',
  'cause_code',
  'cause_detail',
  'finished_at',
] as const;

export async function stopped(db: Db, facilityId: string): Promise<StoppedIntent[]> {
  const rows = await db
    .selectFrom('outbox')
    .select(STOPPED_COLUMNS)
    .where('facility_id', '=', facilityId)
    .where('state', '=', 'stopped')
    .orderBy('finished_at', 'desc')
    .limit(500)
    .execute();
  return rows.map(toStopped);
}

export async function about(db: Db, facilityId: string, subject: string) {
  const rows = await db
    .selectFrom('outbox')
    .select([...STOPPED_COLUMNS, 'state', 'due_at'])
    .where('facility_id', '=', facilityId)
    .where('subject', '=', subject)
    .where('state', '<>', 'done')
    .orderBy('due_at')
    .orderBy('id')
    .execute();
  return {
    pending: rows.filter(({ state }) => state !== 'stopped').map(toPending),
    stopped: rows.filter(({ state }) => state === 'stopped').map(toStopped),
  };
}

function toStopped(row: Pick<Selectable<Schema['outbox']>, (typeof STOPPED_COLUMNS)[number]>): StoppedIntent {
  return {
    id: row.id,
    facilityId: row.facility_id,
    job: row.job as JobName,
    subject: row.subject,
    attempts: row.attempts,
    causeCode: row.cause_code ?? 'INTERNAL',
    causeDetail: row.cause_detail ?? '',
    stoppedAt: row.finished_at as Date,
  };
}

function toPending(row: {
  readonly job: string;
  readonly due_at: Date;
  readonly attempts: number;
  readonly cause_code: string | null;
}): PendingIntent {
  return {
    job: row.job as JobName,
    dueAt: row.due_at,
    attempts: row.attempts,
    causeCode: row.cause_code ?? undefined,
  };
}

/** Each of the three by its index: what is done, which is nearly all, is not read. */
export async function unfinished(db: Db, jobs: readonly JobName[], now: Moment) {
  const { rows } = await sql<{ leased: boolean; due: boolean; next_due: Date | null }>`
    SELECT
      EXISTS (SELECT FROM outbox WHERE state = 'leased' AND job = ANY(${jobs})) AS leased,
      EXISTS (SELECT FROM outbox WHERE state = 'waiting' AND job = ANY(${jobs}) AND due_at <= ${now}) AS due,
      (SELECT min(due_at) FROM outbox WHERE state = 'waiting' AND job = ANY(${jobs})) AS next_due`.execute(db);
  const [row] = rows;
  return { leased: row?.leased === true, due: row?.due === true, nextDue: row?.next_due ?? undefined };
}
