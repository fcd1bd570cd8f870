/** The database at a place, also when another process of this machine has it open. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, type Log } from '../../shared/index.ts';
import type { DatabasePlace } from './database.ts';
import { livingHolder } from './embedded/data-dir-lock.ts';
import { assertDatabaseIn, homeOf } from './embedded/place.ts';
import { addressOf, startEmbeddedServer } from './embedded/server.ts';
import { refuseMoved } from './moved-mark.ts';

/** An owned resource. */
export interface ReachedDatabase {
  /** Address with password, for clients on this machine. */
  readonly url: string;
  /** Another process owns the server: it may stop it at any time, and writes while we read. */
  readonly shared: boolean;
  /** Stops what was started. */
  release(): Promise<void>;
}

const WAIT_MS = 60_000;

/**
 * A server by its address; a private one by joining it where a living process has it open, else by starting it.
 * @throws DATABASE_MOVED, DATABASE_START_FAILED (also when there is none yet), DATA_DIR_IN_USE (the owner's server does not come up, or belongs to another account).
 */
export async function reachDatabase(at: DatabasePlace, options: { log?: Log } = {}): Promise<ReachedDatabase> {
  if ('url' in at) return { url: at.url, shared: true, release: async () => undefined };
  refuseMoved(at.dataDir);
  const joined = await joinServer(at.dataDir);
  if (joined !== undefined) return { url: joined, shared: true, release: async () => undefined };
  assertDatabaseIn(at.dataDir);
  const server = await startEmbeddedServer({ ...at, ...options });
  return { url: server.url, shared: false, release: server.stop };
}

/** The address of the server that a living process runs in `dataDir`, waited for while it starts; `undefined`: nobody has it open. */
export async function joinServer(dataDir: string): Promise<string | undefined> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const holder = livingHolder(dataDir);
    if (holder === undefined) return undefined;
    const url = runningAddress(dataDir);
    if (url !== undefined) return url;
    if (performance.now() > deadline) throw new AppError('DATA_DIR_IN_USE', { extra: { pid: holder.pid } });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** PostgreSQL writes its port and `ready` into `postmaster.pid` (lines 4 and 8). */
function runningAddress(dataDir: string): string | undefined {
  const home = homeOf(dataDir);
  const [pidFile, passwordFile] = [join(home, 'data', 'postmaster.pid'), join(home, 'password')];
  if (!existsSync(pidFile) || !existsSync(passwordFile)) return undefined;
  try {
    const lines = readFileSync(pidFile, 'utf8')
      .split('\n')
      .map((line) => line.trim());
    const port = Number(lines[3]);
    if (lines[7] !== 'ready' || !Number.isInteger(port)) return undefined;
    return addressOf(port, readFileSync(passwordFile, 'utf8').trim());
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('DATA_DIR_IN_USE', { cause });
  }
}
