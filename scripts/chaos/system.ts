/** The production stack with everything in place that can be broken: proxies on its links, small disks, clocks that can be set. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type AuthorityService, authorityPort, makeAuthority, startAuthority } from '../faults/authority.ts';
import type { Victim, Victims } from '../faults/catalogue.ts';
import { createProcessClock } from '../faults/clock.ts';
import type { Chance } from '../faults/random.ts';
import { mountSmallDisk, type SmallDisk } from '../faults/small-disk.ts';
import { openTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { sleep } from '../load/client.ts';
import { type Stack, type StackProcess, startStack } from '../stack/index.ts';

export interface ChaosSystem {
  readonly stack: Stack;
  readonly victims: Victims;
  readonly authorityDir: string;
  /** Faults that this machine does not allow, and why. */
  readonly impossible: readonly string[];
  /** Starts again what has ended by itself, as a supervisor (systemd, Docker) would. @returns the names. */
  revive(): Promise<string[]>;
  /** `keep`: what lay on the small disks, too. */
  stop(keep: boolean): Promise<void>;
}

export interface ChaosSystemOptions {
  readonly dir: string;
  readonly s3: 'minio' | 'seaweedfs';
  readonly chance: Chance;
  readonly say: (line: string) => void;
}

/** Room of the disks that are filled; what lies on them lies in memory. */
const SERVICE_DISK_MIB = 6144;
const DATA_DISK_MIB = 64;

export async function startChaosSystem({ dir, s3, chance, say }: ChaosSystemOptions): Promise<ChaosSystem> {
  const impossible: string[] = [];
  const undo: ((keep: boolean) => Promise<unknown>)[] = [];
  const stop = async (keep: boolean): Promise<void> => {
    for (const step of undo.toReversed()) await step(keep).catch((error) => say(`not undone: ${error}`));
  };
  try {
    // Where the stack puts things.
    const dataDir = join(dir, 'volumes', 'antin-data');
    const disks = await mountDisks({ postgres: join(dir, 'postgres'), s3: join(dir, s3), data: dataDir }, impossible);
    for (const disk of Object.values(disks)) undo.push(disk.close);
    const authorityDir = join(dataDir, 'authority');
    const tsaPort = await authorityPort();
    const tsaLink = await openTcpProxy({ port: tsaPort }, chance.next);
    undo.push(tsaLink.close);
    const { timestampUrl } = await makeAuthority(authorityDir, tsaLink.port);
    const tsa = await startAuthority(authorityDir, join(dir, 'tsa'), tsaPort);
    undo.push(() => tsa.kill());

    const links = new Map<string, TcpProxy>();
    const stack = await startStack({
      dir,
      s3,
      proxy: false,
      env: { TSA_URLS: timestampUrl, INSIDE_HOSTS: '127.0.0.1', LOG_LEVEL: 'info' },
      link: async (service, at) => {
        const link = await openTcpProxy({ port: at.port }, chance.next);
        links.set(service, link);
        undo.push(link.close);
        return { host: '127.0.0.1', port: link.port };
      },
      say,
    });
    undo.push(stack.stop);
    const link = (name: string): TcpProxy => {
      const found = links.get(name);
      if (found === undefined) throw new Error(`no link to ${name}`);
      return found;
    };
    const clocks = await settableClocks(stack, dir, impossible);
    const victims: Victims = {
      api: stack.api.map(asVictim),
      workers: stack.workers.map(asVictim),
      postgres: stack.postgres,
      redis: stack.redis,
      s3: stack.s3,
      tsa,
      links: { postgres: link('postgres'), redis: link('redis'), s3: link('s3'), tsa: tsaLink },
      disks,
      clocks,
      flushRedis: () => flush(stack.redis.url),
      forgetRedis: () => forget(join(dir, 'redis')),
    };
    return { stack, victims, authorityDir, impossible, revive: () => revive(stack, tsa), stop };
  } catch (error) {
    await stop(true);
    throw error;
  }
}

type Disks = Record<'postgres' | 's3' | 'data', SmallDisk>;

async function mountDisks(
  places: Readonly<Record<keyof Disks, string>>,
  impossible: string[],
): Promise<Partial<Disks>> {
  try {
    return {
      postgres: await mountSmallDisk(places.postgres, SERVICE_DISK_MIB),
      s3: await mountSmallDisk(places.s3, SERVICE_DISK_MIB),
      data: await mountSmallDisk(places.data, DATA_DISK_MIB),
    };
  } catch (error) {
    impossible.push(`disk full: ${error instanceof Error ? error.message : error}`);
    return {};
  }
}

/** The second API process and the second worker get clocks that can be set. */
async function settableClocks(stack: Stack, dir: string, impossible: string[]): Promise<Victims['clocks']> {
  try {
    const folder = join(dir, 'clocks');
    await mkdir(folder, { recursive: true });
    const second = [stack.api[1], stack.workers[1]].filter((one) => one !== undefined);
    return await Promise.all(
      second.map(async (one) => {
        const clock = await createProcessClock(join(folder, one.name));
        await one.kill('SIGKILL');
        await one.start({ wrap: clock.wrap });
        return { name: one.name, clock };
      }),
    );
  } catch (error) {
    impossible.push(`clock wrong: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

function asVictim(one: StackProcess): Victim {
  return { ...one, kill: (signal) => one.kill(signal), start: () => startIfDown(one) };
}

const SUPERVISED_MS = 60_000;

/** As often as it takes: what it needs may not be back yet. */
async function startIfDown(one: Pick<StackProcess, 'pid' | 'start'>): Promise<void> {
  const deadline = performance.now() + SUPERVISED_MS;
  while (one.pid() === undefined) {
    try {
      await one.start();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(500);
    }
  }
}

async function revive(stack: Stack, tsa: AuthorityService): Promise<string[]> {
  const all = [stack.postgres, stack.redis, stack.s3, tsa, ...stack.api, ...stack.workers];
  const down = all.filter((one) => one.pid() === undefined);
  for (const one of down) await startIfDown(one);
  return down.map(({ name }) => name);
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 3, lazyConnect: true });
  redis.on('error', () => undefined);
  try {
    await redis.flushall();
  } finally {
    redis.disconnect();
  }
}

/** Everything but its logs. */
async function forget(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.endsWith('.log')) await rm(join(dir, name), { recursive: true, force: true });
  }
}
