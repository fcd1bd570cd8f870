/** Files of a backup: hashed while they are written, on disk when the call returns, for the owner only. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface WrittenFile {
  readonly sha256: string;
  readonly size: number;
}

/** @throws what the file system throws; the file must not exist. */
export async function writeFileHashed(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  mode = 0o600,
): Promise<WrittenFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', mode);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      size += chunk.length;
      await file.writeFile(chunk);
    }
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), size };
}

export async function hashFile(path: string): Promise<WrittenFile> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), size };
}

/** Gives an existing file a second name, if the file system can and the bytes are these. */
export async function linkIfSame(from: string, to: string, wanted: WrittenFile): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  try {
    await link(from, to);
    const found = await hashFile(to);
    if (found.sha256 === wanted.sha256 && found.size === wanted.size) return true;
  } catch {
    // Not there, another device, a file system without links, unreadable: the caller copies.
  }
  await rm(to, { force: true });
  return false;
}

/** Paths of all files below `root`, relative, with `/`, sorted; `undefined` if there is no such folder. A file alone is `''`. */
export async function listFiles(root: string): Promise<string[] | undefined> {
  const found = await stat(root).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isFile()) return [''];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

/** Makes the names in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await folder.sync();
  await folder.close();
}

/** The same for all folders below `root`, and it. */
export async function syncFolders(root: string): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  for (const folder of [...folders, root]) await syncFolder(folder);
}

/** Runs `work` for every item, `atOnce` at a time; the first failure ends it. */
export async function forEach<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | undefined;
  for await (const item of items) {
    const one = work(item)
      .catch((thrown) => {
        failure ??= { thrown };
      })
      .finally(() => running.delete(one));
    running.add(one);
    if (running.size >= atOnce) await Promise.race(running);
    if (failure !== undefined) break;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.thrown;
}
