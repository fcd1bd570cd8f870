/** Every fault of the chaos suite. */
import { setTimeout } from 'node:timers/promises';
import type { SettableProcessClock } from './clock.ts';
import type { Fault } from './fault.ts';
import type { SmallDisk } from './small-disk.ts';
import type { TcpProxy, Weather } from './tcp-proxy.ts';

/** A process that can be killed and started again, stopped and continued: of ours, or a service. */
export interface Victim {
  readonly name: string;
  pid(): number | undefined;
  kill(signal: 'SIGKILL'): Promise<void>;
  /** Nothing happens if it runs. */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

export interface Victims {
  readonly api: readonly Victim[];
  readonly workers: readonly Victim[];
  readonly postgres: Victim;
  readonly redis: Victim;
  readonly s3: Victim;
  readonly tsa: Victim;
  /** Between our processes and each service. */
  readonly links: Readonly<Record<'postgres' | 'redis' | 's3' | 'tsa', TcpProxy>>;
  /** Disks of services and of our processes. */
  readonly disks: Readonly<Partial<Record<'postgres' | 's3' | 'data', SmallDisk>>>;
  /** Of processes that were started under one. */
  readonly clocks: readonly { readonly name: string; readonly clock: SettableProcessClock }[];
  flushRedis(): Promise<void>;
  /** Deletes what Redis keeps on disk; only while it does not run. */
  forgetRedis(): Promise<void>;
}

const SERVICES = ['postgres', 'redis', 's3', 'tsa'] as const;
const TITLES = { postgres: 'PostgreSQL', redis: 'Redis', s3: 'S3', tsa: 'TSA' } as const;

/** A query message of PostgreSQL's protocol: type, length, text. */
const COMMIT = 'Q\0\0\0\x0bcommit';
const MOST_UNMET_MS = 20_000;

export function everyFault(victims: Victims): Fault[] {
  const { api, workers, links } = victims;
  const processes = [...api, ...workers];
  const services = SERVICES.map((target) => ({ target, title: TITLES[target], victim: victims[target] }));
  return [
    ...processes.map((one) => killed(one.name, one.name, [one])),
    ...services.map(({ target, title, victim }) => killed(title, target, [victim])),
    killed('every worker', 'everything', workers),
    killed('every process', 'everything', [...processes, ...services.map(({ victim }) => victim)]),
    ...processes.map((one) => stopped(one.name, one.name, one)),
    ...services.map(({ target, title, victim }) => stopped(title, target, victim)),
    {
      name: 'Redis FLUSHALL',
      kind: 'wiped',
      target: 'redis',
      lasts: [100, 100],
      begin: victims.flushRedis,
      end: async () => undefined,
    },
    {
      name: 'Redis killed, restarted empty',
      kind: 'wiped',
      target: 'redis',
      lasts: [300, 1500],
      begin: async () => {
        await victims.redis.kill('SIGKILL');
        await victims.forgetRedis();
      },
      end: victims.redis.start,
    },
    weather('S3 slow', 's3', links.s3, 'slow', { latencyMs: 250, bytesPerSecond: 2_000_000 }),
    weather('PostgreSQL slow', 'postgres', links.postgres, 'slow', { latencyMs: 15, bytesPerSecond: 4_000_000 }),
    weather('Redis slow', 'redis', links.redis, 'slow', { latencyMs: 400 }),
    weather('TSA slow', 'tsa', links.tsa, 'slow', { latencyMs: 3000 }),
    answersLost('S3 answers to PUT', 's3', links.s3, { lostAnswers: 0.3, lostOnlyAfter: 'PUT ' }),
    answersLost('PostgreSQL answers', 'postgres', links.postgres, { lostAnswers: 0.06 }),
    answersLost('PostgreSQL answers to COMMIT', 'postgres', links.postgres, {
      lostAnswers: 0.5,
      lostOnlyAfter: COMMIT,
    }),
    answersLost('TSA answers', 'tsa', links.tsa, { lostAnswers: 0.5, lostOnlyAfter: 'POST ' }),
    weather('S3 connections reset', 's3', links.s3, 'answers lost', { unreachable: true }),
    ...diskFaults(victims),
    ...victims.clocks.flatMap(({ name, clock }) => [-24, 24].map((hours) => clockWrong(name, clock, hours))),
  ];
}

function killed(name: string, target: string, victims: readonly Victim[]): Fault {
  return {
    name: `${name} killed`,
    kind: 'killed',
    target,
    lasts: [300, 2500],
    begin: async () => {
      await Promise.all(victims.map((one) => one.kill('SIGKILL')));
    },
    // In the order in which a machine's supervisor would bring them up: whatever is not ready yet is waited for by who needs it.
    end: async () => {
      await Promise.all(victims.map((one) => one.start()));
    },
  };
}

function stopped(name: string, target: string, victim: Victim): Fault {
  return {
    name: `${name} stopped`,
    kind: 'stopped',
    target,
    lasts: [1500, 5000],
    begin: async () => victim.pause(),
    end: async () => victim.resume(),
  };
}

function weather(name: string, target: string, link: TcpProxy, kind: Fault['kind'], change: Weather): Fault {
  return {
    name,
    kind,
    target,
    lasts: [2000, 5000],
    begin: async () => link.set(change),
    end: async () => link.set({}),
  };
}

/** Does not end before it has met an answer. */
function answersLost(name: string, target: string, link: TcpProxy, change: Weather): Fault {
  let before = 0;
  return {
    name: `${name} lost`,
    kind: 'answers lost',
    target,
    lasts: [2000, 5000],
    begin: async () => {
      before = link.lost();
      link.set(change);
    },
    end: async () => {
      const begun = performance.now();
      while (link.lost() === before && performance.now() - begun < MOST_UNMET_MS) await setTimeout(50);
      link.set({});
      if (link.lost() === before) throw new Error(`${name}: none came`);
    },
  };
}

function diskFaults({ disks, postgres, s3 }: Victims): Fault[] {
  const full = (name: string, target: string, disk: SmallDisk, victim?: Victim): Fault => ({
    name: `${name} disk full`,
    kind: 'disk full',
    target,
    lasts: [2000, 4000],
    begin: disk.fill,
    end: async () => {
      await disk.free();
      // A database that could not write its log has ended; its supervisor starts it again.
      await victim?.start();
    },
  });
  return [
    ...(disks.postgres === undefined ? [] : [full('PostgreSQL', 'postgres', disks.postgres, postgres)]),
    ...(disks.s3 === undefined ? [] : [full('S3', 's3', disks.s3, s3)]),
    ...(disks.data === undefined ? [] : [full('data folders', 'data', disks.data)]),
  ];
}

function clockWrong(name: string, clock: SettableProcessClock, hours: number): Fault {
  return {
    name: `${name} clock ${hours < 0 ? '−' : '+'}1 day`,
    kind: 'clock wrong',
    target: `clock of ${name}`,
    lasts: [3000, 5000],
    begin: () => clock.step(hours),
    end: () => clock.step(0),
  };
}
