/** Statements that come again are prepared once a connection, so that the server parses and plans them once. */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import { sha256Hex } from '../../shared/index.ts';
import { connectionError } from './connection-error.ts';

/** A statement is named when it comes for the third time; texts with lists of varying length rarely do. */
const REPEATS = 3;
/** Texts that are remembered, and so names that a connection can hold at most. */
const MOST_TEXTS = 500;

/** The pool as Kysely takes it. */
export function preparing(pool: pg.Pool): PostgresPool {
  const nameOf = createNames();
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect().catch(rethrow);
      const known = clients.get(client);
      if (known !== undefined) return known;
      const query = (text: unknown, values?: readonly unknown[]) => {
        // Not a statement but a cursor, which answers through its own verbs.
        if (typeof text !== 'string') return client.query(text as string);
        if (values === undefined || values.length === 0) return client.query(text).catch(rethrow);
        const name = nameOf(text);
        return client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) }).catch(rethrow);
      };
      const facade: PostgresPoolClient = Object.create(client, { query: { value: query } });
      clients.set(client, facade);
      return facade;
    },
  };
}

/** A server that went away is one, whether a transaction was open or not. */
function rethrow(error: unknown): never {
  throw connectionError(error);
}

/** Names by digest: PostgreSQL cuts names at 63 bytes. */
function createNames(): (text: string) => string | undefined {
  const seen = new Map<string, { times: number; readonly name: string }>();
  return (text) => {
    const known = seen.get(text);
    if (known === undefined) {
      if (seen.size < MOST_TEXTS) seen.set(text, { times: 1, name: `antin_${sha256Hex(text).slice(0, 40)}` });
      return undefined;
    }
    known.times += 1;
    return known.times < REPEATS ? undefined : known.name;
  };
}
