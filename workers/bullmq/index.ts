/**
 * Jobs under BullMQ: any number of workers on any number of machines. PostgreSQL decides what is done and by whom (outbox, lease,
 * fence); Redis only wakes a worker. It may be away, be wiped, or ring twice: nothing is lost and nothing happens twice.
 */
import type { JobName } from '../../src/platform/outbox/index.ts';
import { createExecution } from '../execution.ts';
import { createLoops } from '../loops.ts';
import { CONCURRENCY, drained, jobNames, POLL_MS, type Runner, type RunnerOptions } from '../runner.ts';
import { createBellQueue } from './bell-queue.ts';
import type { RedisPlace } from './redis.ts';
import { createRelay } from './relay.ts';

export { checkRedis, type RedisPlace, type RedisWeakness } from './redis.ts';

export interface BullRunnerOptions<Deps> extends RunnerOptions<Deps> {
  readonly redis: RedisPlace;
  /** Most jobs of one kind at once, within `concurrency`. Default: all of them; a quarter for owed time-stamps. */
  readonly atOnce?: Readonly<Partial<Record<JobName, number>>>;
  /** Of all keys in Redis. Default `antin`. */
  readonly prefix?: string;
}

/**
 * The runner of a worker process. While Redis is away it takes work from the outbox by itself, as the in-process runner
 * does; the log says so once. So it does while its clock is wrong, to see when it is right again. Redis with settings that lose bells is warned of at the first contact (`checkRedis`).
 */
export function createBullRunner<Deps>(options: BullRunnerOptions<Deps>): Runner {
  const { outbox, log, concurrency = CONCURRENCY, pollMs = POLL_MS } = options;
  const names = jobNames(options.jobs);
  let stopped = false;
  const hindrances = new Set<'redis' | 'clock'>();
  /** Redis wakes us only while nothing stands against it: a worker with a wrong clock would swallow the bells of the others. */
  const hinder = (by: 'redis' | 'clock', isThere: boolean): void => {
    if (isThere) hindrances.add(by);
    else hindrances.delete(by);
    if (stopped) return;
    if (hindrances.size > 0) byItself.start();
    else void byItself.stop();
    if (by === 'clock') queue.listen(!isThere);
  };
  const execution = createExecution(options, (turned) => hinder('clock', turned === 'wrong'));
  const byItself = createLoops(
    () => execution.work((lease) => outbox.claim({ jobs: names, ...lease })),
    concurrency,
    pollMs,
  );
  const queue = createBellQueue({
    redis: options.redis,
    prefix: options.prefix ?? 'antin',
    atOnce: Object.fromEntries(
      names.map((name) => [
        name,
        options.atOnce?.[name] ?? (name === 'timestamp' ? Math.ceil(concurrency / 4) : concurrency),
      ]),
    ),
    answer: (bell) => execution.work((lease) => outbox.claimRung(bell, lease)),
    log,
  });
  const relay = createRelay({
    outbox,
    names,
    log,
    pollMs,
    waiting: queue.waiting,
    ring: queue.ring,
    lost: (error) => {
      if (stopped) return;
      log.warn({ err: error }, 'Redis does not answer; work goes on without it');
      hinder('redis', true);
    },
    found: () => {
      log.info({}, 'Redis answers; it wakes the workers from now on');
      hinder('redis', false);
    },
  });
  let stopListening: (() => Promise<void>) | undefined;
  const look = (): void => {
    relay.look();
    byItself.ring();
  };

  return {
    start: async () => {
      stopListening = await outbox.onWork(look);
      relay.start();
    },
    drain: () => drained(outbox, names, look, () => stopped),
    stop: async (graceMs = 10_000) => {
      stopped = true;
      await stopListening?.();
      await relay.stop();
      void byItself.stop();
      void queue.closeWorkers().catch(() => undefined);
      await execution.close(graceMs);
      await queue.close();
    },
  };
}
