/** One embedded server a test file, with a fresh migrated database: `const database = useDatabase()` at the top of the file. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Database, openDatabase } from '../../src/platform/db/index.ts';
import { newId } from '../../src/shared/index.ts';

/** Registers beforeAll/afterAll; the returned function gives the open database inside tests. */
export function useDatabase(): () => Database {
  const dataDir = temporaryFolder();
  let database: Database | undefined;
  beforeAll(async () => {
    database = await openDatabase({ dataDir: dataDir.path, stateDir: join(dataDir.path, 'state') });
  });
  afterAll(async () => {
    await database?.close();
    dataDir.remove();
  });
  return () => {
    if (database === undefined) throw new Error('the database is open only inside tests and hooks');
    return database;
  };
}

/** A new folder that every account of the machine may pass through, as the server's account must. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'antin-test-'));
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A facility row with a new id, so that tests in one file do not meet. */
export async function insertFacility(database: Database, name = 'Bệnh viện Đa khoa Minh Hoạ'): Promise<string> {
  const now = new Date();
  const id = newId(now);
  await database.db.insertInto('facility').values({ id, name, created_at: now }).execute();
  return id;
}
