/** What there is to copy: tables with their columns, in an order that keeps references whole, and where counters stand. */
import { sql } from 'kysely';
import type { Db } from '../connection.ts';

export interface TableShape {
  readonly name: string;
  /** In their order; computed columns are left out, since nobody may write them. */
  readonly columns: readonly string[];
}

/** Where the numbers of an identity column stand. */
export interface CounterPosition {
  readonly table: string;
  readonly column: string;
  /** As text: it may be beyond 2^53. */
  readonly last: string;
  /** False: `last` is the next number, not one that was given. */
  readonly called: boolean;
}

/** All tables of the schema in use but `migration`, each after those that it refers to. @throws TypeError for a ring of references. */
export async function listTables(db: Db): Promise<TableShape[]> {
  const { rows } = await sql<TableShape & { readonly needs: string[] }>`
    SELECT c.relname AS name,
      ARRAY(SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
      ARRAY(SELECT DISTINCT other.relname::text FROM pg_constraint k JOIN pg_class other ON other.oid = k.confrelid
        WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.confrelid <> c.oid) AS needs
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'migration'
    ORDER BY c.relname`.execute(db);
  const ordered: TableShape[] = [];
  const done = new Set<string>();
  let left = rows;
  while (left.length > 0) {
    const ready = left.filter(({ needs }) => needs.every((name) => done.has(name)));
    if (ready.length === 0)
      throw new TypeError(`tables refer to each other: ${left.map(({ name }) => name).join(', ')}`);
    for (const { name, columns } of ready) {
      ordered.push({ name, columns });
      done.add(name);
    }
    left = left.filter(({ name }) => !done.has(name));
  }
  return ordered;
}

export async function listCounters(db: Db): Promise<CounterPosition[]> {
  const { rows } = await sql<{ table: string; column: string; sequence: string }>`
    SELECT c.relname AS "table", a.attname AS "column", pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
      AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL
    ORDER BY c.relname, a.attnum`.execute(db);
  const counters: CounterPosition[] = [];
  for (const { table, column, sequence } of rows) {
    // The name comes quoted from the server.
    const position = sql<{
      last: string;
      called: boolean;
    }>`SELECT last_value::text AS last, is_called AS called FROM ${sql.raw(sequence)}`;
    const found = (await position.execute(db)).rows[0];
    if (found !== undefined) counters.push({ table, column, ...found });
  }
  return counters;
}

/** Never backward: a number that a row of the table holds is not given again, whatever the backup says. */
export async function setCounter(db: Db, { table, column, last, called }: CounterPosition): Promise<void> {
  const sequence = sql`pg_get_serial_sequence(quote_ident(${table}), ${column})`;
  await sql`SELECT setval(${sequence}, ${last}::bigint, ${called})`.execute(db);
  await sql`SELECT setval(${sequence}, max(${sql.id(column)})) FROM ${sql.id(table)} HAVING max(${sql.id(column)}) > ${last}::bigint`.execute(
    db,
  );
}
