/**
 * One process a data directory. The lock is a file that names its holder by pid and birth, put in place by `link`
 * (which never overwrites), so it needs no clean-up after a crash: a holder that no longer lives holds nothing.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../../shared/index.ts';
import { processBirth } from './process.ts';

interface Holder {
  readonly pid: number;
  readonly birth: string;
}

export interface DataDirLock {
  release(): void;
}

/** Locks an existing directory. @throws DATA_DIR_IN_USE naming the pid of the living holder. */
export function lockDataDir(dataDir: string): DataDirLock {
  const path = join(dataDir, 'antin.lock');
  const own: Holder = { pid: process.pid, birth: processBirth(process.pid) ?? 'unknown' };
  const text = JSON.stringify(own);
  const candidate = `${path}.${process.pid}`;
  writeFileSync(candidate, text, { mode: 0o644 });
  try {
    // A stale lock is moved away at most once per rival that starts at the same moment.
    for (let tries = 0; tries < 20; tries += 1) {
      if (tryLink(candidate, path)) return { release: () => releaseIfOwn(path, text) };
      const found = readLock(path);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder !== undefined && isAlive(holder)) throw inUse(dataDir, holder.pid);
      removeStale(path, found);
    }
    throw inUse(dataDir, 0);
  } finally {
    rmSync(candidate, { force: true });
  }
}

/** The living process that holds the directory, if there is one. */
export function livingHolder(dataDir: string): { readonly pid: number } | undefined {
  const found = readLock(join(dataDir, 'antin.lock'));
  const holder = found === undefined ? undefined : parseHolder(found);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the dead lock away; if a rival had already replaced it, the rival's is put back. */
function removeStale(path: string, staleText: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readLock(aside) !== staleText) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function releaseIfOwn(path: string, text: string): void {
  if (readLock(path) === text) rmSync(path, { force: true });
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.pid === 'number' && typeof value.birth === 'string'
      ? { pid: value.pid, birth: value.birth }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Our own pid with our own birth is alive too: a second open within one process is refused like any other. */
function isAlive(holder: Holder): boolean {
  return processBirth(holder.pid) === holder.birth;
}

function inUse(dataDir: string, pid: number): AppError {
  return new AppError('DATA_DIR_IN_USE', {
    detail: {
      vi: `Tiến trình ${pid} đang dùng thư mục dữ liệu ${dataDir}.`,
      en: `Process ${pid} is using the data directory ${dataDir}.`,
    },
    extra: { pid },
  });
}
