/** SQL of the outbox. Every write under a lease names the fence; a row whose fence has moved on is not touched. */
import { type RawBuilder, type Selectable, sql } from 'kysely';
import { AppError, currentRequestId, PROBLEMS } from '../../shared/index.ts';
import { clockWrong, type Db, MOST_CLOCK_ERROR_MS, type Schema, type Tx, writeTogether } from '../db/index.ts';
import type { Bell, Intent, NewIntent, PendingIntent, StoppedIntent } from './intent.ts';
import type { JobName } from './job-name.ts';

/** A moment as the database sees it. */
type Moment = RawBuilder<Date>;

export async function insert(tx: Tx, intent: NewIntent, now: Moment): Promise<void> {
  const asked = tx
    .insertInto('outbox')
    .values({
      facility_id: intent.facilityId,
      job: intent.job,
      subject: intent.subject,
      dedupe_key: intent.dedupeKey ?? '',
      payload: JSON.stringify(intent.payload ?? {}),
      request_id: currentRequestId() ?? null,
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
  readonly now: Moment;
  readonly leaseUntil: Moment;
  /** By how many milliseconds the worker's own clock is ahead: one with a wrong clock gets nothing. */
  readonly aheadMs: RawBuilder<number>;
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
  readonly lease_until: Date;
  readonly request_id: string | null;
  readonly given_up: number;
  readonly ahead_ms: number;
}

const IS_CLOCK_RIGHT = sql`(SELECT abs(ahead_ms) <= ${sql.lit(MOST_CLOCK_ERROR_MS)} FROM own_clock)`;

/** The first due row in the order (due, id) that no other worker is looking at, else one whose lease has run out. @throws CLOCK_WRONG. */
export async function claim(db: Db, options: Claim & { jobs: readonly JobName[] }): Promise<Intent | undefined> {
  const { jobs, now } = options;
  const found = sql`
    waiting AS (
      SELECT id, fence, state, attempts FROM outbox
      WHERE state = 'waiting' AND job = ANY(${jobs}) AND due_at <= ${now} AND ${IS_CLOCK_RIGHT}
      ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), expired AS (
      SELECT id, fence, state, attempts FROM outbox
      WHERE state = 'leased' AND job = ANY(${jobs}) AND lease_until <= ${now} AND ${IS_CLOCK_RIGHT}
        AND NOT EXISTS (SELECT FROM waiting)
      ORDER BY lease_until, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), found AS (
      SELECT * FROM waiting UNION ALL SELECT * FROM expired
    )`;
  for (;;) {
    const taken = await take(db, found, options);
    if (taken !== 'given-up') return taken;
  }
}

/** The row of a bell, unless somebody was faster. @throws CLOCK_WRONG. */
export async function claimRung(db: Db, { id, fence }: Bell, options: Claim): Promise<Intent | undefined> {
  const { now } = options;
  const found = sql`
    found AS (
      SELECT id, fence, state, attempts FROM outbox
      WHERE id = ${id} AND fence = ${fence} AND ${IS_CLOCK_RIGHT}
        AND (state = 'waiting' AND due_at <= ${now} OR state = 'leased' AND lease_until <= ${now})
      FOR UPDATE
    )`;
  const taken = await take(db, found, options);
  return taken === 'given-up' ? undefined : taken;
}

async function take(db: Db, found: RawBuilder<unknown>, options: Claim): Promise<Intent | 'given-up' | undefined> {
  const { rows } = await takeStatement(found, options).execute(db);
  const [row] = rows;
  if (row === undefined) throw new TypeError('a claim always answers');
  if (row.id === null) {
    const wrong = clockWrong(row.ahead_ms);
    if (wrong !== undefined) throw wrong;
    return row.given_up === 0 ? undefined : 'given-up';
  }
  return {
    id: row.id,
    facilityId: row.facility_id,
    job: row.job as JobName,
    subject: row.subject,
    payload: row.payload,
    attempt: row.attempts,
    fence: row.fence,
    leaseUntil: row.lease_until,
    requestId: row.request_id ?? undefined,
  };
}

/**
 * One statement, so one round trip and no transaction to hold: the row `found`, if any, is leased anew; or stopped, if its
 * tries are used up.
 */
function takeStatement(found: RawBuilder<unknown>, { worker, now, leaseUntil, aheadMs, mostTries }: Claim) {
  return sql<ClaimedRow>`
    WITH own_clock AS (SELECT ${aheadMs} AS ahead_ms), ${found}, lost AS (
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
      UPDATE outbox SET state = 'leased', lease_until = ${leaseUntil}, rung_at = NULL,
        fence = outbox.fence + 1, attempts = outbox.attempts + 1
      FROM found
      WHERE outbox.id = found.id AND found.attempts < ${mostTries}
      RETURNING outbox.id, facility_id, job, subject, payload, outbox.attempts, outbox.fence, outbox.lease_until,
        request_id
    ), attempt AS (
      INSERT INTO outbox_attempt (outbox_id, fence, facility_id, worker, started_at)
      SELECT id, fence, facility_id, ${worker}::text, ${now} FROM leased
    )
    SELECT leased.*, given_up.n AS given_up, ahead_ms
    FROM own_clock CROSS JOIN (SELECT count(*) AS n FROM given_up) AS given_up LEFT JOIN leased ON true`;
}

/** Which due rows of these jobs to ring for, at most `most` of each. */
interface Ringing {
  readonly most: Readonly<Partial<Record<JobName, number>>>;
  readonly now: Moment;
  /** A bell from before that has not been heard. */
  readonly lost: Moment;
}

/**
 * Due rows that no bell was rung for, or too long ago, marked as rung: by one of the workers that look at once. The mark is
 * worth no waiting for the disk: a crash forgets it, and the bell is rung again.
 */
export async function takeBells(db: Db, { most, now, lost }: Ringing): Promise<Bell[]> {
  const unheard = sql`(rung_at IS NULL OR rung_at <= ${lost})`;
  const { rows } = await sql<{ id: number; job: string; fence: number }>`
    WITH wanted AS (
      SELECT * FROM unnest(${Object.keys(most)}::text[], ${Object.values(most)}::integer[]) AS wanted (job, most)
    ), waiting AS (
      SELECT found.id FROM wanted CROSS JOIN LATERAL (
        SELECT id FROM outbox
        WHERE state = 'waiting' AND job = wanted.job AND due_at <= ${now} AND ${unheard}
        ORDER BY due_at, id LIMIT wanted.most FOR UPDATE SKIP LOCKED
      ) AS found
    ), expired AS (
      SELECT found.id FROM wanted CROSS JOIN LATERAL (
        SELECT id FROM outbox
        WHERE state = 'leased' AND job = wanted.job AND lease_until <= ${now} AND ${unheard}
        ORDER BY lease_until, id LIMIT wanted.most FOR UPDATE SKIP LOCKED
      ) AS found
    ), rung AS (
      UPDATE outbox SET rung_at = ${now}
      WHERE id IN (SELECT id FROM waiting UNION ALL SELECT id FROM expired)
      RETURNING id, job, fence, due_at
    )
    SELECT id, job, fence, set_config('synchronous_commit', 'off', true) FROM rung ORDER BY due_at, id`.execute(db);
  return rows.map(({ id, job, fence }) => ({ id, job: job as JobName, fence }));
}

/** @returns whether the lease is still ours. */
export async function renew(db: Db, intent: Intent, until: Moment): Promise<boolean> {
  const changed = await held(db, intent).set({ lease_until: until }).executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

export async function complete(tx: Tx, intent: Intent, now: Moment): Promise<void> {
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
  readonly now: Moment;
  readonly cause: { readonly code: string; readonly detail: string };
  /** Absent: stop. */
  readonly dueAt: Moment | undefined;
}

/** @returns when it is due now; `undefined` if the lease was no longer ours: then nothing is written. */
export async function recordFailure(tx: Tx, intent: Intent, { now, cause, dueAt }: Failure): Promise<Date | undefined> {
  const changed = await held(tx, intent)
    .set({
      lease_until: null,
      cause_code: cause.code,
      cause_detail: cause.detail,
      ...(dueAt === undefined ? { state: 'stopped', finished_at: now } : { state: 'waiting', due_at: dueAt }),
    })
    .returning('due_at')
    .executeTakeFirst();
  if (changed === undefined) return undefined;
  await finishAttempt(tx, intent, now, dueAt === undefined ? 'stopped' : 'retry', cause.code);
  return changed.due_at;
}

interface Recovery {
  readonly job: JobName;
  readonly causes: readonly string[];
  readonly now: Moment;
  readonly triedBefore: Moment;
  readonly stoppedBefore: Moment;
}

/** @returns how many fall due. */
export async function recover(db: Db, { job, causes, now, triedBefore, stoppedBefore }: Recovery): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    UPDATE outbox SET state = 'waiting', due_at = ${now}, finished_at = NULL, rung_at = NULL,
      attempts = CASE state WHEN 'stopped' THEN 0 ELSE attempts END
    WHERE job = ${job} AND cause_code = ANY(${causes}) AND (
      state = 'stopped' AND finished_at <= ${stoppedBefore}
      OR state = 'waiting' AND due_at > ${now} AND EXISTS (
        SELECT FROM outbox_attempt AS last
        WHERE last.outbox_id = outbox.id AND last.fence = outbox.fence AND last.finished_at <= ${triedBefore}
      )
    )`.execute(db);
  return Number(numAffectedRows);
}

export async function release(tx: Tx, intent: Intent, now: Moment): Promise<void> {
  const changed = await held(tx, intent)
    .set((eb) => ({ state: 'waiting', lease_until: null, attempts: eb('attempts', '-', 1) }))
    .executeTakeFirst();
  if (changed.numUpdatedRows === 1n) await finishAttempt(tx, intent, now, 'retry');
}

export async function restart(tx: Tx, facilityId: string, id: number, now: Moment): Promise<boolean> {
  const changed = await tx
    .updateTable('outbox')
    .set({ state: 'waiting', due_at: now, attempts: 0, finished_at: null, rung_at: null })
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

export async function unfinished(db: Db, jobs: readonly JobName[], now: Moment) {
  const row = await db
    .selectFrom('outbox')
    .select([
      sql<boolean>`coalesce(bool_or(state = 'leased'), false)`.as('leased'),
      sql<boolean>`coalesce(bool_or(state = 'waiting' AND due_at <= ${now}), false)`.as('due'),
      sql<Date | null>`min(due_at) FILTER (WHERE state = 'waiting')`.as('next_due'),
    ])
    .where('job', 'in', jobs)
    .where('state', 'in', ['waiting', 'leased'])
    .executeTakeFirstOrThrow();
  return { leased: row.leased, due: row.due, nextDue: row.next_due ?? undefined };
}

/** The tries of the dead process stay counted: a job that kills its process must stop some day. */
export async function voidLeases(tx: Tx, now: Moment): Promise<number> {
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

async function finishAttempt(
  tx: Tx,
  attempt: Attempt,
  now: Moment,
  outcome: Outcome,
  causeCode?: string,
): Promise<void> {
  await attemptEnd(tx, attempt, now, outcome, causeCode).execute();
}

function attemptEnd(tx: Tx, attempt: Attempt, now: Moment, outcome: Outcome, causeCode: string | null = null) {
  return tx
    .updateTable('outbox_attempt')
    .set({ finished_at: now, outcome, cause_code: causeCode })
    .where('outbox_id', '=', attempt.id)
    .where('fence', '=', attempt.fence)
    .where('finished_at', 'is', null);
}
