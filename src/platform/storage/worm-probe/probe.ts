/** Puts an engine to the proof. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  AppError,
  type Clock,
  type Log,
  newId,
  sha256Hex,
  silentLog,
  toAppError,
  VERSION,
} from '../../../shared/index.ts';
import { createS3Client, type S3Client, type S3Settings } from '../s3/client.ts';
import { type Bench, openBench, PROBE_PREFIX } from './bench.ts';
import { BUCKET_CHECKS } from './bucket-checks.ts';
import { CAPABILITY_CHECKS } from './capability-checks.ts';
import type { Check } from './check.ts';
import { removeLeftovers, removeOwn } from './leftovers.ts';
import { LOCK_CHECKS } from './lock-checks.ts';
import { type CheckReport, type LeftBehind, type Outcome, type ProbeReport, verdictOf } from './report.ts';
import { olderCanaries, SURVIVORS, WAITING_CHECKS } from './waiting-checks.ts';

export interface ProbeDeps {
  readonly client: S3Client;
  readonly clock: Clock;
  readonly log?: Log;
  /** Ends the probe in the middle: it rejects with the signal's reason, and its canaries are left to the next one. */
  readonly signal?: AbortSignal;
  /** For tests with a clock of their own. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** What signs a certificate: a new version tries anew. */
export const PROGRAM = `antin ${VERSION}`;

/** Every check there is, in the order of the report. */
function allChecks(before?: readonly LeftBehind[], bucket = ''): readonly Check[] {
  const checks = [...BUCKET_CHECKS, ...LOCK_CHECKS, ...WAITING_CHECKS];
  return [...checks, olderCanaries(before, bucket), SURVIVORS, ...CAPABILITY_CHECKS];
}

/**
 * Tries on the archive bucket itself whether its engine keeps its locks: with canaries below `probe/`, a few hundred bytes each,
 * locked for five minutes, one or two of them for the bucket's default period. Takes about fifteen seconds. `before`: what the
 * probe before left behind (`ProbeReport.leftBehind`), which is looked after as well.
 * @throws AppError when the store cannot be reached, or does not know the bucket or our keys.
 */
export async function runWormProbe(
  settings: S3Settings,
  deps: ProbeDeps,
  before?: readonly LeftBehind[],
): Promise<ProbeReport> {
  const { clock, log = silentLog } = deps;
  const client = untilAborted(deps.client, deps.signal);
  const begun = clock.now();
  const runId = `${begun
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')}-${randomBytes(4).toString('hex')}`;
  const { host, protocol } = new URL(settings.endpoint);
  const tls = protocol === 'https:';
  const { archiveBucket: bucket, workBucket } = settings;
  const limits = deps.signal === undefined ? {} : { signal: deps.signal };
  const wait = deps.wait ?? ((milliseconds) => setTimeout(milliseconds, undefined, limits));
  const stranger = createS3Client({ ...settings, accessKey: '', secretKey: '' });
  try {
    const { bench, engine } = await openBench({ client, stranger, bucket, workBucket, tls, clock, runId, wait });
    await tidy(() => removeLeftovers(bench), log);
    const checks = allChecks(before, bucket);
    const reports = await runChecks(bench, checks);
    await tidy(() => removeOwn(bench, `${PROBE_PREFIX}${runId}/`), log);
    return {
      format: 'antin-worm-probe-1',
      id: newId(begun),
      verdict: verdictOf(reports),
      begun: begun.toISOString(),
      ended: clock.now().toISOString(),
      program: PROGRAM,
      store: { host, tls, bucket, engine },
      checks: reports,
      notUsed: reports
        .filter(({ severity, result }) => severity === 'capability' && result === 'failed')
        .map(({ id }) => id),
      leftBehind: leftBehind(bench),
    };
  } finally {
    stranger.close();
  }
}

/** Asks nothing more once the signal is given. */
function untilAborted(client: S3Client, signal: AbortSignal | undefined): S3Client {
  const request: S3Client['request'] = async (asked) => {
    signal?.throwIfAborted();
    return client.request(asked);
  };
  return { ...client, request };
}

async function runChecks(bench: Bench, checks: readonly Check[]): Promise<CheckReport[]> {
  const reports = new Map<Check, CheckReport>();
  const run = async (check: Check) => {
    const { id, title, severity } = check;
    reports.set(check, { id, title, severity, ...(await outcomeOf(check, bench)) });
  };
  const oneByOne = async (some: readonly Check[]) => {
    for (const check of some) await run(check);
  };
  const waiting = checks.filter((check) => check.waits === true);
  const others = checks.filter((check) => check.waits !== true && check !== SURVIVORS);
  const ends = await Promise.allSettled([oneByOne(others), ...waiting.map(run)]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  await run(SURVIVORS);
  return checks.flatMap((check) => reports.get(check) ?? []);
}

/** A store that does not answer proves nothing; one that will not even take the canary fails. */
async function outcomeOf(check: Check, bench: Bench): Promise<Outcome> {
  try {
    return await check.run(bench);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === 'INTERNAL') throw thrown;
    const refused = error.code === 'STORE_REFUSED' || error.code === 'STORE_BUCKET_UNFIT';
    return { result: refused ? 'failed' : 'unknown', seen: `${error.code}: ${error.detail.en}` };
  }
}

function leftBehind(bench: Bench): LeftBehind[] {
  return bench.canaries().flatMap(({ bucket, key, versionId, bytes, until }) => {
    if (bucket !== bench.bucket || until === undefined || until <= bench.now()) return [];
    return [{ key, versionId, sha256: sha256Hex(bytes), lockedUntil: until.toISOString() }];
  });
}

/** Housekeeping proves nothing: if it fails, the next probe does it. */
async function tidy(work: () => Promise<unknown>, log: Log): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn({ err: error }, 'canaries of the lock probe could not be removed');
  }
}
