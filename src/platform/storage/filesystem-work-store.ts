import { readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, sha256Hex } from '../../shared/index.ts';
import { filesBelow, hasCode, makeFolder, removeDurably, replace, sweep, writeTemporary } from './durable.ts';
import { assertObjectKey } from './object-key.ts';
import type { WorkStore } from './object-store.ts';

/** Opens (creates) the work store in `directory`; sweeps files that a crash left half-written. */
export async function createFilesystemWorkStore(deps: { directory: string }): Promise<WorkStore> {
  const objects = join(deps.directory, 'objects');
  const temporary = join(deps.directory, 'temporary');
  await makeFolder(objects, deps.directory);
  await makeFolder(temporary, deps.directory);
  await sweep(temporary);
  const pathOf = (key: string): string => {
    assertObjectKey(key);
    return join(objects, key);
  };
  return {
    put: async (key, bytes, known) => {
      const path = pathOf(key);
      const written = await writeTemporary(temporary, bytes, 0o640);
      try {
        await makeFolder(dirname(path), objects);
        await replace(written, path);
      } catch (error) {
        await rm(written, { force: true });
        throw error;
      }
      return { sha256: known ?? sha256Hex(bytes), size: bytes.length };
    },
    get: async (key, expectedSha256) => checkDigest(await readOrNotFound(pathOf(key)), expectedSha256),
    delete: async (key) => removeDurably(pathOf(key)),
    deleteAll: async (folder) => rm(pathOf(folder), { recursive: true, force: true }),
    list: async function* (prefix) {
      for await (const key of keysBelow(objects, prefix)) {
        const found = await stat(pathOf(key)).catch(() => undefined);
        // Gone meanwhile.
        if (found !== undefined) yield { key, storedAt: found.mtime };
      }
    },
  };
}

/** @throws OBJECT_NOT_FOUND. */
export async function readOrNotFound(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) throw new AppError('OBJECT_NOT_FOUND');
    throw error;
  }
}

/** @throws DIGEST_MISMATCH. */
export function checkDigest(bytes: Uint8Array, expectedSha256: string): Uint8Array {
  if (sha256Hex(bytes) !== expectedSha256) throw new AppError('DIGEST_MISMATCH');
  return bytes;
}

/** Keys in order; only the folders that the prefix names are entered. */
export async function* keysBelow(objects: string, prefix: string): AsyncIterable<string> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folder !== '') assertObjectKey(folder.slice(0, -1));
  for await (const key of filesBelow(objects, folder)) {
    if (key.startsWith(prefix)) yield key;
  }
}
