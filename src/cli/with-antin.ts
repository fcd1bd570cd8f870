/** Opens the parts as configured, for a command, and closes them whatever happens. */
import { dirname, join, resolve } from 'node:path';
import type { RedisPlace } from '../../workers/bullmq/index.ts';
import { type Antin, type ComposeOptions, compose } from '../compose/index.ts';
import type { Config } from '../config.ts';
import { loadConfig } from '../config.ts';
import { ownFormsDir } from '../forms/index.ts';
import { joinServer } from '../platform/db/index.ts';
import type { S3Settings } from '../platform/storage/index.ts';
import { type Log, silentLog, systemClock } from '../shared/index.ts';
import { readUpstreamCa } from './upstream-ca.ts';

/** A file or folder that ships with the program. */
export const shipped = (...path: string[]): string => join(dirname(dirname(ownFormsDir())), ...path);

/** What the composition needs, from the settings. */
export function composeOptions(config: Config, log: Log): ComposeOptions {
  return {
    mode: config.MODE,
    dataDir: resolve(config.DATA_DIR),
    stateDir: config.STATE_DIR,
    databaseUrl: config.DATABASE_URL,
    s3: s3Settings(config),
    redis: redisPlace(config),
    keysDir: config.KEYS_DIR === undefined ? undefined : resolve(config.KEYS_DIR),
    publicBaseUrl: config.PUBLIC_BASE_URL ?? `http://${config.HOST}:${config.PORT}`,
    policiesDir: config.POLICIES_DIR ?? shipped('storage-policies'),
    hospitalFormsDir: config.FORMS_DIR,
    trustDir: config.TRUST_DIR ?? shipped('certs', 'trust'),
    proxy: {
      ...(config.HTTPS_PROXY === undefined ? {} : { http: config.HTTPS_PROXY, https: config.HTTPS_PROXY }),
      no: config.NO_PROXY,
    },
    tsaUrls: config.TSA_URLS,
    insideHosts: config.INSIDE_HOSTS,
    upstreamCa: readUpstreamCa(config.UPSTREAM_CA_DIR).pems,
    unencryptedHosts: config.UNENCRYPTED_HOSTS,
    accepted: {
      clinicStoreAcceptedBy: config.CLINIC_STORE_ACCEPTED_BY,
      softwareKeysAcceptedBy: config.SOFTWARE_KEYS_ACCEPTED_BY,
    },
    limits: {
      perKey: config.RATE_LIMIT_KEY,
      perAddress: config.RATE_LIMIT_ADDRESS,
      lookupsPerAddress: config.RATE_LIMIT_LOOKUP,
    },
    trustedProxies: config.TRUSTED_PROXIES,
    bodyTimeoutMs: config.BODY_TIMEOUT_SECONDS * 1000,
    connections: config.DATABASE_CONNECTIONS,
    concurrency: config.WORKER_CONCURRENCY,
    queueLimits: config.WORKER_QUEUE_LIMITS,
    maxPdfBytes: config.MAX_PDF_BYTES,
    immutableFlag: config.ARCHIVE_IMMUTABLE_FLAG,
    clock: systemClock,
    log,
    parallel: 2,
  };
}

/** The server that wakes workers, when it is set. */
export function redisPlace({ REDIS_URL, UPSTREAM_CA_DIR }: Config): RedisPlace | undefined {
  return REDIS_URL === undefined
    ? undefined
    : { url: REDIS_URL, ca: readUpstreamCa(UPSTREAM_CA_DIR).pemFor(REDIS_URL) };
}

/** The object stores, when they are set. */
export function s3Settings(config: Config): S3Settings | undefined {
  const { S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY } = config;
  if (S3_ENDPOINT === undefined || S3_ACCESS_KEY === undefined || S3_SECRET_KEY === undefined) return undefined;
  return {
    endpoint: S3_ENDPOINT,
    region: config.S3_REGION,
    accessKey: S3_ACCESS_KEY,
    secretKey: S3_SECRET_KEY,
    archiveBucket: config.S3_ARCHIVE_BUCKET,
    workBucket: config.S3_WORK_BUCKET,
    caFile: readUpstreamCa(config.UPSTREAM_CA_DIR).fileFor(S3_ENDPOINT),
  };
}

/** Who may make accounts in the object store, when that is set. */
export function s3Administrator({ S3_ADMIN_ACCESS_KEY, S3_ADMIN_SECRET_KEY }: Config) {
  if (S3_ADMIN_ACCESS_KEY === undefined || S3_ADMIN_SECRET_KEY === undefined) return undefined;
  return { accessKey: S3_ADMIN_ACCESS_KEY, secretKey: S3_ADMIN_SECRET_KEY };
}

/**
 * `administration` (default): the command sets up, examines or repairs; the conditions of legal mode may be missing, and it works
 * beside the process that has the data folder open.
 */
export async function withAntin<T>(
  where: { data?: string | undefined; administration?: boolean },
  work: (antin: Antin) => Promise<T>,
): Promise<T> {
  const options = composeOptions(loadConfig({ DATA_DIR: where.data }), silentLog);
  const administration = where.administration ?? true;
  const databaseUrl =
    options.databaseUrl ?? (administration ? await joinServer(join(options.dataDir, 'db')) : undefined);
  // Others work on a server's database: only `antin migrate` changes its schema.
  const schema = databaseUrl === undefined ? 'migrate' : 'require';
  const antin = await compose({ ...options, databaseUrl, schema, administration });
  try {
    return await work(antin);
  } finally {
    await antin.close();
  }
}
