/**
 * The write-once archive on a file system. Honest name: tamper-evident, removable by root.
 *
 * `objects/<key>` holds the bytes (read-only, immutable flag where possible), `locks/<key>/<n>.json` the lock. The lock is
 * durable before `link` gives the object its name: an object is never unprotected, and a crash leaves at worst a lock
 * without an object, which the next put of the same bytes completes.
 */
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, type Clock, type Log, sha256Hex, silentLog } from '../../shared/index.ts';
import { createClockWitness } from './clock-witness.ts';
import { hasCode, linkNew, makeFolder, removeDurably, sweep, syncFolder, writeTemporary } from './durable.ts';
import { checkDigest, keysBelow, readOrNotFound } from './filesystem-work-store.ts';
import { noImmutableFlag, probeImmutableFlag } from './immutable-flag.ts';
import { type LockRecord, type LockState, readLock, removeLock, writeLock } from './lock-record.ts';
import { assertObjectKey } from './object-key.ts';
import type { ObjectStore, PutOptions, StoredObject } from './object-store.ts';

export interface FilesystemArchive extends ObjectStore {
  /** Whether files also carry the immutable flag of the file system. */
  readonly immutableFlag: boolean;
  /** A person says that the clock is right: releases are possible again after a jump. */
  confirmClock(): Promise<void>;
}

/** Opens (creates) the archive in `directory`; sweeps files that a crash left half-written. */
export async function createFilesystemArchive(deps: {
  directory: string;
  clock: Clock;
  /** Set the immutable flag where system and rights allow it: then nobody removes a file by mistake, not even root. Default false. */
  useImmutableFlag?: boolean;
  log?: Log;
}): Promise<FilesystemArchive> {
  const { directory, clock, log = silentLog } = deps;
  const objects = join(directory, 'objects');
  const locks = join(directory, 'locks');
  const temporary = join(directory, 'temporary');
  for (const folder of [objects, locks, temporary]) await makeFolder(folder, directory);
  const swept = await sweep(temporary);
  if (swept > 0) log.info({ swept }, 'removed half-written files of the archive');
  const flag = deps.useImmutableFlag === true ? await probeImmutableFlag(temporary) : noImmutableFlag;
  const witness = await createClockWitness(join(directory, 'clock'), temporary, clock);
  await witness.see();

  const pathOf = (key: string): string => {
    assertObjectKey(key);
    return join(objects, key);
  };
  const lockPlace = (key: string) => ({ folder: join(locks, key), root: locks, temporary });

  /** Writes the next lock record until no other writer comes between; `change` gives nothing when all is well as it is. */
  const changeLock = async (
    key: string,
    change: (current: LockState | undefined) => LockRecord | undefined,
  ): Promise<LockRecord> => {
    for (;;) {
      const current = await readLock(lockPlace(key).folder);
      const next = change(current);
      if (next === undefined && current !== undefined) return current.record;
      if (next === undefined) throw new AppError('RETENTION_UNKNOWN');
      if (await writeLock(lockPlace(key), (current?.number ?? 0) + 1, next)) return next;
    }
  };

  /** The lock of an existing version. @throws OBJECT_NOT_FOUND, RETENTION_UNKNOWN. */
  const existing = async (key: string, versionId: string): Promise<LockRecord> => {
    if (!(await isFile(pathOf(key)))) throw new AppError('OBJECT_NOT_FOUND');
    const lock = await readLock(lockPlace(key).folder);
    if (lock === undefined) throw new AppError('RETENTION_UNKNOWN');
    if (lock.record.sha256 !== versionId) throw new AppError('OBJECT_NOT_FOUND');
    return lock.record;
  };

  const put = async (key: string, bytes: Uint8Array, options: PutOptions): Promise<StoredObject> => {
    const path = pathOf(key);
    const sha256 = sha256Hex(bytes);
    await witness.see();
    const isThere = await isFile(path);
    // Bytes without a lock may be anybody's: their lock is completed only by whoever brings the same bytes.
    if (isThere && (await readLock(lockPlace(key).folder)) === undefined) {
      if (sha256Hex(await readOrNotFound(path)) !== sha256) throw new AppError('OBJECT_KEY_TAKEN');
    }
    const record = await changeLock(key, (current) => mergedLock(key, bytes, sha256, options, current, clock.now()));
    await makeFolder(dirname(path), objects);
    if (isThere) await syncFolder(dirname(path));
    else await writeNew(path, bytes);
    checkDigest(await readOrNotFound(path), sha256);
    await flag.set(path);
    const { thenUntil } = options;
    if (thenUntil === undefined || thenUntil <= record.retainUntil) return storedObject(record);
    return storedObject(await lengthen(key, thenUntil));
  };

  const lengthen = (key: string, retainUntil: Date): Promise<LockRecord> =>
    changeLock(key, (current) =>
      current === undefined || retainUntil <= current.record.retainUntil
        ? undefined
        : { ...current.record, retainUntil, at: clock.now() },
    );

  const writeNew = async (path: string, bytes: Uint8Array): Promise<void> => {
    const written = await writeTemporary(temporary, bytes, 0o444);
    try {
      // Another writer may have been first: its lock record had to agree with ours, so its bytes are the same.
      await linkNew(written, path);
    } finally {
      await rm(written, { force: true });
    }
  };

  return {
    kind: 'filesystem',
    immutableFlag: flag.works,
    put,
    // The version is named by its digest.
    get: async (key, versionId, expectedSha256 = versionId) => {
      const bytes = await readOrNotFound(pathOf(key));
      if (versionId !== expectedSha256) throw new AppError('OBJECT_NOT_FOUND');
      return checkDigest(bytes, expectedSha256);
    },
    stat: async (key, versionId) => {
      try {
        return storedObject(await existing(key, versionId));
      } catch (error) {
        if (error instanceof AppError && error.code === 'OBJECT_NOT_FOUND') return undefined;
        throw error;
      }
    },
    extendRetention: async (key, versionId, retainUntil) => {
      const record = await existing(key, versionId);
      if (retainUntil < record.retainUntil) throw retained(record);
      return storedObject(await lengthen(key, retainUntil));
    },
    setHold: async (key, versionId, hold) => {
      await existing(key, versionId);
      const record = await changeLock(key, (current) =>
        current === undefined || current.record.hold === hold
          ? undefined
          : { ...current.record, hold, at: clock.now() },
      );
      return storedObject(record);
    },
    list: async function* (prefix) {
      for await (const key of keysBelow(objects, prefix)) {
        const lock = await readLock(lockPlace(key).folder);
        const versionId = lock?.record.sha256 ?? sha256Hex(await readOrNotFound(pathOf(key)));
        const { size, mtime } = await stat(pathOf(key));
        yield { key, versionId, size, storedAt: mtime, isDeleteMarker: false };
      }
    },
    delete: async (key, versionId) => {
      const record = await existing(key, versionId);
      if (record.hold) throw new AppError('LEGAL_HOLD_ACTIVE');
      witness.assertPlausible();
      if (clock.now() < record.retainUntil) throw retained(record);
      await flag.clear(pathOf(key));
      await removeDurably(pathOf(key));
      await removeLock(lockPlace(key).folder);
    },
    confirmClock: witness.confirm,
  };
}

/** The lock after a put: new, or the later date and any hold of both; `undefined` if it is so already. */
function mergedLock(
  key: string,
  bytes: Uint8Array,
  sha256: string,
  options: PutOptions,
  current: LockState | undefined,
  now: Date,
): LockRecord | undefined {
  const asked = {
    key,
    sha256,
    size: bytes.length,
    contentType: options.contentType,
    retainUntil: options.retainUntil,
    hold: options.hold ?? false,
    at: now,
  };
  if (current === undefined) return asked;
  const { record } = current;
  if (record.sha256 !== sha256) throw new AppError('OBJECT_KEY_TAKEN');
  const retainUntil = new Date(Math.max(record.retainUntil.getTime(), asked.retainUntil.getTime()));
  const hold = record.hold || asked.hold;
  const isSame = retainUntil.getTime() === record.retainUntil.getTime() && hold === record.hold;
  return isSame ? undefined : { ...record, retainUntil, hold, at: now };
}

/** There is one version a key, so its digest names it. */
function storedObject(record: LockRecord): StoredObject {
  const { key, sha256, size, contentType, retainUntil, hold } = record;
  return { key, versionId: sha256, sha256, size, contentType, retainUntil, hold };
}

function retained(record: LockRecord): AppError {
  const until = record.retainUntil.toISOString();
  return new AppError('RETENTION_ACTIVE', {
    detail: { vi: `Đối tượng được lưu đến ${until}.`, en: `The object is retained until ${until}.` },
    extra: { retainUntil: until },
  });
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}
