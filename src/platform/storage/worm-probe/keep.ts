/** Keeps the installation's certificate fresh: one worker, once a day. */
import type { Clock, Log } from '../../../shared/index.ts';
import type { Database } from '../../db/index.ts';
import type { S3Settings } from '../s3/client.ts';
import { type CertificateKey, certifyProbe, type ProbeCertificate } from './certificate.ts';
import { PROGRAM, type ProbeDeps, runWormProbe } from './probe.ts';
import type { ProbeReport } from './report.ts';
import { insertProbe, newestProbe } from './store.ts';

/** The newest probe of a store that proved something. */
export interface LatestProbe {
  /** When it ended. */
  readonly at: Date;
  readonly passed: boolean;
  readonly certificate: ProbeCertificate;
}

/** Of this store and bucket, whoever probed it; `undefined`: never probed. For readiness, metrics and legal mode. */
export async function latestProbe(
  database: Pick<Database, 'db'>,
  settings: Pick<S3Settings, 'endpoint' | 'archiveBucket'>,
): Promise<LatestProbe | undefined> {
  const certificate = await newestProbe(database.db, new URL(settings.endpoint).host, settings.archiveBucket);
  if (certificate === undefined) return undefined;
  const { ended, verdict } = certificate.report;
  return { at: new Date(ended), passed: verdict === 'passed', certificate };
}

export interface ProbeKeepingDeps extends ProbeDeps {
  readonly database: Pick<Database, 'db' | 'withLock'>;
  readonly settings: S3Settings;
  /** The installation's log key. */
  readonly key: CertificateKey;
  readonly clock: Clock;
  readonly log: Log;
}

/** Probes now, and keeps the certificate durably unless the probe is undecided. @throws AppError when the store cannot be asked. */
export async function probeNow(deps: ProbeKeepingDeps): Promise<ProbeCertificate> {
  const { database, settings, key } = deps;
  const before = await latestProbe(database, settings);
  const report = await runWormProbe(settings, deps, before?.certificate.report.leftBehind);
  const certificate = certifyProbe(report, key);
  if (report.verdict !== 'undecided') await insertProbe(database.db, certificate);
  return certificate;
}

const HOUR_MS = 3_600_000;
/** Well before a certificate is a day old, and often enough that what was mended is soon seen. */
const REPEAT_AFTER_PASS_MS = 20 * HOUR_MS;
const REPEAT_AFTER_REFUSAL_MS = HOUR_MS;

/**
 * Probes if it is time to: the newest certificate is 20 hours old, an hour if the engine was refused, or of another version of the
 * program. For a timer of any number of workers: one of them does it, the others go away. Says a refusal in the log.
 * @returns the new certificate, or `undefined` when nothing was to be done. @throws AppError when the store cannot be asked.
 */
export async function keepProbed(deps: ProbeKeepingDeps): Promise<ProbeCertificate | undefined> {
  const { database, settings, clock, log } = deps;
  return database.withLock('worm-probe', async () => {
    const latest = await latestProbe(database, settings);
    if (latest !== undefined && latest.certificate.report.program === PROGRAM) {
      const age = clock.now().getTime() - latest.at.getTime();
      // A clock that was ahead must not keep us from probing.
      if (age >= 0 && age < (latest.passed ? REPEAT_AFTER_PASS_MS : REPEAT_AFTER_REFUSAL_MS)) return undefined;
    }
    const certificate = await probeNow(deps);
    tell(certificate.report, log);
    return certificate;
  });
}

function tell(report: ProbeReport, log: Log): void {
  const { verdict, store, notUsed } = report;
  const failed = report.checks.filter(
    ({ severity, result }) => severity === 'required' && result !== 'ok' && result !== 'note',
  );
  const facts = {
    verdict,
    host: store.host,
    bucket: store.bucket,
    notUsed,
    failed: failed.map(({ id, seen }) => ({ id, seen })),
  };
  if (verdict === 'passed') log.info(facts, 'the archive store passed its lock probe');
  else if (verdict === 'refused') log.error(facts, 'the archive store does not keep its locks');
  else log.warn(facts, 'the archive store could not be probed to the end');
}

/** An owned resource. */
export interface ProbeKeeper {
  /** Looks now and every ten minutes whether it is time to probe. */
  start(): void;
  /** Gives up a probe under way. */
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 10 * 60_000;

/** `keepProbed` on a timer, for a worker. A store that cannot be asked is a line in the log. */
export function createProbeKeeper(deps: ProbeKeepingDeps): ProbeKeeper {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  const leaving = new AbortController();
  const look = async () => {
    try {
      await keepProbed({ ...deps, signal: leaving.signal });
    } catch (error) {
      if (!leaving.signal.aborted) deps.log.warn({ err: error }, 'the lock probe could not be made');
    }
  };
  return {
    start: () => {
      looking = look();
      timer = setInterval(() => {
        looking = looking.then(look);
      }, LOOK_EVERY_MS);
      timer.unref();
    },
    close: async () => {
      clearInterval(timer);
      leaving.abort();
      await looking;
    },
  };
}
