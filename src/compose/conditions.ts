/** Whether a process can do its work, and whether it may: readiness, and what legal mode misses. */
import { checkRedis } from '../../workers/bullmq/index.ts';
import type { Archive } from '../archive/index.ts';
import { demandNone, type LegalSettings, refuseInstallation, refuseSettings } from '../legal-mode/index.ts';
import {
  clockCheck,
  createReadiness,
  databaseCheck,
  diskChecks,
  findingsCheck,
  LEAVING,
  probeCheck,
  type Readiness,
  stoppedCheck,
  timestampCheck,
  workersCheck,
  workStoreCheck,
} from '../platform/readiness/index.ts';
import type { InputMistake } from '../shared/index.ts';
import type { Ground } from './ground.ts';
import type { ComposeOptions } from './options.ts';
import type { Trust } from './trust.ts';

/** How long a job may be due before somebody is told that nobody takes it. */
const LONGEST_DUE_MS = 2 * 60_000;

export interface Conditions {
  readonly readiness: () => Promise<Readiness>;
  /** Missing conditions of legal mode, each with its remedy; empty in demo mode. */
  readonly legalRefusals: () => Promise<readonly InputMistake[]>;
  /** From now on health and readiness say that this process leaves: who balances the load sends nothing more. */
  leave(): void;
  leaving(): boolean;
}

export function watchConditions(
  options: ComposeOptions,
  { database, stores, clockProblem, probe }: Ground,
  { anchors, timestamp }: Trust,
  { openFindings }: Pick<Archive, 'openFindings'>,
): Conditions {
  const { clock, log, redis, dataDir } = options;
  const demo = options.mode === 'demo';
  const looked = createReadiness({
    checks: [
      databaseCheck(database),
      clockCheck(clockProblem),
      workStoreCheck(stores.work),
      ...diskChecks(dataDir),
      timestampCheck(timestamp.usage, clock),
      workersCheck(database, clock, LONGEST_DUE_MS),
      stoppedCheck(database),
      findingsCheck(openFindings),
      ...(options.s3 === undefined ? [] : [probeCheck(probe, clock, !demo)]),
    ],
    log,
  });
  let leaving = false;
  return {
    readiness: async () => (leaving ? LEAVING : looked()),
    legalRefusals: async () => {
      if (demo) return [];
      const settings = legalSettings(options);
      const installation = await refuseInstallation({
        settings,
        trust: anchors,
        database,
        clock,
        latestProbe: probe,
        redisWeaknesses: async () => (redis === undefined ? [] : checkRedis(redis)),
      });
      return [...refuseSettings(settings), ...installation];
    },
    leave: () => {
      leaving = true;
    },
    leaving: () => leaving,
  };
}

/**
 * A database that must not be contacted is not asked for the conditions that only it can tell.
 * @throws LEGAL_CONDITIONS_MISSING
 */
export function refuseToContact(options: ComposeOptions): void {
  const refusals = refuseSettings(legalSettings(options));
  if (refusals.some(({ path }) => path === '/DATABASE_URL')) demandNone(refusals);
}

const legalSettings = (options: ComposeOptions): LegalSettings => ({
  publicBaseUrl: options.publicBaseUrl,
  tsaUrls: options.tsaUrls,
  databaseUrl: options.databaseUrl,
  redisUrl: options.redis?.url,
  s3Endpoint: options.s3?.endpoint,
  unencryptedHosts: options.unencryptedHosts ?? [],
  ...options.accepted,
});
