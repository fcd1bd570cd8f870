/** One connection on which both Kysely and the COPY protocol speak, so that both see the same transaction. */
import { Kysely } from 'kysely';
import pg from 'pg';
import type { Db } from '../connection.ts';
import { connectionError } from '../connection-error.ts';
import { postgresDialect } from '../dialect.ts';
import { rowTypes } from '../row-types.ts';
import type { Schema } from '../schema.ts';

export interface Session {
  readonly db: Db;
  readonly client: pg.Client;
}

/** Texts of values must not hang on how a server is set up, nor the order of rows on who else is reading. */
const SETTINGS = [
  "SET client_encoding = 'UTF8'",
  "SET datestyle = 'ISO, YMD'",
  "SET intervalstyle = 'iso_8601'",
  "SET timezone = 'UTC'",
  "SET bytea_output = 'hex'",
  'SET extra_float_digits = 3',
  'SET synchronize_seqscans = off',
  'SET statement_timeout = 0',
  'SET idle_in_transaction_session_timeout = 0',
];

/** @throws DATABASE_UNREACHABLE, what `work` throws. */
export async function withSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types: rowTypes,
  });
  // A connection that breaks fails the query at work; its own event must not bring the process down.
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (const setting of SETTINGS) await client.query(setting);
    const kept = Object.create(client, {
      // The client keeps its state on itself.
      query: { value: client.query.bind(client) },
      release: { value: () => undefined },
    });
    const db = new Kysely<Schema>({
      dialect: postgresDialect({ connect: async () => kept, end: async () => undefined, options: {} }),
    });
    return await work({ db, client });
  } catch (error) {
    throw connectionError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
