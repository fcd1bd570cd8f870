/** An empty database filled with what a snapshot held: schema, rows, counters. All of it or nothing. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sql } from 'kysely';
import { from } from 'pg-copy-streams';
import { AppError } from '../../../shared/index.ts';
import type { Db, Tx } from '../connection.ts';
import { type MigrationReport, missingSteps, type TakenStep, takeMissingSteps } from '../migrate.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import { type Session, withSession } from './session.ts';
import { copyOut, quoted } from './snapshot.ts';
import { type CounterPosition, listTables, setCounter, type TableShape } from './tables.ts';

export interface Refill {
  /** Steps of the schema that the rows belong to. */
  readonly schema: readonly TakenStep[];
  readonly tables: readonly TableShape[];
  readonly counters: readonly CounterPosition[];
  /** COPY text, as `Snapshot.copyOut` gave it. */
  rowsOf(table: TableShape): Readable;
  /** Further writes of the same transaction, once the schema is the newest. */
  alongside?(tx: Tx): Promise<void>;
}

/** Whether nothing of anybody lies in the schema in use. @throws DATABASE_UNREACHABLE. */
export function isEmptyDatabase(url: string): Promise<boolean> {
  return withSession(url, ({ db }) => isEmpty(db));
}

/**
 * Makes the schema as it was, copies the rows in, reads them back and compares, sets the counters, then takes the steps that came
 * since: one transaction, so that an end in the middle leaves the database empty. Triggers stay on; rows go in after those that they
 * refer to. @throws DATABASE_NOT_EMPTY, SCHEMA_UNKNOWN (the rows are from a newer version), DIGEST_MISMATCH, DATABASE_UNREACHABLE.
 */
export function refillDatabase(url: string, refill: Refill): Promise<MigrationReport> {
  const later = new Set(missingSteps(refill.schema, MIGRATIONS).map(({ name }) => name));
  return withSession(url, async (session) => {
    const report = await session.db.transaction().execute(async (tx) => {
      if (!(await isEmpty(tx))) throw new AppError('DATABASE_NOT_EMPTY');
      await takeMissingSteps(
        tx,
        MIGRATIONS.filter(({ name }) => !later.has(name)),
      );
      for (const table of inOrder(await listTables(tx), refill.tables))
        await refillTable(session, table, refill.rowsOf(table));
      for (const counter of refill.counters) await setCounter(tx, counter);
      const migrated = await takeMissingSteps(tx, MIGRATIONS);
      await refill.alongside?.(tx);
      return migrated;
    });
    await sql`ANALYZE`.execute(session.db);
    return report;
  });
}

async function isEmpty(db: Db): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*) AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')`.execute(db);
  return rows[0]?.n === 0;
}

/** The kept tables in the order of the made ones. @throws DIGEST_MISMATCH when they are not the same tables. */
function inOrder(made: readonly TableShape[], kept: readonly TableShape[]): TableShape[] {
  const byName = new Map(kept.map((table) => [table.name, table]));
  const tables = made.flatMap(({ name }) => byName.get(name) ?? []);
  if (tables.length !== made.length || kept.length !== made.length) {
    throw new AppError('DIGEST_MISMATCH', {
      detail: {
        vi: 'Các bảng trong bản sao không phải là các bảng của phiên bản đã ghi.',
        en: 'The tables of the copy are not those of the schema that it names.',
      },
    });
  }
  return tables;
}

async function refillTable(session: Session, table: TableShape, rows: Readable): Promise<void> {
  const given = createHash('sha256');
  const columns = table.columns.map(quoted).join(', ');
  await pipeline(
    rows,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        given.update(chunk);
        yield chunk;
      }
    },
    session.client.query(from(`COPY ${quoted(table.name)} (${columns}) FROM STDIN`)),
  );
  const found = createHash('sha256');
  for await (const chunk of copyOut(session, table)) found.update(chunk);
  if (given.digest('hex') === found.digest('hex')) return;
  throw new AppError('DIGEST_MISMATCH', {
    detail: {
      vi: `Bảng ${table.name} đọc lại không giống bản sao.`,
      en: `The table ${table.name}, read back, is not what the copy holds.`,
    },
  });
}
