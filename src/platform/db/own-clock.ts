/** A process's own clock, held against the one that all processes share. */
import { type RawBuilder, sql } from 'kysely';
import { AppError, type Clock } from '../../shared/index.ts';
import type { Db } from './connection.ts';
import type { SharedClock } from './moment.ts';

/** Further off than this, a clock is wrong: it is also about what stores and time-stamp services put up with. */
export const MOST_CLOCK_ERROR_MS = 60_000;

/** By how many milliseconds `own` is ahead, in SQL. The way to the database counts as being behind. */
export function clockAheadMs(shared: SharedClock, own: Clock): RawBuilder<number> {
  if (shared !== 'database') return sql<number>`0::float8`;
  return sql<number>`(extract(epoch FROM ${own.now()}::timestamptz - statement_timestamp()) * 1000)::float8`;
}

/** Whether `own` may be gone by, in SQL. */
export function isClockRight(shared: SharedClock, own: Clock): RawBuilder<boolean> {
  return sql<boolean>`abs(${clockAheadMs(shared, own)}) <= ${MOST_CLOCK_ERROR_MS}`;
}

/** The same, in a statement that tells `ahead_ms` as well: from a part `own_clock` of its WITH. */
export const OWN_CLOCK_IS_RIGHT = sql<boolean>`(SELECT abs(ahead_ms) <= ${sql.lit(MOST_CLOCK_ERROR_MS)} FROM own_clock)`;

/** @returns CLOCK_WRONG with by how much; undefined: the clock is right. */
export async function clockProblem(db: Db, shared: SharedClock, own: Clock): Promise<AppError | undefined> {
  const { rows } = await sql<{ ahead: number }>`SELECT ${clockAheadMs(shared, own)} AS ahead`.execute(db);
  return clockWrong(rows[0]?.ahead ?? 0);
}

/** @returns CLOCK_WRONG; undefined where so much is no error. */
export function clockWrong(aheadMs: number): AppError | undefined {
  if (Math.abs(aheadMs) <= MOST_CLOCK_ERROR_MS) return undefined;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  return new AppError('CLOCK_WRONG', {
    detail: {
      vi: `Đồng hồ của tiến trình này chạy ${aheadMs > 0 ? 'nhanh' : 'chậm'} ${seconds} giây so với cơ sở dữ liệu.`,
      en: `The clock of this process is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the database's.`,
    },
    extra: { aheadSeconds: aheadMs > 0 ? seconds : -seconds },
  });
}
