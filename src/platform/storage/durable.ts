/** File system steps whose effect is on disk when they return. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsync, openSync, writeFileSync } from 'node:fs';
import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../shared/index.ts';

/** The one step that waits for the disk; opening, writing into the page cache and closing take less than a trip to another thread. */
const reachDisk = promisify(fsync);

/** Writes a new file with a name of its own and fsyncs it. @returns its path. */
export async function writeTemporary(folder: string, bytes: Uint8Array, mode: number): Promise<string> {
  const path = join(folder, randomBytes(12).toString('hex'));
  const file = openSync(path, 'wx', mode);
  try {
    writeFileSync(file, bytes);
    await reachDisk(file);
  } finally {
    closeSync(file);
  }
  return path;
}

/** Gives `from` the additional name `to`, durably. @returns false, having changed nothing, if `to` exists. */
export async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
  await syncFolder(dirname(to));
  return true;
}

/** Renames over whatever is there, durably. */
export async function replace(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Removes a file durably; no matter if it is gone already. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path)).catch((error) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}

/** Makes a folder and its parents, for our account only; the names of new ones are durable. */
export async function makeFolder(path: string, root: string): Promise<void> {
  const firstNew = await mkdir(path, { recursive: true, mode: 0o700 });
  if (firstNew === undefined) return;
  for (let folder = path; folder.length >= root.length; folder = dirname(folder)) {
    await syncFolder(folder);
    if (dirname(folder) === folder) return;
  }
}

/** Makes the names in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    await reachDisk(folder);
  } finally {
    closeSync(folder);
  }
}

/** Nobody writes one file for as long as this. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Removes what a crash left half-written: by age, since another process may be writing here at this moment. */
export async function sweep(folder: string): Promise<number> {
  let swept = 0;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const left = await stat(path).catch(() => undefined);
    if (left === undefined || systemClock.now().getTime() - left.mtimeMs < ABANDONED_MS) continue;
    await rm(path, { force: true });
    swept += 1;
  }
  return swept;
}

/** Paths of all files below `root` relative to it with `/`, sorted by code unit, without reading whole trees into memory. */
export async function* filesBelow(root: string, within = ''): AsyncIterable<string> {
  const entries = await readdir(join(root, within), { withFileTypes: true }).catch((error) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  // A folder sorts by its name with the slash, as its files do among the keys.
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  for (const name of names) {
    if (name.endsWith('/')) yield* filesBelow(root, `${within}${name}`);
    else yield `${within}${name}`;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === code;
}
