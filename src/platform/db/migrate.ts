/** Forward-only schema. The table `migration` remembers each step with the hash of its text. */
import { sql } from 'kysely';
import { AppError, sha256Hex } from '../../shared/index.ts';
import type { Db, Tx } from './connection.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

export interface MigrationReport {
  /** Names of the steps taken now, in order. */
  readonly applied: readonly string[];
}

/** A step as the database remembers it. */
export interface TakenStep {
  readonly name: string;
  readonly sha256: string;
}

/** Takes all missing steps in one transaction; processes that start together wait for each other. @throws SCHEMA_UNKNOWN. */
export function migrate(db: Db, migrations: readonly Migration[] = MIGRATIONS): Promise<MigrationReport> {
  return db.transaction().execute((tx) => takeMissingSteps(tx, migrations));
}

/** The same within a transaction of the caller. */
export async function takeMissingSteps(tx: Tx, migrations: readonly Migration[]): Promise<MigrationReport> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended('antin/migrate', 0))`.execute(tx);
  await sql`CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
  )`.execute(tx);
  const missing = missingSteps(await takenSteps(tx), migrations);
  for (const step of missing) {
    for (const statement of step.statements) await sql.raw(statement).execute(tx);
    await sql`INSERT INTO migration (name, sha256) VALUES (${step.name}, ${hashOf(step)})`.execute(tx);
  }
  return { applied: missing.map((step) => step.name) };
}

/** @throws SCHEMA_OUTDATED when steps are missing, SCHEMA_UNKNOWN when the database has steps that we do not know. */
export async function checkSchema(db: Db, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const taken = await takenSteps(db);
  if (missingSteps(taken, migrations).length === 0) return;
  const [at, needed] = [versionOf(taken), versionOf(migrations)];
  throw new AppError('SCHEMA_OUTDATED', {
    detail: {
      vi: `Cơ sở dữ liệu ở phiên bản ${at}; chương trình này cần ${needed}.`,
      en: `The database is at ${at}; this program needs ${needed}.`,
    },
    extra: { database: at, program: needed },
  });
}

/** The steps that a database has taken, in order; none: it is empty or somebody else's. */
export async function takenSteps(db: Db): Promise<TakenStep[]> {
  const { rows: found } = await sql<{ found: boolean }>`SELECT to_regclass('migration') IS NOT NULL AS found`.execute(
    db,
  );
  if (found[0]?.found !== true) return [];
  return (await sql<TakenStep>`SELECT name, sha256 FROM migration ORDER BY name`.execute(db)).rows;
}

/** Those of ours that are not among the taken ones. @throws SCHEMA_UNKNOWN when a taken one is none of ours. */
export function missingSteps(taken: readonly TakenStep[], migrations: readonly Migration[]): readonly Migration[] {
  const known = new Map(migrations.map((step) => [step.name, hashOf(step)]));
  const strange = taken.filter((step) => known.get(step.name) !== step.sha256).map((step) => step.name);
  if (strange.length > 0) {
    const [at, ours, names] = [versionOf(taken), versionOf(migrations), strange.join(', ')];
    throw new AppError('SCHEMA_UNKNOWN', {
      detail: {
        vi: `Cơ sở dữ liệu ở phiên bản ${at}; chương trình này chỉ biết đến ${ours}. Các bước lạ: ${names}.`,
        en: `The database is at ${at}; this program knows up to ${ours}. Unknown steps: ${names}.`,
      },
      extra: { database: at, program: ours },
    });
  }
  const names = new Set(taken.map((step) => step.name));
  return migrations.filter((step) => !names.has(step.name));
}

const versionOf = (steps: readonly { readonly name: string }[]): string => steps.at(-1)?.name ?? '0000';

function hashOf(step: Migration): string {
  return sha256Hex(JSON.stringify(step.statements));
}
