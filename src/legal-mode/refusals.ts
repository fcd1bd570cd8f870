/** The conditions under which signatures and the archive may count before the law; each that is missing, said with its remedy. */
import type { Database } from '../platform/db/index.ts';
import type { TrustStore } from '../platform/trust/index.ts';
import { type BilingualText, type Clock, type InputMistake, PROBLEMS, type ProblemCode } from '../shared/index.ts';
import { type Upstream, unencrypted } from './encryption.ts';
import * as store from './store.ts';

/** What the settings say about the conditions. */
export interface LegalSettings {
  readonly publicBaseUrl: string;
  readonly tsaUrls: readonly string[];
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  /** Absent: the archive is the file system. */
  readonly s3Endpoint?: string | undefined;
  /** `host` or `host:port` of services that may be reached without TLS. */
  readonly unencryptedHosts: readonly string[];
  readonly clinicStoreAcceptedBy?: string | undefined;
  readonly softwareKeysAcceptedBy?: string | undefined;
}

export interface LegalMatters {
  readonly settings: LegalSettings;
  readonly trust: TrustStore;
  readonly database: Database;
  readonly clock: Clock;
  /** The latest probe of the archive store. Asked only where there is an S3 store. */
  readonly latestProbe: () => Promise<{ readonly at: Date; readonly passed: boolean } | undefined>;
  /** What is wrong with how Redis keeps jobs; empty: nothing. Asked only where there is a Redis. */
  readonly redisWeaknesses: (url: string) => Promise<readonly BilingualText[]>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Conditions that need nothing but the settings: to be asked before anything is contacted, since a service without TLS must not even
 * be told a password. Empty: all are met.
 */
export function refuseSettings(settings: LegalSettings): InputMistake[] {
  const { tsaUrls, databaseUrl, redisUrl, s3Endpoint } = settings;
  const refusals: InputMistake[] = [];
  if (!settings.publicBaseUrl.startsWith('https://')) {
    refusals.push(refusal('PUBLIC_BASE_URL', 'LEGAL_NO_PUBLIC_ADDRESS'));
  }
  if (tsaUrls.length === 0) refusals.push(refusal('TSA_URLS', 'LEGAL_NO_TSA'));
  if (s3Endpoint === undefined && settings.clinicStoreAcceptedBy === undefined) {
    refusals.push(refusal('S3_ENDPOINT', 'LEGAL_FILESYSTEM_ARCHIVE'));
  }
  const upstreams: Upstream[] = [
    ...tsaUrls.map((url) => ({ setting: 'TSA_URLS' as const, url })),
    ...(s3Endpoint === undefined ? [] : [{ setting: 'S3_ENDPOINT' as const, url: s3Endpoint }]),
    ...(databaseUrl === undefined ? [] : [{ setting: 'DATABASE_URL' as const, url: databaseUrl }]),
    ...(redisUrl === undefined ? [] : [{ setting: 'REDIS_URL' as const, url: redisUrl }]),
  ];
  for (const { setting, host } of unencrypted(upstreams, settings.unencryptedHosts)) {
    refusals.push(refusal(setting, 'LEGAL_UPSTREAM_WITHOUT_TLS', { vi: host, en: host }));
  }
  return refusals;
}

/** All other conditions. Reads the database, the anchors and, where there are, the latest probe and Redis. */
export async function refuseInstallation(matters: LegalMatters): Promise<InputMistake[]> {
  const { settings, trust } = matters;
  const refusals: InputMistake[] = [];
  for (const { subject } of trust.development) {
    refusals.push(refusal('TRUST_DIR', 'LEGAL_DEVELOPMENT_TRUST', { vi: subject.text, en: subject.text }));
  }
  const real = trust.development.map(({ fingerprint }) => fingerprint);
  for (const folder of ['signers', 'tsa'] as const) {
    if (trust[folder].some(({ fingerprint }) => !real.includes(fingerprint))) continue;
    refusals.push(refusal('TRUST_DIR', 'LEGAL_NO_TRUST_ANCHORS', { vi: `${folder}/`, en: `${folder}/` }));
  }
  if ((await store.modeOf(matters.database.db)) === 'demo') {
    refusals.push(refusal('DATABASE_URL', 'LEGAL_DEFAULT_USERS'));
  }
  if (settings.softwareKeysAcceptedBy === undefined) {
    const { clinicians, seals } = await store.softwareKeys(matters.database.db);
    if (clinicians + seals > 0) {
      refusals.push(
        refusal('SOFTWARE_KEYS_ACCEPTED_BY', 'LEGAL_SOFTWARE_KEYS', {
          vi: `${clinicians} của người hành nghề, ${seals} của cơ sở`,
          en: `${clinicians} of clinicians, ${seals} of facilities`,
        }),
      );
    }
  }
  if (settings.s3Endpoint !== undefined) refusals.push(...(await refuseStore(matters)));
  if (settings.redisUrl !== undefined) {
    // A server that is away loses nothing now, and is looked at when it answers.
    const weaknesses = await matters.redisWeaknesses(settings.redisUrl).catch(() => []);
    for (const weakness of weaknesses) {
      refusals.push(refusal('REDIS_URL', 'LEGAL_REDIS_UNSAFE', weakness));
    }
  }
  return refusals;
}

async function refuseStore({ latestProbe, clock }: LegalMatters): Promise<InputMistake[]> {
  const probe = await latestProbe();
  const why = (vi: string, en: string) => [refusal('S3_ENDPOINT', 'LEGAL_WORM_PROBE', { vi, en })];
  if (probe === undefined) return why('chưa kiểm tra lần nào', 'never probed');
  const day = probe.at.toISOString();
  if (!probe.passed) return why(`không đạt ở lần kiểm tra ${day}`, `failed at ${day}`);
  if (clock.now().getTime() - probe.at.getTime() > DAY_MS)
    return why(`lần kiểm tra gần nhất: ${day}`, `last probed ${day}`);
  return [];
}

function refusal(setting: string, code: ProblemCode, what?: BilingualText): InputMistake {
  const { title, mend } = PROBLEMS[code];
  const say = (language: 'vi' | 'en'): string =>
    `${title[language]}${what === undefined ? '' : ` (${what[language]})`} → ${mend[language]}`;
  return { path: `/${setting}`, code, vi: say('vi'), en: say('en') };
}
