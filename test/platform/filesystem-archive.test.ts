import { chmod, mkdir, readdir, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFilesystemArchive, createFilesystemWorkStore } from '../../src/platform/storage/index.ts';
import { settableClock, sha256Hex } from '../../src/shared/index.ts';
import { objectStoreConformance } from '../conformance/object-store.ts';
import { workStoreConformance } from '../conformance/work-store.ts';
import { temporaryFolder } from '../support/database.ts';

const DAY = 24 * 60 * 60 * 1000;
const contentType = 'application/pdf';
const bytes = new TextEncoder().encode('%PDF-1.7 bản đã ký');
const key = 'v1/facility/document/1-abc.pdf';

let folder: ReturnType<typeof temporaryFolder>;
let directory: string;
let clock: ReturnType<typeof settableClock>;

beforeEach(() => {
  folder = temporaryFolder();
  directory = join(folder.path, 'archive');
  clock = settableClock(new Date('2026-11-27T00:00:00Z'));
});
afterEach(() => folder.remove());

objectStoreConformance('filesystem', async () => {
  const ownFolder = temporaryFolder();
  const ownClock = settableClock(new Date('2026-11-27T00:00:00Z'));
  return {
    store: await createFilesystemArchive({ directory: ownFolder.path, clock: ownClock }),
    now: () => ownClock.now(),
    pass: async (milliseconds) => ownClock.advance(milliseconds),
    close: async () => ownFolder.remove(),
  };
});

workStoreConformance('filesystem', async () => {
  const ownFolder = temporaryFolder();
  return {
    store: await createFilesystemWorkStore({ directory: ownFolder.path }),
    close: async () => ownFolder.remove(),
  };
});

async function archived(retainUntil = new Date(clock.now().getTime() + DAY)) {
  const store = await createFilesystemArchive({ directory, clock });
  return { store, stored: await store.put(key, bytes, { retainUntil, contentType }) };
}

async function leaveHalfWritten(): Promise<void> {
  await writeFile(join(directory, 'temporary', 'half'), 'half');
  const hoursAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
  await utimes(join(directory, 'temporary', 'half'), hoursAgo, hoursAgo);
  await writeFile(join(directory, 'temporary', 'being-written-by-another-process'), 'not yet');
}

describe('the filesystem archive', () => {
  test('keeps files read-only and leaves nothing temporary', async () => {
    await archived();
    expect((await stat(join(directory, 'objects', key))).mode & 0o777).toBe(0o444);
    expect(await readdir(join(directory, 'temporary'))).toEqual([]);
  });

  test('finds a changed file when it is read and when it is put again', async () => {
    const { store, stored } = await archived();
    const path = join(directory, 'objects', key);
    await chmod(path, 0o644);
    await writeFile(path, '%PDF-1.7 bản bị sửa');
    await expect(store.get(key, stored.versionId, stored.sha256)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    const again = store.put(key, bytes, { retainUntil: stored.retainUntil, contentType });
    await expect(again).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', kind: 'integrity' });
  });

  test('completes a put that a crash cut off between lock and object', async () => {
    const { store, stored } = await archived();
    await unlink(join(directory, 'objects', key));
    expect(await store.stat(key, stored.versionId)).toBeUndefined();
    const again = await store.put(key, bytes, { retainUntil: new Date(clock.now().getTime() + 2 * DAY), contentType });
    expect(again).toEqual({ ...stored, retainUntil: new Date(clock.now().getTime() + 2 * DAY) });
    expect(sha256Hex(await store.get(key, again.versionId, again.sha256))).toBe(again.sha256);
  });

  test('releases nothing whose lock was lost, until the same bytes are put again', async () => {
    const { store, stored } = await archived(clock.now());
    await rm(join(directory, 'locks', key), { recursive: true });
    const lost = { code: 'RETENTION_UNKNOWN' };
    await expect(store.delete(key, stored.versionId)).rejects.toMatchObject(lost);
    await expect(store.stat(key, stored.versionId)).rejects.toMatchObject(lost);
    await expect(store.setHold(key, stored.versionId, true)).rejects.toMatchObject(lost);
    const listed = [];
    for await (const version of store.list('v1/')) listed.push(version);
    expect(listed).toMatchObject([{ key, versionId: stored.versionId, size: bytes.length }]);

    const other = store.put(key, new Uint8Array([1]), { retainUntil: clock.now(), contentType });
    await expect(other).rejects.toMatchObject({ code: 'OBJECT_KEY_TAKEN' });
    await store.put(key, bytes, { retainUntil: clock.now(), contentType });
    await store.delete(key, stored.versionId);
  });

  test('keeps the latest date ever written, even if the last lock record is lost', async () => {
    const { store, stored } = await archived();
    const late = new Date(clock.now().getTime() + 5 * DAY);
    await store.extendRetention(key, stored.versionId, late);
    await store.setHold(key, stored.versionId, true);
    await unlink(join(directory, 'locks', key, '3.json'));
    expect(await store.stat(key, stored.versionId)).toMatchObject({ retainUntil: late, hold: false });
  });

  test('sweeps what a crash left half-written, at its start', async () => {
    await archived();
    await leaveHalfWritten();
    await createFilesystemArchive({ directory, clock });
    expect(await readdir(join(directory, 'temporary'))).toEqual(['being-written-by-another-process']);
  });

  test('releases nothing while the clock has jumped, back or far ahead, also after a new start', async () => {
    const { stored } = await archived();
    const start = clock.now().getTime();
    for (const jump of [-DAY, 400 * DAY]) {
      clock.set(new Date(start + jump));
      const store = await createFilesystemArchive({ directory, clock });
      const released = store.delete(key, stored.versionId);
      await expect(released).rejects.toMatchObject({ code: 'CLOCK_UNTRUSTED' });
    }
    const store = await createFilesystemArchive({ directory, clock });
    await store.confirmClock();
    await store.delete(key, stored.versionId);
  });

  test('sets the immutable flag where it may, and lifts it for a lawful release', async () => {
    const store = await createFilesystemArchive({ directory, clock, useImmutableFlag: true });
    const { versionId } = await store.put(key, bytes, { retainUntil: clock.now(), contentType });
    if (store.immutableFlag) await expect(unlink(join(directory, 'objects', key))).rejects.toThrow('EPERM');
    await store.delete(key, versionId);
    await expect(stat(join(directory, 'objects', key))).rejects.toThrow('ENOENT');
  });
});

describe('the work store', () => {
  test('sweeps what a crash left half-written, at its start', async () => {
    await mkdir(join(directory, 'temporary'), { recursive: true });
    await leaveHalfWritten();
    await createFilesystemWorkStore({ directory });
    expect(await readdir(join(directory, 'temporary'))).toEqual(['being-written-by-another-process']);
  });
});
