/** What every runner must do, whoever wakes it. Run for the in-process runner and for BullMQ. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createOutbox, type Intent, type Outbox } from '../../src/platform/outbox/index.ts';
import { AppError, newId, settableClock, silentLog } from '../../src/shared/index.ts';
import type { Job } from '../../workers/jobs/job.ts';
import type { Runner, RunnerOptions } from '../../workers/runner.ts';
import { insertFacility, useDatabase } from '../support/database.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export type MakeRunner = (options: RunnerOptions<undefined>) => Runner;

export interface RunnerSuite {
  outbox(): Outbox;
  facilityId(): string;
  database: ReturnType<typeof useDatabase>;
  ask(subject: string): Promise<void>;
  runnerOf(seal: Job<undefined>, more?: Partial<RunnerOptions<undefined>>): Runner;
  /** An effect in the database that would be visible twice if it happened twice, in one transaction with the completion if asked. */
  effect(intent: Intent, completeWithIt: boolean): Promise<void>;
  effects(): Promise<string[]>;
}

export function testRunner(make: MakeRunner): RunnerSuite {
  const database = useDatabase();
  let outbox: Outbox;
  let facilityId: string;

  beforeEach(async () => {
    await database().db.deleteFrom('outbox_attempt').execute();
    await database().db.deleteFrom('outbox').execute();
    await database().db.deleteFrom('facility').execute();
    outbox = createOutbox({ database: database(), clock: 'database' });
    facilityId = await insertFacility(database());
  });

  const suite: RunnerSuite = {
    outbox: () => outbox,
    facilityId: () => facilityId,
    database,
    ask: (subject) => database().transaction((tx) => outbox.enqueue(tx, { facilityId, job: 'seal', subject })),
    runnerOf: (seal, more = {}) =>
      make({ outbox, jobs: { seal }, deps: undefined, log: silentLog, pollMs: 60_000, ...more }),
    effect: (intent, completeWithIt) =>
      database().transaction(async (tx) => {
        const row = { id: newId(new Date()), name: `effect of ${intent.subject}`, created_at: new Date() };
        await tx.insertInto('facility').values(row).execute();
        if (completeWithIt) await outbox.complete(intent, tx);
      }),
    effects: async () => {
      const rows = await database()
        .db.selectFrom('facility')
        .select('name')
        .where('name', 'like', 'effect of %')
        .execute();
      return rows.map(({ name }) => name);
    },
  };
  const { ask, runnerOf, effect, effects } = suite;

  describe('the runner', () => {
    test('does what is asked before and after its start, woken by the bell and not by polling', async () => {
      await ask('before');
      const done: string[] = [];
      const runner = runnerOf(async (intent) => {
        done.push(intent.subject);
      });
      await runner.start();
      await expect.poll(() => done).toEqual(['before']);
      await ask('after');
      await expect.poll(() => done).toEqual(['before', 'after']);
      await runner.drain();
      await runner.stop();
      expect(await outbox.unfinished(['seal'])).toEqual({ leased: false, due: false, nextDue: undefined });
    });

    test('does each effect exactly once, with two runners racing and workers that lose their lease', async () => {
      const slow: Job<undefined> = async (intent) => {
        // Every fifth first try sleeps through its lease without renewal: its fenced completion must undo the effect.
        if (intent.attempt === 1 && Number(intent.subject) % 5 === 0) {
          await database()
            .db.updateTable('outbox')
            .set({ lease_until: new Date(0) })
            .where('id', '=', intent.id)
            .execute();
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
        await effect(intent, true);
      };
      const runners = [runnerOf(slow, { pollMs: 10 }), runnerOf(slow, { pollMs: 10 })];
      for (const runner of runners) await runner.start();
      for (let i = 0; i < 100; i += 1) await ask(String(i));
      await runners[0]?.drain();
      for (const runner of runners) await runner.stop();

      const names = await effects();
      expect(names.length).toBe(100);
      expect(new Set(names).size).toBe(100);
      const attempts = await database().db.selectFrom('outbox_attempt').select(['outbox_id', 'outcome']).execute();
      expect(attempts.filter(({ outcome }) => outcome === 'done').length).toBe(100);
      expect(attempts.filter(({ outcome }) => outcome === 'lease-lost').length).toBeGreaterThan(0);
    });

    test('writes down a failure and goes on with the next', async () => {
      const runner = runnerOf(async (intent) => {
        if (intent.subject === 'bad') throw new AppError('DIGEST_MISMATCH');
      });
      await ask('bad');
      await ask('good');
      await runner.start();
      await runner.drain();
      await runner.stop();
      expect(await outbox.stopped(facilityId)).toMatchObject([{ subject: 'bad', causeCode: 'DIGEST_MISMATCH' }]);
      expect((await outbox.about(facilityId, 'good')).pending).toEqual([]);
    });

    test('tries again what another party may mend, when it is due', async () => {
      const runner = runnerOf(
        async (intent) => {
          if (intent.attempt === 1) throw new AppError('DATABASE_UNREACHABLE');
        },
        { pollMs: 100 },
      );
      await ask('again');
      await runner.start();
      await expect
        .poll(() => outbox.about(facilityId, 'again'), { timeout: 10_000 })
        .toEqual({
          pending: [],
          stopped: [],
        });
      await runner.stop();
      const attempts = await database().db.selectFrom('outbox_attempt').select('outcome').orderBy('fence').execute();
      expect(attempts).toEqual([{ outcome: 'retry' }, { outcome: 'done' }]);
    });

    test('tries again at once what failed while a service was away, when another job shows that it is back', async () => {
      let away = true;
      const done: string[] = [];
      const runner = runnerOf(
        async (intent) => {
          if (away) throw new AppError('DATABASE_UNREACHABLE');
          done.push(intent.subject);
        },
        { pollMs: 100 },
      );
      await ask('early');
      await runner.start();
      const pending = async () => (await outbox.about(facilityId, 'early')).pending;
      await expect.poll(pending).toMatchObject([{ attempts: 1, causeCode: 'DATABASE_UNREACHABLE' }]);
      // As if it had failed long ago and were due much later.
      const hour = 60 * 60 * 1000;
      await database()
        .db.updateTable('outbox')
        .set({ due_at: new Date(Date.now() + hour) })
        .execute();
      await database()
        .db.updateTable('outbox_attempt')
        .set({ finished_at: new Date(Date.now() - hour) })
        .execute();
      away = false;
      await ask('late');
      await expect.poll(() => done.toSorted()).toEqual(['early', 'late']);
      await runner.stop();
    });

    test('stops visibly what killed its worker at every try', async () => {
      await ask('deadly');
      for (let attempt = 1; attempt <= 8; attempt += 1) {
        await outbox.claim({ worker: 'dead', jobs: ['seal'], leaseMs: 0 });
      }
      const runner = runnerOf(async () => undefined, { pollMs: 100 });
      await runner.start();
      await expect
        .poll(() => outbox.stopped(facilityId))
        .toMatchObject([{ subject: 'deadly', attempts: 8, causeCode: 'WORKER_DIED' }]);
      await runner.stop();
    });

    test('takes over what a killed worker held when its lease has run out', async () => {
      await ask('held');
      await outbox.claim({ worker: 'dead', jobs: ['seal'], leaseMs: 300 });
      const done: string[] = [];
      const runner = runnerOf(
        async (intent) => {
          done.push(`${intent.subject} try ${intent.attempt}`);
        },
        { pollMs: 50 },
      );
      await runner.start();
      await expect.poll(() => done).toEqual(['held try 2']);
      await runner.stop();
    });

    test('keeps the lease of a job that takes longer than it', async () => {
      let runs = 0;
      const runner = runnerOf(
        async () => {
          runs += 1;
          await new Promise((resolve) => setTimeout(resolve, 700));
        },
        { leaseMs: 300, pollMs: 50 },
      );
      await runner.start();
      await ask('long');
      await runner.drain();
      await runner.stop();
      expect(runs).toBe(1);
    });

    test('runs so many jobs at once and no more', async () => {
      let running = 0;
      let most = 0;
      const runner = runnerOf(
        async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setTimeout(resolve, 20));
          running -= 1;
        },
        { concurrency: 3 },
      );
      for (let i = 0; i < 12; i += 1) await ask(String(i));
      await runner.start();
      await runner.drain();
      await runner.stop();
      expect(most).toBe(3);
    });

    test('stops gracefully: the running job ends, the next stays for later', async () => {
      const begun = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const done: string[] = [];
      const runner = runnerOf(
        async (intent) => {
          begun.resolve();
          await finish.promise;
          done.push(intent.subject);
        },
        { concurrency: 1 },
      );
      await ask('first');
      await ask('second');
      await runner.start();
      await begun.promise;
      const stopped = runner.stop();
      finish.resolve();
      await stopped;
      expect(done).toEqual(['first']);
      expect((await outbox.about(facilityId, 'second')).pending).toMatchObject([{ attempts: 0 }]);
    });

    test('gives back what does not end in its time; the try does not count, and its late effect is refused', async () => {
      const begun = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<unknown>();
      const runner = runnerOf(async (intent) => {
        begun.resolve();
        await finish.promise;
        ended.resolve(await effect(intent, true).catch((error) => error.code));
      });
      await ask('endless');
      await runner.start();
      await begun.promise;
      await runner.stop(50);
      expect((await outbox.about(facilityId, 'endless')).pending).toMatchObject([{ attempts: 0 }]);
      finish.resolve();
      expect(await ended.promise).toBe('LEASE_LOST');
      expect(await effects()).toEqual([]);
    });

    test('takes nothing while its clock is wrong, says so once, and goes on when it is right', async () => {
      const ownClock = settableClock(new Date(Date.now() - DAY_MS));
      const said: string[] = [];
      const hear = (_: object, text: string) => void said.push(text);
      const log = { ...silentLog, child: () => silentLog, error: hear, warn: hear, info: hear };
      const wrong = createOutbox({ database: database(), clock: 'database', ownClock });
      const doneBy: string[] = [];
      const jobBy =
        (name: string): Job<undefined> =>
        async () => {
          doneBy.push(name);
        };
      const suspect = runnerOf(jobBy('suspect'), { outbox: wrong, log, pollMs: 20 });
      await suspect.start();
      await ask('nobody');
      await expect.poll(() => said).toContain('this process takes no jobs until its clock is right');
      expect((await outbox.about(facilityId, 'nobody')).pending).toMatchObject([{ attempts: 0 }]);

      // Another worker does all of it, and no bell is lost on the one that does not work.
      const other = runnerOf(jobBy('other'), { pollMs: 20 });
      await other.start();
      for (let i = 0; i < 20; i += 1) await ask(String(i));
      await expect.poll(() => doneBy.length, { timeout: 20_000 }).toBe(21);
      expect(new Set(doneBy)).toEqual(new Set(['other']));
      await other.stop();

      await ask('late');
      ownClock.set(new Date());
      await expect.poll(() => doneBy.at(-1)).toBe('suspect');
      await suspect.stop();
      expect(said.filter((text) => text.includes('clock'))).toEqual([
        'this process takes no jobs until its clock is right',
        'the clock of this process is right again: it takes jobs',
      ]);
    });

    test('drain does not wait for a retry that lies in the future', async () => {
      const clock = settableClock(new Date());
      const own = createOutbox({ database: database(), clock });
      await ask('waits');
      const jobs = { seal: async () => Promise.reject(new AppError('DATABASE_UNREACHABLE')) };
      clock.advance(60_000);
      const runner = make({ outbox: own, jobs, deps: undefined, log: silentLog });
      await runner.start();
      await runner.drain();
      await runner.stop();
      expect((await outbox.about(facilityId, 'waits')).pending).toMatchObject([
        { attempts: 1, causeCode: 'DATABASE_UNREACHABLE' },
      ]);
    });
  });
  return suite;
}
