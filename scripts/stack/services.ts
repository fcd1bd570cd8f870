/** PostgreSQL, Redis and the S3 engine of a stack, and where its processes reach them. */
import { join } from 'node:path';
import {
  installed,
  type PostgresService,
  type RedisService,
  type S3Service,
  startMinio,
  startPostgres,
  startRedis,
  startSeaweed,
} from '../services/index.ts';
import type { StackOptions } from './contract.ts';

export interface StackServices {
  readonly postgres: PostgresService;
  readonly redis: RedisService;
  readonly s3: S3Service;
  /** Addresses for the processes, by the services' names in docker-compose.yml: `host:port`. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Ends them; deletes their data unless it is to be kept. */
  stop(keep: boolean): Promise<void>;
}

export async function startServices(dir: string, options: StackOptions): Promise<StackServices> {
  const engine = options.s3 ?? ((await installed('minio')) === undefined ? 'seaweedfs' : 'minio');
  const started = await Promise.allSettled([
    startPostgres({ dir: join(dir, 'postgres') }),
    startRedis({ dir: join(dir, 'redis'), appendOnly: options.redisAppendOnly ?? true }),
    engine === 'minio' ? startMinio({ dir: join(dir, 'minio') }) : startSeaweed({ dir: join(dir, 'seaweedfs') }),
  ]);
  const [postgres, redis, s3] = started;
  const stop = async (keep: boolean): Promise<void> => {
    const [first, second, third] = started;
    await Promise.all([
      // Without waiting for clients that hold on.
      first.status === 'fulfilled' && (keep ? first.value.kill('SIGINT') : first.value.stop()),
      second.status === 'fulfilled' && (keep ? second.value.kill('SIGTERM') : second.value.stop()),
      third.status === 'fulfilled' && (keep ? third.value.kill() : third.value.stop()),
    ]);
  };
  if (postgres.status === 'rejected' || redis.status === 'rejected' || s3.status === 'rejected') {
    await stop(options.dir !== undefined);
    throw new Error(started.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : [])).join('\n'));
  }
  const addresses = new Map<string, string>();
  for (const [service, name, url] of [
    ['postgres', 'postgres', postgres.value.url],
    ['redis', 'redis', redis.value.url],
    ['s3', 'minio', s3.value.endpoint],
  ] as const) {
    const { hostname, port } = new URL(url);
    const at = { host: hostname, port: Number(port) };
    const reached = (await options.link?.(service, at)) ?? at;
    addresses.set(name, `${reached.host}:${reached.port}`);
  }
  return { postgres: postgres.value, redis: redis.value, s3: s3.value, addresses, stop };
}
