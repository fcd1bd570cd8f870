import { Kysely, sql } from 'kysely';
import pg from 'pg';
import { type Log, silentLog } from '../../shared/index.ts';
import type { Db, Tx } from './connection.ts';
import { connectionError } from './connection-error.ts';
import { postgresDialect } from './dialect.ts';
import { startEmbeddedServer } from './embedded/server.ts';
import { listenOn } from './listen.ts';
import { checkSchema, migrate } from './migrate.ts';
import { refuseMoved } from './moved-mark.ts';
import { preparing } from './prepared.ts';
import { rowTypes } from './row-types.ts';
import type { Schema } from './schema.ts';

/** An owned resource: whoever opened it closes it. */
export interface Database {
  /** For reads outside a transaction. A transaction is a `Db` too, so readers take `Db`. */
  readonly db: Db;
  /**
   * Runs `fn` in one transaction; commits durably (fsync) when it resolves, rolls back when it rejects. READ COMMITTED.
   * Writes put off by `writeTogether` are sent at the latest at the commit, and their conditions checked then.
   */
  transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** Has `fn` called once `tx` (from `transaction`) has committed; never if it rolls back. Nothing durable may hang on it. */
  afterCommit(tx: Tx, fn: () => void): void;
  /** Runs `fn` while holding the named lock of the whole database; `undefined` at once if another session holds it. */
  withLock<T>(name: string, fn: () => Promise<T>): Promise<T | undefined>;
  /**
   * Calls `hear` for each NOTIFY on the channel, reconnecting when the link breaks. @returns a function that stops it.
   * A private server is locked to this process: there the channel is kept in memory.
   */
  listen(channel: string, hear: () => void): Promise<() => Promise<void>>;
  /** Wakes the listeners of a channel in every process. Not part of a transaction: those would commit one by one. */
  notify(channel: string): Promise<void>;
  /** Stops listening and closes the pool; an embedded server is stopped cleanly and its directory unlocked. */
  close(): Promise<void>;
}

/** A server by its address, or a private one in `dataDir` (see `embedded/place.ts` for `stateDir`). */
export type DatabasePlace = { readonly url: string } | { readonly dataDir: string; readonly stateDir?: string };

export interface OpenOptions {
  readonly log?: Log;
  /** Most connections at once. Default 10. */
  readonly connections?: number;
  /**
   * `migrate` (default): bring the schema up to date; processes that start together wait for each other. `require`: refuse an
   * older one with SCHEMA_OUTDATED, naming both versions. A newer one is always refused, with SCHEMA_UNKNOWN.
   */
  readonly schema?: 'migrate' | 'require';
}

/**
 * Opens the server at `url`, or the private one in `dataDir` (created on first use, locked while open).
 * @throws DATA_DIR_IN_USE (names the pid), DATABASE_MOVED, DATABASE_START_FAILED, DATABASE_UNREACHABLE, SCHEMA_UNKNOWN, SCHEMA_OUTDATED.
 */
export async function openDatabase(at: DatabasePlace, options: OpenOptions = {}): Promise<Database> {
  const log = options.log ?? silentLog;
  if ('dataDir' in at) refuseMoved(at.dataDir);
  const server = 'dataDir' in at ? await startEmbeddedServer({ ...at, log }) : undefined;
  const url = 'dataDir' in at ? (server?.url ?? '') : at.url;
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections ?? 10,
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: 120_000,
    // What is prepared is planned once: none of our statements is planned better by knowing its parameters.
    options: '-c plan_cache_mode=force_generic_plan',
    types: rowTypes,
  });
  // A connection that breaks while idle is replaced at the next use.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'));
  // One that breaks while a transaction holds it fails its query; its own event must not bring the process down.
  pool.on('connect', (client) =>
    client.on('error', (error) => log.warn({ err: error }, 'a database connection broke')),
  );
  const db = new Kysely<Schema>({ dialect: postgresDialect(preparing(pool)) });
  const listeners = new Set<() => Promise<void>>();
  const close = async () => {
    for (const stop of listeners) await stop();
    await db.destroy();
    await server?.stop();
  };
  try {
    if (options.schema === 'require') await checkSchema(db);
    else await migrate(db);
  } catch (error) {
    await close();
    throw connectionError(error);
  }
  if (server !== undefined) return { ...verbs(db), ...inMemoryChannels(), close };
  return {
    ...verbs(db),
    listen: async (channel, hear) => {
      const stop = await listenOn(url, channel, hear, log);
      listeners.add(stop);
      return () => {
        listeners.delete(stop);
        return stop();
      };
    },
    notify: async (channel) => {
      await sql`SELECT pg_notify(${channel}, '')`.execute(db);
    },
    close,
  };
}

/** The server of a data directory is locked to this process, so nobody else can be listening. */
function inMemoryChannels(): Pick<Database, 'listen' | 'notify'> {
  const listeners = new Map<() => void, string>();
  return {
    listen: async (channel, hear) => {
      const listener = (): void => hear();
      listeners.set(listener, channel);
      return async () => {
        listeners.delete(listener);
      };
    },
    notify: async (channel) => {
      for (const [hear, at] of listeners) if (at === channel) hear();
    },
  };
}

function verbs(db: Db): Omit<Database, 'listen' | 'notify' | 'close'> {
  const commitHooks = new WeakMap<object, (() => void)[]>();
  return {
    db,
    transaction: async (fn) => {
      const hooks: (() => void)[] = [];
      try {
        const result = await db.transaction().execute((tx) => {
          commitHooks.set(tx, hooks);
          return fn(tx);
        });
        for (const hook of hooks) hook();
        return result;
      } catch (error) {
        throw connectionError(error);
      }
    },
    afterCommit: (tx, fn) => {
      const hooks = commitHooks.get(tx);
      if (hooks === undefined) throw new TypeError('afterCommit needs a transaction of this database');
      hooks.push(fn);
    },
    withLock: (name, fn) =>
      db.connection().execute(async (session) => {
        const key = sql`hashtextextended(${`antin/${name}`}, 0)`;
        const { rows } = await sql<{ got: boolean }>`SELECT pg_try_advisory_lock(${key}) AS got`.execute(session);
        if (rows[0]?.got !== true) return undefined;
        try {
          return await fn();
        } finally {
          await sql`SELECT pg_advisory_unlock(${key})`.execute(session);
        }
      }),
  };
}
