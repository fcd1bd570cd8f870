/** SQL of the outbox. Every write under a lease names the fence; a row whose fence has moved on is not touched. */
import { type Selectable, sql } from 'kysely';
import { AppError, PROBLEMS } from '../../shared/index.ts';
import { type Db, type Schema, type Tx, writeTogether } from '../db/index.ts';
import type { Intent, NewIntent, PendingIntent, StoppedIntent } from './intent.ts';
import type { JobName } from './job-name.ts';

export async function insert(tx: Tx, intent: NewIntent, now: Date): Promise<void> {
  const asked = tx
    .insertInto('outbox')
    .values({
      facility_id: intent.facilityId,
      job: intent.job,
      subject: intent.subject,
      dedupe_key: intent.dedupeKey ?? '',
      payload: JSON.stringify(intent.payload ?? {}),
      due_at: intent.dueAt ?? now,
      created_at: now,
      lease_until: null,
      cause_code: null,
      cause_detail: null,
      finished_at: null,
    })
    .onConflict((conflict) => conflict.columns(['facility_id', 'job', 'subject', 'dedupe_key']).doNothing());
  await writeTogether(tx, asked);
}

interface Claim {
  readonly worker: string;
  readonly jobs: readonly JobName[];
  readonly now: Date;
  readonly leaseMs: number;
  /** A job that ended its process in its last try is stopped instead of tried once more. */
  readonly mostTries: number;
}

interface ClaimedRow {
  readonly id: number | null;
  readonly facility_id: string;
  readonly job: string;
  readonly subject: string;
  readonly payload: Record<string, unknown>;
  readonly attempts: number;
  readonly fence: number;
  readonly given_up: number;
}

export async function claim(db: Db, options: Claim): Promise<Intent | undefined> {
  const leaseUntil = new Date(options.now.getTime() + options.leaseMs);
  for (;;) {
    const { rows } = await claimStatement(options, leaseUntil).execute(db);
    const [row] = rows;
    if (row === undefined) throw new TypeError('a claim always answers');
    if (row.id !== null) {
      return {
        id: row.id,
        facilityId: row.facility_id,
        job: row.job as JobName,
        subject: row.subject,
        payload: row.payload,
        attempt: row.attempts,
        fence: row.fence,
        leaseUntil,
      };
    }
    if (row.given_up === 0) return undefined;
  }
}

/**
 * One statement, so one round trip and no transaction to hold: the first due row in the order (due, id) that no other
 * worker is looking at, else one whose lease has run out, is leased anew; or stopped, if its tries are used up.
 */
function claimStatement({ worker, jobs, now, mostTries }: Claim, leaseUntil: Date) {
  return sql<ClaimedRow>`
    WITH waiting AS (
      SELECT id, fence, state, attempts FROM outbox
      WHERE state = 'waiting' AND job = ANY(${jobs}) AND due_at <= ${now}
      ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), expired AS (
      SELECT id, fence, state, attempts FROM outbox
      WHERE state = 'leased' AND job = ANY(${jobs}) AND lease_until <= ${now} AND NOT EXISTS (SELECT FROM waiting)
      ORDER BY lease_until, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), found AS (
      SELECT * FROM waiting UNION ALL SELECT * FROM expired
    ), lost AS (
      UPDATE outbox_attempt AS attempt SET finished_at = ${now}, outcome = 'lease-lost'
      FROM found
      WHERE found.state = 'leased' AND outbox_id = found.id AND attempt.fence = found.fence AND finished_at IS NULL
    ), given_up AS (
      UPDATE outbox SET state = 'stopped', lease_until = NULL, finished_at = ${now},
        cause_code = 'WORKER_DIED', cause_detail = ${PROBLEMS.WORKER_DIED.title.en}
      FROM found
      WHERE outbox.id = found.id AND found.attempts >= ${mostTries}
      RETURNING outbox.id
    ), leased AS (
      UPDATE outbox SET state = 'leased', lease_until = ${leaseUntil},
        fence = outbox.fence + 1, attempts = outbox.attempts + 1
      FROM found
      WHERE outbox.id = found.id AND found.attempts < ${mostTries}
      RETURNING outbox.id, facility_id, job, subject, payload, outbox.attempts, outbox.fence
    ), attempt AS (
      INSERT INTO outbox_attempt (outbox_id, fence, facility_id, worker, started_at)
      SELECT id, fence, facility_id, ${worker}::text, ${now}::timestamptz FROM leased
    )
    SELECT leased.*, given_up.n AS given_up
    FROM (SELECT count(*) AS n FROM given_up) AS given_up LEFT JOIN leased ON true`;
}

/** @returns whether the lease is still ours. */
export async function renew(db: Db, intent: Intent, until: Date): Promise<boolean> {
  const changed = await held(db, intent).set({ lease_until: until }).executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

export async function complete(tx: Tx, intent: Intent, now: Date): Promise<void> {
  const done = held(tx, intent).set({
    state: 'done',
    lease_until: null,
    cause_code: null,
    cause_detail: null,
    finished_at: now,
  });
  const before = sql<boolean>`EXISTS (
    SELECT FROM outbox WHERE id = ${intent.id} AND state = 'done' AND fence = ${intent.fence}
  )`;
  await writeTogether(tx, done, { refusal: 'LEASE_LOST', or: before });
  await writeTogether(tx, attemptEnd(tx, intent, now, 'done'));
}

interface Failure {
  readonly now: Date;
  readonly cause: { readonly code: string; readonly detail: string };
  /** Absent: stop. */
  readonly dueAt: Date | undefined;
}

/** @returns whether the lease was still ours; if not, nothing is written. */
export async function recordFailure(tx: Tx, intent: Intent, { now, cause, dueAt }: Failure): Promise<boolean> {
  const changed = await held(tx, intent)
    .set({
      lease_until: null,
      cause_code: cause.code,
      cause_detail: cause.detail,
      ...(dueAt === undefined ? { state: 'stopped', finished_at: now } : { state: 'waiting', due_at: dueAt }),
    })
    .executeTakeFirst();
  if (changed.numUpdatedRows === 0n) return false;
  await finishAttempt(tx, intent, now, dueAt === undefined ? 'stopped' : 'retry', cause.code);
  return true;
}

export async function release(tx: Tx, intent: Intent, now: Date): Promise<void> {
  const changed = await held(tx, intent)
    .set((eb) => ({ state: 'waiting', lease_until: null, attempts: eb('attempts', '-', 1) }))
    .executeTakeFirst();
  if (changed.numUpdatedRows === 1n) await finishAttempt(tx, intent, now, 'retry');
}

export async function restart(tx: Tx, facilityId: string, id: number, now: Date): Promise<boolean> {
  const changed = await tx
    .updateTable('outbox')
    .set({ state: 'waiting', due_at: now, attempts: 0, finished_at: null })
    .where('id', '=', id)
    .where('facility_id', '=', facilityId)
    .where('state', '=', 'stopped')
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

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

export async function unfinished(db: Db, jobs: readonly JobName[]) {
  const row = await db
    .selectFrom('outbox')
    .select([
      sql<boolean>`coalesce(bool_or(state = 'leased'), false)`.as('leased'),
      sql<Date | null>`min(due_at) FILTER (WHERE state = 'waiting')`.as('next_due'),
    ])
    .where('job', 'in', jobs)
    .where('state', 'in', ['waiting', 'leased'])
    .executeTakeFirstOrThrow();
  return { leased: row.leased, nextDue: row.next_due ?? undefined };
}

/** The tries of the dead process stay counted: a job that kills its process must stop some day. */
export async function voidLeases(tx: Tx, now: Date): Promise<number> {
  const freed = await tx
    .updateTable('outbox')
    .set({ state: 'waiting', lease_until: null })
    .where('state', '=', 'leased')
    .returning(['id', 'fence'])
    .execute();
  for (const row of freed) await finishAttempt(tx, row, now, 'lease-lost');
  return freed.length;
}

export function assertHeld(isHeld: boolean): void {
  if (!isHeld) throw new AppError('LEASE_LOST');
}

function held(db: Db, intent: Intent) {
  return db
    .updateTable('outbox')
    .where('id', '=', intent.id)
    .where('state', '=', 'leased')
    .where('fence', '=', intent.fence);
}

type Attempt = { readonly id: number; readonly fence: number };
type Outcome = 'done' | 'retry' | 'stopped' | 'lease-lost';

async function finishAttempt(tx: Tx, attempt: Attempt, now: Date, outcome: Outcome, causeCode?: string): Promise<void> {
  await attemptEnd(tx, attempt, now, outcome, causeCode).execute();
}

function attemptEnd(tx: Tx, attempt: Attempt, now: Date, outcome: Outcome, causeCode: string | null = null) {
  return tx
    .updateTable('outbox_attempt')
    .set({ finished_at: now, outcome, cause_code: causeCode })
    .where('outbox_id', '=', attempt.id)
    .where('fence', '=', attempt.fence)
    .where('finished_at', 'is', null);
}
