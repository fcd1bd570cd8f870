/** Forward-only schema. The table `migration` remembers each step with the hash of its text. */
import { sql } from 'kysely';
import { AppError, sha256Hex } from '../../shared/index.ts';
import type { Db } from './connection.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

export interface MigrationReport {
  /** Names of the steps taken now, in order. */
  readonly applied: readonly string[];
}

/** Takes all missing steps in one transaction; processes that start together wait for each other. @throws SCHEMA_UNKNOWN. */
export function migrate(db: Db, migrations: readonly Migration[] = MIGRATIONS): Promise<MigrationReport> {
  return db.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock(hashtextextended('antin/migrate', 0))`.execute(tx);
    await sql`CREATE TABLE IF NOT EXISTS migration (
      name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
    )`.execute(tx);
    const missing = await missingSteps(tx, migrations);
    for (const step of missing) {
      for (const statement of step.statements) await sql.raw(statement).execute(tx);
      await sql`INSERT INTO migration (name, sha256) VALUES (${step.name}, ${hashOf(step)})`.execute(tx);
    }
    return { applied: missing.map((step) => step.name) };
  });
}

/** @throws SCHEMA_OUTDATED when steps are missing, SCHEMA_UNKNOWN when the database has steps that we do not know. */
export async function checkSchema(db: Db, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const { rows } = await sql<{ found: boolean }>`SELECT to_regclass('migration') IS NOT NULL AS found`.execute(db);
  const missing = rows[0]?.found === true ? await missingSteps(db, migrations) : migrations;
  if (missing.length > 0) throw new AppError('SCHEMA_OUTDATED');
}

async function missingSteps(db: Db, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const { rows } = await sql<{ name: string; sha256: string }>`SELECT name, sha256 FROM migration`.execute(db);
  const known = new Map(migrations.map((step) => [step.name, hashOf(step)]));
  const strange = rows.filter((row) => known.get(row.name) !== row.sha256).map((row) => row.name);
  if (strange.length > 0) {
    const names = strange.join(', ');
    throw new AppError('SCHEMA_UNKNOWN', {
      detail: {
        vi: `Cơ sở dữ liệu có các bước nâng cấp mà phiên bản này không biết: ${names}.`,
        en: `The database has steps that this version does not know: ${names}.`,
      },
    });
  }
  const applied = new Set(rows.map((row) => row.name));
  return migrations.filter((step) => !applied.has(step.name));
}

function hashOf(step: Migration): string {
  return sha256Hex(JSON.stringify(step.statements));
}
