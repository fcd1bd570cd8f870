/** Redis only rings: what it forgets, repeats or cannot be told is done all the same, once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RedisService, startRedis } from '../../scripts/services/index.ts';
import { type Log, silentLog } from '../../src/shared/index.ts';
import { checkRedis, createBullRunner } from '../../workers/bullmq/index.ts';
import type { Runner, RunnerOptions } from '../../workers/runner.ts';
import { temporaryFolder } from '../support/database.ts';
import { serverIdentity } from '../support/tls.ts';
import { testRunner } from './runner-suite.ts';

const folder = temporaryFolder();
let redis: RedisService;
let direct: Redis;
beforeAll(async () => {
  redis = await startRedis({ dir: join(folder.path, 'redis'), appendOnly: false });
  direct = new Redis(redis.url, { retryStrategy: () => 100 });
  direct.on('error', () => undefined);
}, 60_000);
afterAll(async () => {
  direct?.disconnect();
  await redis?.stop();
  folder.remove();
});

let prefix = 0;
afterEach(() => {
  prefix += 1;
});
const make = (options: RunnerOptions<undefined>, atOnce = {}): Runner =>
  // The queue is asked for signs of life once a second, however the suite polls the outbox.
  createBullRunner({
    ...options,
    pollMs: Math.min(options.pollMs ?? 1000, 1000),
    redis: { url: redis.url },
    prefix: `test-${prefix}`,
    atOnce,
  });

const { ask, runnerOf, effect, effects, outbox, facilityId, database } = testRunner(make);

/** Keeps what was logged. */
function listeningLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (_: Record<string, unknown>, message: string) => {
    lines.push(`${level}: ${message}`);
  };
  const log = { lines, info: write('info'), warn: write('warn'), error: write('error'), debug: () => undefined };
  return { ...log, child: () => ({ ...log, child: () => log as never }) };
}

/** Two runners over the same outbox do so many jobs while `meanwhile` happens; each must be done once. */
async function twice(count: number, meanwhile: () => Promise<void>): Promise<void> {
  const job = async (intent: Parameters<typeof effect>[0]) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await effect(intent, Number(intent.subject) % 2 === 0);
  };
  const runners = [runnerOf(job, { pollMs: 200 }), runnerOf(job, { pollMs: 200 })];
  for (const runner of runners) await runner.start();
  const asking = (async () => {
    for (let i = 0; i < count; i += 1) await ask(String(i));
  })();
  await meanwhile();
  await asking;
  await runners[0]?.drain();
  for (const runner of runners) await runner.stop();
  const names = await effects();
  expect(new Set(names).size).toBe(count);
  expect(names.length).toBe(count);
  const ends = await database().db.selectFrom('outbox_attempt').select(['outbox_id', 'outcome']).execute();
  expect(ends.filter(({ outcome }) => outcome === 'done').length).toBe(count);
  expect(await outbox().stopped(facilityId())).toEqual([]);
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

test('of each kind runs so many at once as its queue may, however much of it waits', async () => {
  const running = { seal: 0, archive: 0 };
  const most = { seal: 0, archive: 0 };
  const job = (name: keyof typeof running) => async () => {
    running[name] += 1;
    most[name] = Math.max(most[name], running[name]);
    await pause(30);
    running[name] -= 1;
  };
  const jobs = { seal: job('seal'), archive: job('archive') };
  const options = { outbox: outbox(), jobs, deps: undefined, log: silentLog, concurrency: 4 };
  const runner = make(options, { seal: 1, archive: 3 });
  await runner.start();
  for (const name of ['seal', 'archive'] as const) {
    for (let i = 0; i < 8; i += 1) {
      await database().transaction((tx) =>
        outbox().enqueue(tx, { facilityId: facilityId(), job: name, subject: `${name} ${i}` }),
      );
    }
  }
  await runner.drain();
  await runner.stop();
  expect(most).toEqual({ seal: 1, archive: 3 });
});

describe('Redis', () => {
  test('may be wiped again and again: nothing is lost, nothing happens twice', async () => {
    await twice(300, async () => {
      for (let i = 0; i < 8; i += 1) {
        await pause(150);
        await direct.flushall();
      }
    });
  });

  test('may be killed and come back empty', async () => {
    await twice(200, async () => {
      await pause(300);
      await redis.kill('SIGKILL');
      await pause(500);
      await redis.start();
    });
  });

  test('may hang and go on', async () => {
    await twice(150, async () => {
      await pause(300);
      redis.pause();
      await pause(4000);
      redis.resume();
    });
  });

  test('may be away: work goes on without it, the log says so once, and it rings again when it is back', async () => {
    await redis.kill('SIGKILL');
    const log = listeningLog();
    const done: string[] = [];
    const runner = runnerOf(
      async (intent) => {
        done.push(intent.subject);
      },
      { log, pollMs: 100 },
    );
    await runner.start();
    await ask('away');
    await expect.poll(() => done, { timeout: 5000 }).toEqual(['away']);
    await ask('still away');
    await expect.poll(() => done).toEqual(['away', 'still away']);
    await pause(1500);
    const said = () => log.lines.filter((line) => line.includes('Redis'));
    expect(said()).toEqual(['warn: Redis does not answer; work goes on without it']);
    await redis.start();
    await expect.poll(said, { timeout: 10_000 }).toContain('info: Redis answers; it wakes the workers from now on');
    await ask('back');
    await expect.poll(() => done).toEqual(['away', 'still away', 'back']);
    await runner.stop();
  });

  test('away does not keep a worker from stopping', async () => {
    const runner = runnerOf(async () => undefined, { pollMs: 100 });
    await runner.start();
    await ask('one');
    await runner.drain();
    await redis.kill('SIGKILL');
    const began = performance.now();
    await runner.stop();
    expect(performance.now() - began).toBeLessThan(15_000);
    await redis.start();
  });

  test('keeps nothing but numbers, and nothing of what is done', async () => {
    const runner = runnerOf(async () => undefined, { pollMs: 100 });
    await runner.start();
    for (let i = 0; i < 20; i += 1) await ask(`patient-${i}`);
    await runner.drain();
    await runner.stop();
    const keys = await direct.keys(`test-${prefix}:*`);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => /:seal-\d+-\d+$/.test(key))).toEqual([]);
    const texts = await Promise.all(keys.map(async (key) => JSON.stringify(await direct.dump(key))));
    expect(texts.join()).not.toContain('patient-');
  });

  test('that forgets or evicts is told of', async () => {
    expect((await checkRedis({ url: redis.url })).map(({ code }) => code)).toEqual(['REDIS_FORGETS']);
    await direct.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await direct.config('SET', 'appendonly', 'yes');
    expect((await checkRedis({ url: redis.url })).map(({ code }) => code)).toEqual(['REDIS_EVICTS']);
    const log = listeningLog();
    const runner = runnerOf(async () => undefined, { log, pollMs: 100 });
    await runner.start();
    await expect.poll(() => log.lines.some((line) => line.includes('set it to noeviction'))).toBe(true);
    await runner.stop();
    await direct.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await checkRedis({ url: redis.url })).toEqual([]);
    await expect(checkRedis({ url: 'redis://127.0.0.1:1' })).rejects.toThrow();
  });

  test('behind TLS is asked who it is: the CA of the hospital for that server counts, and nothing else does', async () => {
    const { ca, cert, key } = await serverIdentity();
    const [certificate, keyFile] = [join(folder.path, 'redis.pem'), join(folder.path, 'redis.key')];
    writeFileSync(certificate, cert);
    writeFileSync(keyFile, key);
    const secret = await startRedis({
      dir: join(folder.path, 'redis-tls'),
      appendOnly: true,
      tls: { certificate, key: keyFile },
    });
    try {
      await expect(checkRedis({ url: secret.url })).rejects.toThrow();
      expect(await checkRedis({ url: secret.url, ca })).toEqual([]);
      const log = listeningLog();
      const runner = createBullRunner({
        outbox: outbox(),
        jobs: { seal: (intent) => effect(intent, true) },
        deps: undefined,
        log,
        redis: { url: secret.url, ca },
        prefix: 'tls',
      });
      await runner.start();
      await ask('over-tls');
      await runner.drain();
      await runner.stop();
      expect(await effects()).toEqual(['effect of over-tls']);
      expect(log.lines).toContain('info: Redis answers; it wakes the workers from now on');
    } finally {
      await secret.stop();
    }
  });
});
