/** What a whole Ấn Tín is put together from; the command line makes it from the settings, tests by hand. */
import type { BullRunnerOptions, RedisPlace } from '../../workers/bullmq/index.ts';
import type { LimitSettings } from '../api/index.ts';
import type { LegalSettings } from '../legal-mode/index.ts';
import type { SharedClock } from '../platform/db/index.ts';
import type { S3Settings } from '../platform/storage/index.ts';
import type { ProxySettings } from '../platform/trust/index.ts';
import type { Clock, Log } from '../shared/index.ts';

export interface ComposeOptions {
  readonly mode: 'demo' | 'legal';
  readonly dataDir: string;
  /** Where the embedded database goes when the server's account cannot reach the data directory. */
  readonly stateDir?: string | undefined;
  readonly databaseUrl?: string | undefined;
  /** Default `migrate`; processes beside others `require` what `antin migrate` has made. */
  readonly schema?: 'migrate' | 'require';
  /** Object stores; absent: folders in the data directory. */
  readonly s3?: S3Settings | undefined;
  /** Redis that wakes the runner; absent: the database does. */
  readonly redis?: RedisPlace | undefined;
  /** Of all keys in Redis. Default `antin`. */
  readonly redisPrefix?: string;
  /** Where the keys of the program lie, the same for all processes; absent: `keys` in the data directory. */
  readonly keysDir?: string | undefined;
  /** Where people reach this installation: printed in QR codes. */
  readonly publicBaseUrl: string;
  readonly policiesDir: string;
  /** A hospital's own forms beside ours. */
  readonly hospitalFormsDir?: string | undefined;
  /** Anchors; absent: only those of the demo authority. */
  readonly trustDir?: string | undefined;
  /** PEM files of further anchors (the demo trusts the authority of its sample). */
  readonly extraAnchors?: readonly string[];
  /** Servers inside the own network that may be contacted. */
  readonly insideHosts?: readonly string[];
  /** Most database connections. */
  readonly connections?: number;
  /** Jobs at once; default twice `parallel`. */
  readonly concurrency?: number;
  /** Of a kind, within `concurrency`; only with Redis. */
  readonly queueLimits?: BullRunnerOptions<never>['atOnce'] | undefined;
  /** Proxy to outside services. */
  readonly proxy?: ProxySettings | undefined;
  /** RFC 3161 services; absent: the demo authority's. */
  readonly tsaUrls: readonly string[];
  readonly maxPdfBytes: number;
  /** The whole body of a request must arrive within this time. Default 30 seconds. */
  readonly bodyTimeoutMs?: number;
  /** What a caller may ask for in a minute. */
  readonly limits?: LimitSettings;
  /** Addresses and ranges of the reverse proxies in front, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** PEM of the CA of a service, by `host` or `host:port`, instead of the public ones. */
  readonly upstreamCa?: Readonly<Record<string, string>>;
  /** Services that legal mode may reach without TLS. */
  readonly unencryptedHosts?: readonly string[];
  /** By whom risks were accepted that legal mode refuses otherwise. */
  readonly accepted?: Pick<LegalSettings, 'clinicStoreAcceptedBy' | 'softwareKeysAcceptedBy'>;
  /** For commands that set up, examine or repair: they may run while conditions of legal mode are missing. Default false. */
  readonly administration?: boolean;
  readonly clock: Clock;
  /** By which clock processes share out work and turns. Default: the database's; a `clock` that is not the system's. */
  readonly sharedClock?: SharedClock;
  readonly log: Log;
  /** Set the immutable flag on archived files where the system allows it. Default false. */
  readonly immutableFlag?: boolean | undefined;
  /** Typst processes and job loops at once. */
  readonly parallel?: number;
}
