import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../../shared/index.ts';

/**
 * By which clock leases and due times are kept. Several processes go by the database's, which is one: whose own clock is
 * wrong neither takes what others hold nor puts work off. Tests give a clock of theirs.
 */
export type SharedClock = Clock | 'database';

/** The present in SQL, and a while from then on. The same within one statement. */
export function moment(clock: SharedClock, later = 0): RawBuilder<Date> {
  if (clock !== 'database') return sql<Date>`${new Date(clock.now().getTime() + later)}::timestamptz`;
  if (later === 0) return sql<Date>`statement_timestamp()`;
  return sql<Date>`statement_timestamp() + ${later} * interval '1 millisecond'`;
}
