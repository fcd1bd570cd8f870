/** Where a probe works: canaries in the hospital's own bucket, requests that must not succeed, and looks at what became of them. */
import { createHash, randomBytes } from 'node:crypto';
import { AppError, type Clock, sha256Hex } from '../../../shared/index.ts';
import type { S3Answer, S3Client, S3Request } from '../s3/client.ts';
import { storeError } from '../s3/refusal.ts';

/** Nothing of ours but canaries lies below it, and no record ever does. */
export const PROBE_PREFIX = 'probe/';
/** Longer than a probe takes, so that no attack meets a lock that has ended; short, so that the canaries can go the next day. */
const LOCK_SECONDS = 300;

export interface Canary {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly bytes: Uint8Array;
  /** What must be so of it. */
  readonly until: Date | undefined;
  readonly hold: boolean;
}

/** A version as the store shows it; `undefined` where it shows nothing. */
export interface Sight {
  readonly bytes: Uint8Array;
  readonly mode: string | undefined;
  readonly until: Date | undefined;
  readonly hold: boolean;
}

export interface PutCanary {
  /** Seconds from now by the store's clock; 0: no date asked for. Default five minutes. */
  readonly lockSeconds?: number;
  readonly hold?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Under the key of another canary. */
  readonly key?: string;
  readonly bucket?: string;
}

export interface Bench {
  readonly client: S3Client;
  /** Asks without keys. */
  readonly stranger: S3Client;
  readonly bucket: string;
  readonly workBucket: string;
  readonly tls: boolean;
  /** Of the store against ours, in milliseconds; good to a second. */
  readonly skewMs: number;
  /** By the store's clock. */
  now(): Date;
  /** A whole second, so many seconds from now by the store's clock. */
  inSeconds(seconds: number): Date;
  wait(milliseconds: number): Promise<void>;
  /** A fresh name for a canary. */
  newKey(check: string): string;
  /** @throws AppError when the store does not take it. */
  put(check: string, how?: PutCanary): Promise<Canary>;
  /** Makes the request; what it answered in short, whatever it was. @throws AppError when there was no answer or a failure of the store. */
  attempt(request: S3Request): Promise<{ said: string; answer: S3Answer }>;
  look(canary: Pick<Canary, 'bucket' | 'key' | 'versionId'>): Promise<Sight | undefined>;
  /** What is no longer as it must be; `undefined`: it is intact. @throws PROBE_TOO_SLOW when its lock may have ended meanwhile. */
  harm(canary: Canary): Promise<string | undefined>;
  /** The canary that is attacked by turns; a fresh one once it was harmed. */
  target(): Promise<Canary>;
  spoilTarget(): void;
  /** Locked canaries put so far, in order. */
  canaries(): readonly Canary[];
  /** It is no longer what it was when put, by our own will. */
  forget(canary: Canary): void;
  remember(canary: Canary): void;
}

export interface BenchDeps {
  readonly client: S3Client;
  readonly stranger: S3Client;
  readonly bucket: string;
  readonly workBucket: string;
  readonly tls: boolean;
  readonly clock: Clock;
  readonly runId: string;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Asks the store for its clock. @throws AppError when it cannot be reached or does not know the bucket or our keys. */
export async function openBench(deps: BenchDeps): Promise<{ bench: Bench; engine: string }> {
  const { client, bucket, clock, wait, runId } = deps;
  const asked = clock.now().getTime();
  const hello = await client.request({ method: 'GET', bucket, query: { versioning: '' } });
  if (hello.status !== 200) throw storeError(hello);
  const midway = (asked + clock.now().getTime()) / 2;
  const said = Date.parse(hello.headers.date ?? '');
  // The header is cut to a second: on the average it is half a second old.
  const skewMs = Number.isNaN(said) ? 0 : Math.round(said + 500 - midway);
  const now = () => new Date(clock.now().getTime() + (Math.abs(skewMs) < 1000 ? 0 : skewMs));

  const left = new Set<Canary>();
  let count = 0;
  let target: Canary | undefined;

  const newKey = (check: string) => {
    count += 1;
    return `${PROBE_PREFIX}${runId}/${String(count).padStart(2, '0')}-${check}`;
  };
  const inSeconds = (seconds: number) => new Date(Math.ceil(now().getTime() / 1000 + seconds) * 1000);

  const put = async (check: string, how: PutCanary = {}): Promise<Canary> => {
    const { lockSeconds = LOCK_SECONDS, hold = false } = how;
    const until = lockSeconds === 0 ? undefined : inSeconds(lockSeconds);
    const key = how.key ?? newKey(check);
    const bytes = canaryBytes(check);
    const into = how.bucket ?? bucket;
    const { answer } = await attempt(putRequest(into, key, bytes, { ...lockedUntil(until, hold), ...how.headers }));
    const versionId = answer.headers['x-amz-version-id'];
    if (answer.status !== 200) throw storeError(answer);
    const canary = { bucket: into, key, bytes, until, hold, versionId: typeof versionId === 'string' ? versionId : '' };
    if (until !== undefined && into === bucket) left.add(canary);
    return canary;
  };

  const attempt = async (request: S3Request) => {
    const answer = await client.request(request);
    if (answer.status >= 500 && answer.status !== 501) throw storeError(answer);
    return { answer, said: inShort(answer) };
  };

  const look = async ({ bucket, key, versionId }: Pick<Canary, 'bucket' | 'key' | 'versionId'>) => {
    const { answer } = await attempt({ method: 'GET', bucket, key, query: { versionId } });
    return answer.status === 200 ? sightOf(answer) : undefined;
  };

  const harm = async (canary: Canary): Promise<string | undefined> => {
    const sight = await look(canary);
    if (canary.until !== undefined && !canary.hold && now().getTime() > canary.until.getTime() - 1500) {
      throw new AppError('PROBE_TOO_SLOW');
    }
    return harmSeen(canary, sight);
  };

  const bench: Bench = {
    ...deps,
    skewMs,
    now,
    inSeconds,
    wait,
    newKey,
    put,
    attempt,
    look,
    harm,
    target: async () => {
      target ??= await put('target');
      return target;
    },
    spoilTarget: () => {
      if (target !== undefined) left.delete(target);
      target = undefined;
    },
    canaries: () => [...left],
    forget: (canary) => void left.delete(canary),
    remember: (canary) => void left.add(canary),
  };
  return { bench, engine: String(hello.headers.server ?? '') };
}

/** Says what it is to whoever finds it; no two are alike. */
function canaryBytes(check: string): Uint8Array {
  return Buffer.from(`WORM probe canary (${check}), not a record. ${randomBytes(24).toString('hex')}\n`);
}

export const md5 = (bytes: Uint8Array | string): string => createHash('md5').update(bytes).digest('base64');

export function lockedUntil(until: Date | undefined, hold = false): Record<string, string> {
  return {
    ...(until === undefined
      ? {}
      : { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': until.toISOString() }),
    ...(hold ? { 'x-amz-object-lock-legal-hold': 'ON' } : {}),
  };
}

export function putRequest(
  bucket: string,
  key: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>>,
): S3Request {
  const always = { 'content-type': 'text/plain', 'content-md5': md5(bytes) };
  return { method: 'PUT', bucket, key, headers: { ...always, ...headers }, body: bytes, bodySha256: sha256Hex(bytes) };
}

function sightOf({ body, headers }: S3Answer): Sight {
  const text = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined);
  const until = Date.parse(text('x-amz-object-lock-retain-until-date') ?? '');
  return {
    bytes: body,
    mode: text('x-amz-object-lock-mode'),
    until: Number.isNaN(until) ? undefined : new Date(until),
    hold: text('x-amz-object-lock-legal-hold') === 'ON',
  };
}

export function harmSeen(canary: Canary, sight: Sight | undefined): string | undefined {
  if (sight === undefined) return 'the version is gone';
  if (!Buffer.from(canary.bytes).equals(sight.bytes)) return 'the bytes differ';
  if (canary.hold && !sight.hold) return 'the hold is gone';
  if (canary.until === undefined) return undefined;
  if (sight.until === undefined) return 'the lock is gone';
  if (sight.mode !== 'COMPLIANCE') return `the mode is ${sight.mode ?? 'unknown'}`;
  if (sight.until.getTime() === canary.until.getTime()) return undefined;
  return `the date is ${sight.until.toISOString()} instead of ${canary.until.toISOString()}`;
}

/** A batch is answered with 200 whatever became of its entries. */
function inShort({ status, code, body, headers }: S3Answer): string {
  const isXml = String(headers['content-type']).includes('xml');
  const entry =
    isXml && status === 200 ? /<Error>[\s\S]*?<Code>(\w+)<\/Code>/.exec(Buffer.from(body).toString())?.[1] : undefined;
  const word = code ?? entry;
  return word === undefined ? `${status}` : `${status} ${word}`;
}
