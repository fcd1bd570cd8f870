/**
 * The write-once archive in an S3 bucket with Object Lock (COMPLIANCE). One PUT an object, never multipart: Ceph 16.2 does not
 * lock multipart uploads. Every other call names the version, because a plain DELETE or a later PUT hides a locked one.
 * What counts is what the store says afterwards, never only that it said yes.
 */
import { createHash } from 'node:crypto';
import { AppError, type Clock, type Log, sha256Hex, silentLog } from '../../../shared/index.ts';
import { assertObjectKey } from '../object-key.ts';
import type { ObjectStore, PutOptions, StoredObject } from '../object-store.ts';
import type { S3Answer, S3Client, S3Settings } from './client.ts';
import { createConditionalWrites } from './conditional-writes.ts';
import { holdRequest, type Lock, lockHeaders, lockOf, retentionRequest, wholeSeconds } from './lock.ts';
import { explainRefusedPut, storeError } from './refusal.ts';
import { listVersions, versionsOf } from './versions.ts';

export interface S3ArchiveDeps {
  readonly client: S3Client;
  readonly clock: Clock;
  readonly log?: Log;
  /** Whether the engine refuses a PUT with `If-None-Match: *` on a key in use. Absent: found out at the first put, in the work bucket. */
  readonly conditionalWrites?: boolean;
}

/** Where nothing is locked, the date that the port speaks of. */
const NEVER = new Date(0);
const MOST_RACES = 6;
/** Beyond this, neither clock may decide that a period has ended. */
const MOST_SKEW_MS = 5 * 60 * 1000;

/** Asks the store nothing yet; see `prepareBuckets`. */
export function createS3Archive(settings: S3Settings, deps: S3ArchiveDeps): ObjectStore {
  const { client, clock, log = silentLog } = deps;
  const bucket = settings.archiveBucket;
  const conditional = createConditionalWrites(client, settings.workBucket, log, deps.conditionalWrites);

  /** The version as the store knows it. HEAD tells lock, digest and size at once. */
  const look = async (key: string, versionId: string): Promise<Look | undefined> => {
    const answer = await client.request({ method: 'HEAD', bucket, key, query: { versionId }, headers: CHECKSUMS });
    if (answer.status === 200) return { ...lookAt(key, versionId, answer), size: lengthOf(answer) };
    await assertAbsent(key, versionId, answer);
    return undefined;
  };

  /** By effect: MinIO answers 400 to a version id that it could not have given. @throws what the store may do, STORE_REFUSED. */
  const assertAbsent = async (key: string, versionId: string, answer: S3Answer): Promise<void> => {
    if (answer.status >= 500) throw storeError(answer);
    const versions = await versionsOf(client, bucket, key);
    const there = versions.some((version) => version.versionId === versionId && !version.isDeleteMarker);
    if (there && answer.status !== 404) throw storeError(answer);
  };

  const existing = async (key: string, versionId: string): Promise<Look> => {
    assertObjectKey(key);
    const found = await look(key, versionId);
    if (found === undefined) throw new AppError('OBJECT_NOT_FOUND');
    return found;
  };

  const put = async (key: string, bytes: Uint8Array, options: PutOptions): Promise<StoredObject> => {
    assertObjectKey(key);
    const asked = ask(key, bytes, options, clock.now());
    const refusesTwins = await conditional();
    // An engine that ignores the condition would make a second version of what is there.
    const before = refusesTwins ? undefined : await adopt(asked);
    if (before !== undefined) return before;
    for (let race = 1; ; race += 1) {
      const answer = await send(asked);
      if ('adopted' in answer) return answer.adopted;
      if (answer.status === 200) {
        const versionId = answer.headers['x-amz-version-id'];
        if (typeof versionId !== 'string') throw new AppError('STORE_BUCKET_UNFIT');
        return refusesTwins ? finish(asked, versionId) : settle(asked, versionId);
      }
      // 412: the key is in use · 409: another writer is at it, and may yet fail.
      if (answer.status !== 412 && answer.status !== 409) throw await explainRefusedPut(client, bucket, answer);
      const adopted = await adopt(asked);
      if (adopted !== undefined) return adopted;
      if (race === MOST_RACES) throw storeError(answer);
      await pause(50 * 2 ** race);
    }
  };

  /** The PUT. Without an answer, or with a failure that may have come after the write, it looks whether the bytes are in. */
  const send = async (asked: Asked): Promise<S3Answer | { adopted: StoredObject }> => {
    let answer: S3Answer | undefined;
    let lost: unknown;
    try {
      answer = await client.request(putRequest(bucket, asked));
      if (answer.status < 500) return answer;
      lost = storeError(answer);
    } catch (error) {
      lost = error;
    }
    const adopted = await adopt(asked).catch((error) => {
      log.warn({ err: error }, 'after a lost answer the store could not be asked either');
      return undefined;
    });
    if (adopted === undefined) throw lost;
    return { adopted };
  };

  /** Several writers, no condition: the oldest version is the object, whoever made it; the others stay locked and are reported. */
  const settle = async (asked: Asked, versionId: string): Promise<StoredObject> => {
    const versions = (await versionsOf(client, bucket, asked.key)).filter((version) => !version.isDeleteMarker);
    if (versions.length === 1 && versions[0]?.versionId === versionId) return finish(asked, versionId);
    log.warn({ key: asked.key, versions: versions.length }, 'several writers stored the same object at once');
    const first = await adopt(asked);
    if (first === undefined) throw new AppError('STORE_REFUSED');
    return first;
  };

  /**
   * The oldest version with these bytes, read in full, its lock brought up to what is asked; undefined if there is no version.
   * @throws OBJECT_KEY_TAKEN when the oldest holds other bytes, DIGEST_MISMATCH when they changed since they were stored.
   */
  const adopt = async (asked: Asked): Promise<StoredObject | undefined> => {
    const versions = (await versionsOf(client, bucket, asked.key)).filter((version) => !version.isDeleteMarker);
    const oldest = versions.at(-1);
    if (oldest === undefined) return undefined;
    const { key } = asked;
    const { versionId } = oldest;
    const answer = await client.request({ method: 'GET', bucket, key, query: { versionId }, headers: CHECKSUMS });
    if (answer.status !== 200) throw storeError(answer);
    const found = lookAt(key, versionId, answer);
    if (sha256Hex(answer.body) !== asked.sha256) {
      throw new AppError(found.sha256 === asked.sha256 ? 'DIGEST_MISMATCH' : 'OBJECT_KEY_TAKEN');
    }
    const until = later(asked.until, asked.thenUntil);
    const lockIsShort = until !== undefined && (found.lock.until ?? NEVER) < until;
    if (lockIsShort) await change(retentionRequest(bucket, key, versionId, until));
    if (asked.hold && !found.lock.hold) await change(holdRequest(bucket, key, versionId, true));
    return lockIsShort || (asked.hold && !found.lock.hold)
      ? readBack(asked, versionId)
      : storedObject({ ...found, size: answer.body.length });
  };

  const finish = async (asked: Asked, versionId: string): Promise<StoredObject> => {
    const { key, thenUntil } = asked;
    if (thenUntil !== undefined) await change(retentionRequest(bucket, key, versionId, thenUntil));
    return readBack(asked, versionId);
  };

  const readBack = async (asked: Asked, versionId: string): Promise<StoredObject> => {
    const found = await look(asked.key, versionId);
    if (found === undefined) throw new AppError('STORE_LOCK_NOT_KEPT');
    const until = later(asked.until, asked.thenUntil);
    const isLocked = until === undefined || (found.lock.until ?? NEVER) >= until;
    if (!isLocked || (asked.hold && !found.lock.hold)) throw new AppError('STORE_LOCK_NOT_KEPT');
    const known = found.sha256 ?? (found.etag === asked.md5.toString('hex') ? asked.sha256 : undefined);
    // Nothing but the bytes can tell (an engine without checksums, whose ETag is no MD5 because it encrypts).
    const sha256 = known ?? sha256Hex((await fetchVersion(asked.key, versionId)).body);
    if (sha256 !== asked.sha256 || found.size !== asked.bytes.length) throw new AppError('DIGEST_MISMATCH');
    return storedObject({ ...found, sha256 });
  };

  const fetchVersion = async (key: string, versionId: string): Promise<S3Answer> => {
    const answer = await client.request({ method: 'GET', bucket, key, query: { versionId } });
    if (answer.status === 200) return answer;
    await assertAbsent(key, versionId, answer);
    throw new AppError('OBJECT_NOT_FOUND');
  };

  const change = async (request: Parameters<S3Client['request']>[0]): Promise<void> => {
    const answer = await client.request(request);
    if (answer.status !== 200 && answer.status !== 204) throw storeError(answer);
  };

  /** After a change that the store acknowledged or refused: what counts is what is so now. */
  const changed = async (
    key: string,
    versionId: string,
    request: ReturnType<typeof holdRequest>,
    isSo: (now: Look) => boolean,
  ): Promise<StoredObject> => {
    const answer = await client.request(request);
    const now = await existing(key, versionId);
    if (isSo(now)) return storedObject(now);
    throw answer.status === 200 || answer.status === 204 ? new AppError('STORE_LOCK_NOT_KEPT') : storeError(answer);
  };

  return {
    kind: 's3',
    put,
    get: async (key, versionId, expectedSha256) => {
      assertObjectKey(key);
      const { body } = await fetchVersion(key, versionId);
      if (expectedSha256 !== undefined && sha256Hex(body) !== expectedSha256) throw new AppError('DIGEST_MISMATCH');
      return body;
    },
    stat: async (key, versionId) => {
      assertObjectKey(key);
      const found = await look(key, versionId);
      return found === undefined ? undefined : storedObject(found);
    },
    extendRetention: async (key, versionId, retainUntil) => {
      const now = await existing(key, versionId);
      const until = wholeSeconds(retainUntil);
      const current = now.lock.until ?? NEVER;
      if (until < current) throw retained(current);
      if (until.getTime() === current.getTime()) return storedObject(now);
      const request = retentionRequest(bucket, key, versionId, until);
      return changed(key, versionId, request, ({ lock }) => (lock.until ?? NEVER) >= until);
    },
    setHold: async (key, versionId, hold) => {
      const now = await existing(key, versionId);
      if (now.lock.hold === hold) return storedObject(now);
      return changed(key, versionId, holdRequest(bucket, key, versionId, hold), ({ lock }) => lock.hold === hold);
    },
    list: (prefix) => listVersions(client, bucket, prefix),
    delete: async (key, versionId) => {
      const found = await existing(key, versionId);
      if (found.lock.hold) throw new AppError('LEGAL_HOLD_ACTIVE');
      assertClocksAgree(found, clock.now());
      if (found.lock.until !== undefined && found.lock.until > clock.now()) throw retained(found.lock.until);
      const answer = await client.request({ method: 'DELETE', bucket, key, query: { versionId } });
      const left = await look(key, versionId);
      if (left === undefined) return;
      if (left.lock.hold) throw new AppError('LEGAL_HOLD_ACTIVE');
      if (left.lock.until !== undefined && left.lock.until > left.at) throw retained(left.lock.until);
      throw storeError(answer);
    },
  };
}

interface Asked {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly md5: Buffer;
  readonly contentType: string;
  /** Undefined: not locked, because engines refuse dates in the past. */
  readonly until: Date | undefined;
  readonly thenUntil: Date | undefined;
  readonly hold: boolean;
}

function ask(key: string, bytes: Uint8Array, options: PutOptions, now: Date): Asked {
  const { retainUntil, thenUntil, contentType, hold = false } = options;
  const ahead = (date: Date | undefined) => (date !== undefined && date > now ? wholeSeconds(date) : undefined);
  const until = ahead(retainUntil);
  const then = ahead(thenUntil);
  return {
    key,
    bytes,
    sha256: sha256Hex(bytes),
    md5: createHash('md5').update(bytes).digest(),
    contentType,
    until,
    thenUntil: then !== undefined && (until === undefined || then > until) ? then : undefined,
    hold,
  };
}

function putRequest(bucket: string, asked: Asked) {
  const { key, bytes, sha256 } = asked;
  return {
    method: 'PUT' as const,
    bucket,
    key,
    headers: {
      'content-type': asked.contentType,
      'content-md5': asked.md5.toString('base64'),
      'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
      // For engines that keep no checksum, or lose the type when a lock changes (SeaweedFS).
      'x-amz-meta-sha256': sha256,
      'x-amz-meta-type': asked.contentType,
      'if-none-match': '*',
      ...lockHeaders(asked),
    },
    body: bytes,
    bodySha256: sha256,
  };
}

const CHECKSUMS = { 'x-amz-checksum-mode': 'ENABLED' };

interface Look {
  readonly key: string;
  readonly versionId: string;
  readonly size: number;
  readonly contentType: string;
  readonly lock: Lock;
  /** As the engine computed it; undefined where it keeps none. */
  readonly sha256: string | undefined;
  /** As its writer said. */
  readonly claimedSha256: string | undefined;
  /** MD5 in hexadecimal where it is one. */
  readonly etag: string;
  /** The store's clock. */
  readonly at: Date;
}

function lookAt(key: string, versionId: string, { headers }: S3Answer): Omit<Look, 'size'> {
  const checksum = headers['x-amz-checksum-sha256'];
  const { 'x-amz-meta-sha256': claimed, 'x-amz-meta-type': type } = headers;
  return {
    key,
    versionId,
    contentType: typeof type === 'string' ? type : (headers['content-type'] ?? ''),
    lock: lockOf(headers),
    // A dash marks a checksum of parts.
    sha256:
      typeof checksum === 'string' && !checksum.includes('-')
        ? Buffer.from(checksum, 'base64').toString('hex')
        : undefined,
    claimedSha256: typeof claimed === 'string' ? claimed : undefined,
    etag: (headers.etag ?? '').replaceAll('"', ''),
    at: new Date(headers.date ?? Number.NaN),
  };
}

function lengthOf({ headers }: S3Answer): number {
  return Number(headers['content-length'] ?? Number.NaN);
}

function storedObject(found: Look): StoredObject {
  const { key, versionId, size, contentType, lock } = found;
  const sha256 = found.sha256 ?? found.claimedSha256 ?? '';
  return { key, versionId, sha256, size, contentType, retainUntil: lock.until ?? NEVER, hold: lock.hold };
}

function later(a: Date | undefined, b: Date | undefined): Date | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function retained(date: Date): AppError {
  const until = date.toISOString();
  return new AppError('RETENTION_ACTIVE', {
    detail: { vi: `Đối tượng được lưu đến ${until}.`, en: `The object is retained until ${until}.` },
    extra: { retainUntil: until },
  });
}

/** Whoever sets the store's clock forward ends every lock; so both clocks must say that the time has come. @throws CLOCK_UNTRUSTED. */
function assertClocksAgree({ at }: Look, now: Date): void {
  if (Math.abs(at.getTime() - now.getTime()) <= MOST_SKEW_MS) return;
  throw new AppError('CLOCK_UNTRUSTED', {
    detail: {
      vi: `Đồng hồ của kho S3 và của máy này lệch nhau quá 5 phút (${now.toISOString()}).`,
      en: `The clocks of the S3 store and of this machine differ by more than 5 minutes (${now.toISOString()}).`,
    },
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
