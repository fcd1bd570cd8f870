/**
 * PostgreSQL: a server named by its address, or a private one kept in the data directory. The callers see no difference.
 *
 * Row types: `uuid` and `text` are strings, `bigint` is a number (refused beyond 2^53), `timestamptz` is a `Date`,
 * `date` is `YYYY-MM-DD`, `bytea` is a `Uint8Array`, `jsonb` is read as a value and written as JSON text.
 */
export type { Db, Tx } from './connection.ts';
export { type Database, type DatabasePlace, type OpenOptions, openDatabase } from './database.ts';
export { withNamedLock, withTransaction } from './dump/at-url.ts';
export { isEmptyDatabase, type Refill, refillDatabase } from './dump/refill.ts';
export { type Snapshot, withSnapshot } from './dump/snapshot.ts';
export type { CounterPosition, TableShape } from './dump/tables.ts';
export { type EmbeddedServer, type EmbeddedServerOptions, startEmbeddedServer } from './embedded/server.ts';
export { checkSchema, type MigrationReport, migrate, type TakenStep } from './migrate.ts';
export { MIGRATIONS } from './migrations/index.ts';
export type { Migration } from './migrations/migration.ts';
export { moment, type SharedClock } from './moment.ts';
export { type Move, type Moved, moveDatabase } from './move.ts';
export {
  clockAheadMs,
  clockProblem,
  clockWrong,
  isClockRight,
  MOST_CLOCK_ERROR_MS,
  OWN_CLOCK_IS_RIGHT,
} from './own-clock.ts';
export { joinServer, type ReachedDatabase, reachDatabase } from './reach.ts';
export type * from './schema/archive.ts';
export type * from './schema/operations.ts';
export type * from './schema/parties.ts';
export type * from './schema/platform.ts';
export type * from './schema/records.ts';
export type * from './schema/worm-probe.ts';
export type { Schema } from './schema.ts';
export { type Condition, type Write, writeTogether } from './write-together.ts';
