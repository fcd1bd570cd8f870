/**
 * What the filesystem archive knows of an object's lock: a folder of small files, numbered, never changed. A change of
 * the lock is the next number, put in place by `link`, so that two writers cannot both have the last word. The
 * retention in force is the latest of all of them, so that a lost or forged last file shortens nothing.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hasCode, linkNew, makeFolder, syncFolder, writeTemporary } from './durable.ts';

const LOCK_RECORD = z.strictObject({
  key: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int().nonnegative(),
  contentType: z.string(),
  retainUntil: z.iso.datetime().transform((text) => new Date(text)),
  hold: z.boolean(),
  /** When this record was written. */
  at: z.iso.datetime().transform((text) => new Date(text)),
});

export type LockRecord = z.output<typeof LOCK_RECORD>;

export interface LockState {
  readonly record: LockRecord;
  /** Number of the last file. */
  readonly number: number;
}

/** The lock in force, or `undefined` if there is no readable record. */
export async function readLock(folder: string): Promise<LockState | undefined> {
  const names = await readdir(folder).catch((error) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const numbers = names.map(lockNumber).filter((number) => number > 0);
  const records: LockRecord[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const parsed = parse(await readFile(join(folder, `${number}.json`), 'utf8'));
    if (parsed !== undefined) records.push(parsed);
  }
  const last = records.at(-1);
  if (last === undefined) return undefined;
  const latest = new Date(Math.max(...records.map((record) => record.retainUntil.getTime())));
  return { record: { ...last, retainUntil: latest }, number: Math.max(...numbers) };
}

/** Writes the record with number `number`, durably. @returns false if another writer was first. */
export async function writeLock(
  place: { readonly folder: string; readonly root: string; readonly temporary: string },
  number: number,
  record: LockRecord,
): Promise<boolean> {
  await makeFolder(place.folder, place.root);
  const written = await writeTemporary(place.temporary, Buffer.from(JSON.stringify(record)), 0o444);
  try {
    return await linkNew(written, join(place.folder, `${number}.json`));
  } finally {
    await rm(written, { force: true });
  }
}

/** Removes all records of a destroyed object. */
export async function removeLock(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await syncFolder(join(folder, '..'));
}

function lockNumber(name: string): number {
  return Number(/^([1-9]\d{0,8})\.json$/.exec(name)?.[1] ?? 0);
}

function parse(text: string): LockRecord | undefined {
  try {
    return LOCK_RECORD.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
