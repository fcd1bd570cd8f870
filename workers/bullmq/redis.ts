/** Connections to Redis, and what its settings must be for it to ring reliably. */
import { Redis } from 'ioredis';
import type { BilingualText } from '../../src/shared/index.ts';
import { within } from '../runner.ts';

const MOST_WAIT_MS = 2000;

export interface RedisPlace {
  /** `redis://` or, with TLS, `rediss://`. */
  readonly url: string;
  /** PEM of the authority behind the server's certificate, when it is the hospital's own. */
  readonly ca?: string | undefined;
}

const ALWAYS = {
  connectTimeout: MOST_WAIT_MS,
  retryStrategy: (times: number) => Math.min(1000, 100 * times),
};

/** For rings: fails within two seconds instead of waiting for a server that is away. */
export function openRinging(at: RedisPlace): Redis {
  return open(at, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: MOST_WAIT_MS });
}

/** For listening: waits for the server as long as it takes. */
export function openListening(at: RedisPlace): Redis {
  return open(at, { maxRetriesPerRequest: null });
}

/** In what the connections differ. */
interface Manner {
  readonly lazyConnect?: boolean;
  readonly enableOfflineQueue?: boolean;
  readonly maxRetriesPerRequest?: number | null;
  readonly commandTimeout?: number;
  readonly retryStrategy?: () => null;
}

function open({ url, ca }: RedisPlace, manner: Manner): Redis {
  const tls = url.startsWith('rediss:')
    ? { tls: { minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) } }
    : {};
  const redis = new Redis(url, { ...ALWAYS, ...tls, ...manner });
  // Whoever opens it says in the log once that the server is away, not at every retry.
  redis.on('error', () => undefined);
  return redis;
}

/** Waits two seconds for the connection. @throws when it does not come. */
export async function connected(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  const { promise, resolve } = Promise.withResolvers<void>();
  redis.once('ready', resolve);
  const inTime = await within(promise, MOST_WAIT_MS);
  redis.off('ready', resolve);
  if (!inTime) throw new Error('no connection to Redis');
}

/** A setting of Redis under which bells get lost. They are rung again, later. */
export interface RedisWeakness extends BilingualText {
  readonly code: 'REDIS_EVICTS' | 'REDIS_FORGETS';
}

/**
 * What is wrong with the settings of a Redis server; empty: nothing.
 * @throws what the client throws when the server does not answer within two seconds.
 */
export async function checkRedis(at: RedisPlace): Promise<readonly RedisWeakness[]> {
  const redis = open(at, { lazyConnect: true, retryStrategy: () => null, commandTimeout: MOST_WAIT_MS });
  try {
    await redis.connect();
    return await weaknesses(redis);
  } finally {
    redis.disconnect();
  }
}

/** Read from INFO, which servers run by others allow as well. */
export async function weaknesses(redis: Redis): Promise<readonly RedisWeakness[]> {
  const info = `${await redis.info('memory')}${await redis.info('persistence')}`;
  const value = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const found: RedisWeakness[] = [];
  const policy = value('maxmemory_policy');
  if (policy !== 'noeviction') {
    found.push({
      code: 'REDIS_EVICTS',
      vi: `Redis xóa dữ liệu khi đầy bộ nhớ (maxmemory-policy ${policy}); cần đặt noeviction.`,
      en: `Redis drops data when its memory is full (maxmemory-policy ${policy}); set it to noeviction.`,
    });
  }
  if (value('aof_enabled') !== '1') {
    found.push({
      code: 'REDIS_FORGETS',
      vi: 'Redis không ghi nhật ký xuống đĩa (appendonly no); cần đặt appendonly yes.',
      en: 'Redis keeps nothing on disk (appendonly no); set appendonly yes.',
    });
  }
  return found;
}
