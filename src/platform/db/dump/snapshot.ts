/** Everything that the database holds at one moment, as a stream of COPY text a table, while others go on writing. */
import type { Readable } from 'node:stream';
import { sql } from 'kysely';
import { to } from 'pg-copy-streams';
import type { Tx } from '../connection.ts';
import { missingSteps, type TakenStep, takenSteps } from '../migrate.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import { type Session, withSession } from './session.ts';
import { type CounterPosition, listCounters, listTables, type TableShape } from './tables.ts';

export interface Snapshot {
  /** For further reads of the same moment. Not while a stream of `copyOut` is open: they share one connection. */
  readonly tx: Tx;
  /** By the clock of the database. */
  readonly takenAt: Date;
  /** Steps of the schema, in order. */
  readonly schema: readonly TakenStep[];
  /** Each after those that it refers to. */
  readonly tables: readonly TableShape[];
  readonly counters: readonly CounterPosition[];
  /** The rows in the text format of COPY, UTF-8, times in UTC: the same bytes on every server. */
  copyOut(table: TableShape): Readable;
}

/**
 * Runs `read` within one read-only REPEATABLE READ transaction on a connection of its own. An older schema is fine, so that a copy
 * can be made before an upgrade. @throws DATABASE_UNREACHABLE, SCHEMA_UNKNOWN (a newer schema), SCHEMA_OUTDATED (no schema at all).
 */
export function withSnapshot<T>(url: string, read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  return withSession(url, (session) =>
    session.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (tx) => {
        const { rows } = await sql<{ at: Date }>`SELECT now() AS at`.execute(tx);
        const schema = await takenSteps(tx);
        missingSteps(schema, MIGRATIONS);
        return read({
          tx,
          takenAt: rows[0]?.at ?? new Date(Number.NaN),
          schema,
          tables: schema.length === 0 ? [] : await listTables(tx),
          // Counters stand outside of snapshots: they may be ahead of the rows, which loses nothing.
          counters: schema.length === 0 ? [] : await listCounters(tx),
          copyOut: (table) => copyOut(session, table),
        });
      }),
  );
}

export function copyOut({ client }: Session, { name, columns }: TableShape): Readable {
  return client.query(to(`COPY ${quoted(name)} (${columns.map(quoted).join(', ')}) TO STDOUT`));
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
