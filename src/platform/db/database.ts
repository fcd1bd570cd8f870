import type { Kysely, Transaction } from 'kysely';
import type { Log } from '../../shared/index.ts';
import type { Schema } from './schema.ts';

export type Db = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/** An owned resource: whoever opened it closes it. */
export interface Database {
  /** For reads outside a transaction. A transaction is a `Db` too, so readers take `Db`. */
  readonly db: Db;
  /** Runs `fn` in one transaction; commits durably (fsync) when it resolves, rolls back when it rejects. READ COMMITTED. */
  transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `fn` while holding the named lock of the whole database; `undefined` at once if another session holds it. */
  withLock<T>(name: string, fn: () => Promise<T>): Promise<T | undefined>;
  /** Calls `hear` for each NOTIFY on the channel, reconnecting when the link breaks. @returns a function that stops it. */
  listen(channel: string, hear: () => void): Promise<() => Promise<void>>;
  /** Closes the pool; an embedded server is stopped cleanly and its directory unlocked. */
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly log?: Log;
  /** Most connections at once. Default 10. */
  readonly connections?: number;
  /** Bring the schema up to date (default), or refuse with SCHEMA_OUTDATED. A newer schema is always refused with SCHEMA_UNKNOWN. */
  readonly migrate?: boolean;
}

/**
 * Opens the server at `url`, or the private one in `dataDir` (created on first use, locked while open).
 * @throws DATA_DIR_IN_USE (names the pid), DATABASE_START_FAILED, DATABASE_UNREACHABLE, SCHEMA_UNKNOWN, SCHEMA_OUTDATED.
 */
export declare function openDatabase(
  at: { readonly url: string } | { readonly dataDir: string },
  options?: OpenOptions,
): Promise<Database>;
