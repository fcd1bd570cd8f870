/** SQL of asking and working. Every write under a lease names the fence; a row whose fence has moved on is not touched. */
import { type RawBuilder, sql } from 'kysely';
import { AppError, currentRequestId } from '../../shared/index.ts';
import { type Db, type Tx, writeTogether } from '../db/index.ts';
import type { Intent, NewIntent } from './intent.ts';
import type { JobName } from './job-name.ts';

/** A moment as the database sees it. */
export type Moment = RawBuilder<Date>;

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

/** A page of the outbox, in the order of asking: what was done before `before` is removed with its tries. */
export async function forgetPage(
  db: Db,
  { after, before, limit }: { readonly after: number; readonly before: Moment; readonly limit: number },
): Promise<{ readonly last: number | undefined; readonly removed: number; readonly isOld: boolean }> {
  const { rows } = await sql<{ last: number | null; removed: number; is_old: boolean | null }>`
    WITH page AS (
      SELECT id, state, created_at, finished_at FROM outbox WHERE id > ${after} ORDER BY id LIMIT ${limit}
    ), old AS (
      SELECT id FROM page WHERE state = 'done' AND finished_at < ${before}
    ), tries AS (
      DELETE FROM outbox_attempt USING old WHERE outbox_id = old.id
    ), removed AS (
      DELETE FROM outbox USING old WHERE outbox.id = old.id AND outbox.state = 'done' RETURNING outbox.id
    )
    SELECT max(id) AS last, (SELECT count(*) FROM removed) AS removed, bool_and(created_at < ${before}) AS is_old
    FROM page`.execute(db);
  const [row] = rows;
  return { last: row?.last ?? undefined, removed: row?.removed ?? 0, isOld: row?.is_old === true };
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
