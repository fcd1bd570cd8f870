/** SQL of who gets what: ringing for due rows, and taking them under a lease. */
import { type RawBuilder, sql } from 'kysely';
import { PROBLEMS } from '../../../shared/index.ts';
import { clockWrong, type Db, OWN_CLOCK_IS_RIGHT } from '../../db/index.ts';
import type { Bell, Intent } from '../intent.ts';
import type { JobName } from '../job-name.ts';
import type { Moment } from '../store.ts';

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

/** The first due row in the order (due, id) that no other worker is looking at, else one whose lease has run out. @throws CLOCK_WRONG. */
export async function claim(db: Db, options: Claim & { jobs: readonly JobName[] }): Promise<Intent | undefined> {
  const { jobs, now } = options;
  const found = sql`
    waiting AS (
      SELECT id, fence, state, attempts FROM outbox
      WHERE state = 'waiting' AND job = ANY(${jobs}) AND due_at <= ${now} AND ${OWN_CLOCK_IS_RIGHT}
      ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), expired AS (
      SELECT id, fence, state, attempts FROM outbox
      WHERE state = 'leased' AND job = ANY(${jobs}) AND lease_until <= ${now} AND ${OWN_CLOCK_IS_RIGHT}
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
      WHERE id = ${id} AND fence = ${fence} AND ${OWN_CLOCK_IS_RIGHT}
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
