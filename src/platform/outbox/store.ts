/** SQL of the outbox. Every write under a lease names the fence; a row whose fence has moved on is not touched. */
import { sql } from 'kysely';
import { AppError, PROBLEMS } from '../../shared/index.ts';
import type { Db, Tx } from '../db/index.ts';
import type { Intent, NewIntent, PendingIntent, StoppedIntent } from './intent.ts';
import type { JobName } from './job-name.ts';

export async function insert(tx: Tx, intent: NewIntent, now: Date): Promise<boolean> {
  const inserted = await tx
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
    .onConflict((conflict) => conflict.columns(['facility_id', 'job', 'subject', 'dedupe_key']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

interface Claim {
  readonly worker: string;
  readonly jobs: readonly JobName[];
  readonly now: Date;
  readonly leaseMs: number;
  /** A job that ended its process in its last try is stopped instead of tried once more. */
  readonly mostTries: number;
}

export async function claim(tx: Tx, options: Claim): Promise<Intent | undefined> {
  const { now } = options;
  for (;;) {
    const found = (await nextWaiting(tx, options)) ?? (await nextExpired(tx, options));
    if (found === undefined) return undefined;
    if (found.state === 'leased') await finishAttempt(tx, found, now, 'lease-lost');
    if (found.attempts < options.mostTries) return lease(tx, found.id, options);
    await tx
      .updateTable('outbox')
      .set({
        state: 'stopped',
        lease_until: null,
        finished_at: now,
        cause_code: 'WORKER_DIED',
        cause_detail: PROBLEMS.WORKER_DIED.title.en,
      })
      .where('id', '=', found.id)
      .execute();
  }
}

/** The first due row in the order (due, id) that no other worker is looking at. */
function nextWaiting(tx: Tx, { jobs, now }: Claim) {
  return tx
    .selectFrom('outbox')
    .select(['id', 'fence', 'state', 'attempts'])
    .where('job', 'in', jobs)
    .where('state', '=', 'waiting')
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('id')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

function nextExpired(tx: Tx, { jobs, now }: Claim) {
  return tx
    .selectFrom('outbox')
    .select(['id', 'fence', 'state', 'attempts'])
    .where('job', 'in', jobs)
    .where('state', '=', 'leased')
    .where('lease_until', '<=', now)
    .orderBy('lease_until')
    .orderBy('id')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

async function lease(tx: Tx, id: number, { worker, now, leaseMs }: Claim): Promise<Intent> {
  const leaseUntil = new Date(now.getTime() + leaseMs);
  const row = await tx
    .updateTable('outbox')
    .set((eb) => ({
      state: 'leased',
      lease_until: leaseUntil,
      fence: eb('fence', '+', 1),
      attempts: eb('attempts', '+', 1),
    }))
    .where('id', '=', id)
    .returning(['facility_id', 'job', 'subject', 'payload', 'attempts', 'fence'])
    .executeTakeFirstOrThrow();
  await tx
    .insertInto('outbox_attempt')
    .values({
      outbox_id: id,
      fence: row.fence,
      facility_id: row.facility_id,
      worker,
      started_at: now,
      finished_at: null,
      outcome: null,
      cause_code: null,
    })
    .execute();
  return {
    id,
    facilityId: row.facility_id,
    job: row.job as JobName,
    subject: row.subject,
    payload: row.payload,
    attempt: row.attempts,
    fence: row.fence,
    leaseUntil,
  };
}

/** @returns whether the lease is still ours. */
export async function renew(db: Db, intent: Intent, until: Date): Promise<boolean> {
  const changed = await held(db, intent).set({ lease_until: until }).executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

export async function complete(tx: Tx, intent: Intent, now: Date): Promise<void> {
  const changed = await held(tx, intent)
    .set({ state: 'done', lease_until: null, cause_code: null, cause_detail: null, finished_at: now })
    .executeTakeFirst();
  if (changed.numUpdatedRows === 1n) {
    await finishAttempt(tx, intent, now, 'done');
    return;
  }
  const row = await tx.selectFrom('outbox').select(['state', 'fence']).where('id', '=', intent.id).executeTakeFirst();
  assertHeld(row?.state === 'done' && row.fence === intent.fence);
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

export async function stopped(db: Db, facilityId: string): Promise<StoppedIntent[]> {
  const rows = await db
    .selectFrom('outbox')
    .select(['id', 'facility_id', 'job', 'subject', 'attempts', 'cause_code', 'cause_detail', 'finished_at'])
    .where('facility_id', '=', facilityId)
    .where('state', '=', 'stopped')
    .orderBy('finished_at', 'desc')
    .limit(500)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    facilityId: row.facility_id,
    job: row.job as JobName,
    subject: row.subject,
    attempts: row.attempts,
    causeCode: row.cause_code ?? 'INTERNAL',
    causeDetail: row.cause_detail ?? '',
    stoppedAt: row.finished_at as Date,
  }));
}

export async function pending(db: Db, facilityId: string, subject: string): Promise<PendingIntent[]> {
  const rows = await db
    .selectFrom('outbox')
    .select(['job', 'due_at', 'attempts', 'cause_code'])
    .where('facility_id', '=', facilityId)
    .where('subject', '=', subject)
    .where('state', 'in', ['waiting', 'leased'])
    .orderBy('due_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    job: row.job as JobName,
    dueAt: row.due_at,
    attempts: row.attempts,
    causeCode: row.cause_code ?? undefined,
  }));
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

async function finishAttempt(
  tx: Tx,
  attempt: { readonly id: number; readonly fence: number },
  now: Date,
  outcome: 'done' | 'retry' | 'stopped' | 'lease-lost',
  causeCode: string | null = null,
): Promise<void> {
  await tx
    .updateTable('outbox_attempt')
    .set({ finished_at: now, outcome, cause_code: causeCode })
    .where('outbox_id', '=', attempt.id)
    .where('fence', '=', attempt.fence)
    .where('finished_at', 'is', null)
    .execute();
}
