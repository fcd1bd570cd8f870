/**
 * The only file that knows every part. Puts one running Ấn Tín together: stores, trust, slices, jobs, HTTP app.
 * Nothing runs when it returns: `runner.start()` and listening are the caller's.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRedis, createBullRunner } from '../workers/bullmq/index.ts';
import { createInProcessRunner } from '../workers/in-process.ts';
import { JOBS, type JobDeps } from '../workers/jobs/index.ts';
import type { Runner } from '../workers/runner.ts';
import { createSweeper, type Sweeper } from '../workers/sweeper.ts';
import { type App, createApi, DEFAULT_LIMITS } from './api/index.ts';
import { type Archive, createArchive, loadPolicies, type RetentionPolicy } from './archive/index.ts';
import type { ComposeOptions } from './compose-options.ts';
import { addConsole } from './console/index.ts';
import { type Certificate, parsePem } from './engines/crypto/index.ts';
import { createValidationThreads, type TimestampSource } from './engines/pades/index.ts';
import { createRenderer, loadStampFont, type Renderer } from './engines/render/index.ts';
import { createLookup } from './evidence/index.ts';
import { type Forms, loadFonts, loadForms } from './forms/index.ts';
import {
  demandNone,
  type LegalSettings,
  refuseInstallation,
  refuseSettings,
  settleMode,
  softwareKeyStatement,
} from './legal-mode/index.ts';
import { createParties, type Parties } from './parties/index.ts';
import { type Access, createAccess, createIdempotency, type Idempotency } from './platform/access/index.ts';
import { createAuditLog, createSequencer, loadLogKey, type Sequencer } from './platform/audit/index.ts';
import { refuseUnfinishedRestore } from './platform/backup/index.ts';
import { clockProblem, type Database, openDatabase } from './platform/db/index.ts';
import { createMetrics, type Metrics, measuredRenderer } from './platform/metrics/index.ts';
import { createOutbox, type Outbox } from './platform/outbox/index.ts';
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
} from './platform/readiness/index.ts';
import { openStores } from './platform/storage/index.ts';
import { createProbeKeeper, latestProbe, type ProbeKeeper } from './platform/storage/worm-probe/index.ts';
import { type Authority, authorityTransport, openDemoAuthority } from './platform/trust/authority/index.ts';
import {
  createHttpTransport,
  createMaterialSource,
  createTimestampSource,
  loadTrust,
  type TrustStore,
} from './platform/trust/index.ts';
import { createRecords, createWork, type Records } from './records/index.ts';
import { type InputMistake, systemClock } from './shared/index.ts';
import { createSealKeys, createSigning, type Signing } from './signing/index.ts';

export interface Antin {
  readonly options: ComposeOptions;
  readonly database: Database;
  readonly outbox: Outbox;
  readonly parties: Parties;
  readonly records: Records;
  readonly signing: Signing;
  readonly archive: Archive;
  readonly access: Access;
  readonly idempotency: Idempotency;
  readonly timestamp: TimestampSource;
  readonly forms: Forms;
  readonly renderer: Renderer;
  readonly policies: readonly RetentionPolicy[];
  readonly runner: Runner;
  readonly sequencer: Sequencer;
  readonly sweeper: Sweeper;
  /** Keeps the S3 store's lock probe fresh; absent without one. */
  readonly probeKeeper: ProbeKeeper | undefined;
  readonly app: App;
  readonly metrics: Metrics;
  readonly readiness: () => Promise<Readiness>;
  /** From now on health and readiness say that this process leaves: who balances the load sends nothing more. */
  leave(): void;
  leaving(): boolean;
  /** Missing conditions of legal mode, each with its remedy; empty in demo mode. */
  readonly legalRefusals: () => Promise<readonly InputMistake[]>;
  /** Settles for good what the data of this database are worth. @throws LEGAL_DEFAULT_USERS, LEGAL_DATABASE_FOR_DEMO. */
  readonly settleMode: () => Promise<void>;
  /** The throw-away authority of demo mode. */
  readonly authority: Authority | undefined;
  readonly anchors: { readonly signers: readonly Certificate[]; readonly tsa: readonly Certificate[] };
  /** Keeps what opens a seal for unattended use (0600, below the data directory). */
  keepSealPin(credentialId: string, pin: string): Promise<void>;
  close(): Promise<void>;
}

/** Tokens of the authorities seen so far with their chains, and a margin; a larger one makes the engine prepare anew. */
const TIMESTAMP_RESERVE_BYTES = 6144;
const BODY_TIMEOUT_MS = 30_000;
/** How long a job may be due before somebody is told that nobody takes it. */
const LONGEST_DUE_MS = 2 * 60_000;

export async function compose(options: ComposeOptions): Promise<Antin> {
  const { log, dataDir } = options;
  const enforce = options.mode === 'legal' && options.administration !== true;
  refuseUnfinishedRestore(dataDir);
  if (enforce) refuseToContact(options);
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const database = await openDatabase(
    options.databaseUrl === undefined
      ? { dataDir: join(dataDir, 'db'), ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }) }
      : { url: options.databaseUrl },
    {
      log,
      schema: options.schema ?? 'migrate',
      ...(options.connections === undefined ? {} : { connections: options.connections }),
    },
  );
  let antin: Antin;
  try {
    antin = await assemble(options, database);
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
  try {
    if (enforce) demandNone(await antin.legalRefusals());
    if (options.administration !== true) await antin.settleMode();
    return antin;
  } catch (thrown) {
    await antin.close();
    throw thrown;
  }
}

/** A database that must not be contacted is not asked for the conditions that only it can tell. */
function refuseToContact(options: ComposeOptions): void {
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

async function assemble(options: ComposeOptions, database: Database): Promise<Antin> {
  const { clock, log, dataDir } = options;
  const demo = options.mode === 'demo';
  const keysDir = options.keysDir ?? join(dataDir, 'keys');
  const parallel = options.parallel ?? 2;
  const fonts = await loadFonts();
  const [forms, policies, stores, logKey, stampFont, authority] = await Promise.all([
    loadForms(undefined, options.hospitalFormsDir),
    loadPolicies(options.policiesDir),
    openStores(options),
    loadLogKey(keysDir),
    loadStampFont(fonts.regular),
    demo ? openDemoAuthority(join(dataDir, 'authority'), clock) : undefined,
  ]);
  const anchors = await collectAnchors(options, authority);
  const http = createHttpTransport({
    proxy: options.proxy ?? {},
    allowPrivate: options.insideHosts ?? [],
    upstreamCa: options.upstreamCa ?? {},
  });
  // Whoever names the demo authority's own address serves it as a process of its own (`antin dev-pki --serve`).
  const served = authority !== undefined && options.tsaUrls.includes(authority.timestampUrl);
  const transport = authority === undefined || served ? http : authorityTransport(authority, http);
  const tsaUrls = options.tsaUrls.length > 0 || authority === undefined ? options.tsaUrls : [authority.timestampUrl];
  const timestamp = createTimestampSource({ urls: tsaUrls, transport, clock, anchors: anchors.tsa });
  const material = createMaterialSource({
    transport,
    clock,
    anchors: anchors.signers,
    timestampAnchors: anchors.tsa,
  });
  const validation = createValidationThreads({
    anchors: anchors.signers,
    timestampAnchors: anchors.tsa,
    threads: parallel,
  });
  const upload = () => ({ file: 'upload.pdf', at: clock.now() });

  const audit = createAuditLog({ clock });
  // Processes on several machines go by one clock when they share out work.
  const shared = options.sharedClock ?? (clock === systemClock ? 'database' : clock);
  const outbox = createOutbox({ database, clock: shared, ownClock: clock });
  const ownClockProblem = () => clockProblem(database.db, shared, clock);
  const parties = createParties({ database, clock, audit });
  const { s3 } = options;
  const probe = async () => (s3 === undefined ? undefined : latestProbe(database, s3));
  const metrics = createMetrics({
    database,
    clock,
    log,
    timestamps: timestamp.usage,
    probe,
    findings: () => archive.openFindings(),
  });
  const typesetter = createRenderer({
    fonts: fonts.faces,
    fontFamily: fonts.family,
    stampFont,
    processes: parallel,
  });
  const renderer = measuredRenderer(typesetter, metrics.countRender);
  const lookupUrl = (code: string): string => `${options.publicBaseUrl}/tra-cuu/${code}`;
  const records = createRecords({
    database,
    workStore: stores.work,
    forms,
    renderer,
    audit,
    outbox,
    clock,
    facilityHeading: (id) => parties.findFacility(id),
    lookupUrl,
    inspect: (pdf) => validation.inspect(pdf, upload()),
    maxPdfBytes: options.maxPdfBytes,
    demo,
  });
  const seals = createSealKeys(keysDir);
  const signing = createSigning({
    database,
    records,
    parties,
    audit,
    outbox,
    clock,
    sharedClock: shared,
    log,
    timestamp,
    timestampReserve: TIMESTAMP_RESERVE_BYTES,
    material,
    validation,
    fallbackFont: fonts.regular,
    anchors: anchors.signers,
    timestampAnchors: anchors.tsa,
    sealKeys: seals.open,
  });
  const archive = createArchive({ database, store: stores.archive, clock, audit, policies, log });
  const access = createAccess({ database, clock });
  const idempotency = createIdempotency({ database, clock: shared });
  if (options.databaseUrl === undefined) await idempotency.abandonAll();
  const deps: JobDeps = { outbox, records, signing, archive };
  const running = {
    outbox,
    jobs: JOBS,
    deps,
    log,
    concurrency: options.concurrency ?? parallel * 2,
    report: metrics.countJob,
  };
  const { redis } = options;
  const runner =
    redis === undefined
      ? createInProcessRunner({ ...running, soleOwner: options.databaseUrl === undefined })
      : createBullRunner({ ...running, redis, prefix: options.redisPrefix ?? 'antin' });
  const sequencer = createSequencer({ database, key: logKey, clock, log });
  const sweeper = createSweeper({
    exclusively: (round) => database.withLock('sweeper', round),
    parties,
    archive,
    records,
    idempotency,
    clockProblem: ownClockProblem,
    log,
  });
  const probeKeeper =
    s3 === undefined || stores.client === undefined
      ? undefined
      : createProbeKeeper({ database, client: stores.client, settings: s3, key: logKey, clock, log });
  let leaving = false;
  const looked = createReadiness({
    checks: [
      databaseCheck(database),
      clockCheck(ownClockProblem),
      workStoreCheck(stores.work),
      ...diskChecks(dataDir),
      timestampCheck(timestamp.usage, clock),
      workersCheck(database, clock, LONGEST_DUE_MS),
      stoppedCheck(database),
      findingsCheck(archive.openFindings),
      ...(s3 === undefined ? [] : [probeCheck(probe, clock, !demo)]),
    ],
    log,
  });
  const readiness = async (): Promise<Readiness> => (leaving ? LEAVING : looked());
  const legalRefusals = async (): Promise<readonly InputMistake[]> => {
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
  };
  const statement = softwareKeyStatement(options.mode, options.accepted?.softwareKeysAcceptedBy);
  const app = createApi({
    access,
    idempotency,
    clock,
    log,
    records,
    work: createWork({ database, outbox, audit }),
    signing,
    archive,
    parties,
    validate: async (pdf) => ({ ...(await validation.validate(pdf, upload())), ...statement }),
    lookupUrl,
    maxPdfBytes: options.maxPdfBytes,
    bodyTimeoutMs: options.bodyTimeoutMs ?? BODY_TIMEOUT_MS,
    readiness,
    leaving: () => leaving,
    metrics,
    limits: options.limits ?? DEFAULT_LIMITS,
    trustedProxies: options.trustedProxies ?? [],
    https: options.publicBaseUrl.startsWith('https:'),
  });
  addConsole(app, {
    lookup: createLookup({ records, parties }),
    clock,
    demo,
    lookupsPerMinute: (options.limits ?? DEFAULT_LIMITS).lookupsPerAddress,
    openApi: async () => (await app.request('/openapi.json')).json(),
  });
  return {
    options,
    database,
    outbox,
    parties,
    records,
    signing,
    archive,
    access,
    idempotency,
    timestamp,
    forms,
    renderer,
    policies,
    runner,
    sequencer,
    sweeper,
    probeKeeper,
    app,
    metrics,
    readiness,
    legalRefusals,
    settleMode: () => settleMode(database, options.mode, clock),
    authority,
    anchors,
    keepSealPin: seals.keep,
    leave: () => {
      leaving = true;
    },
    leaving: () => leaving,
    async close() {
      await runner.stop();
      await sequencer.close();
      await sweeper.close();
      await probeKeeper?.close();
      await renderer.close();
      await validation.close();
      await http.close();
      stores.close();
      await database.close();
    },
  };
}

const NO_TRUST: TrustStore = { signers: [], tsa: [], development: [] };

async function collectAnchors(options: ComposeOptions, authority: Authority | undefined): Promise<TrustStore> {
  const trusted = options.trustDir === undefined ? NO_TRUST : await loadTrust(options.trustDir);
  const own = authority === undefined ? [] : [authority.root];
  const extra: Certificate[] = [];
  for (const file of options.extraAnchors ?? []) extra.push(...parsePem(await readFile(file, 'utf8')));
  return {
    signers: [...trusted.signers, ...own, ...extra],
    tsa: [...trusted.tsa, ...own, ...extra],
    development: trusted.development,
  };
}
