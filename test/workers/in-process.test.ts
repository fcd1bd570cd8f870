import { beforeEach, describe, expect, test } from 'vitest';
import { createOutbox, type Intent, type Outbox } from '../../src/platform/outbox/index.ts';
import { AppError, newId, settableClock, silentLog, systemClock } from '../../src/shared/index.ts';
import { createInProcessRunner } from '../../workers/in-process.ts';
import type { Job } from '../../workers/jobs/job.ts';
import { insertFacility, useDatabase } from '../support/database.ts';

const database = useDatabase();
let outbox: Outbox;
let facilityId: string;

beforeEach(async () => {
  await database().db.deleteFrom('outbox_attempt').execute();
  await database().db.deleteFrom('outbox').execute();
  outbox = createOutbox({ database: database(), clock: systemClock });
  facilityId = await insertFacility(database());
});

function ask(subject: string): Promise<void> {
  return database().transaction((tx) => outbox.enqueue(tx, { facilityId, job: 'seal', subject }));
}

function runnerOf(seal: Job<undefined>, more: { soleOwner?: boolean; leaseMs?: number; concurrency?: number } = {}) {
  const base = { outbox, jobs: { seal }, deps: undefined, log: silentLog };
  return createInProcessRunner({ ...base, pollMs: 60_000, ...more });
}

/** An effect in the database that would be visible twice if it happened twice. */
async function effect(intent: Intent, completeWithIt: boolean): Promise<void> {
  await database().transaction(async (tx) => {
    const row = { id: newId(new Date()), name: `effect of ${intent.subject}`, created_at: new Date() };
    await tx.insertInto('facility').values(row).execute();
    if (completeWithIt) await outbox.complete(intent, tx);
  });
}

function effects() {
  return database().db.selectFrom('facility').select('name').where('name', 'like', 'effect of %').execute();
}

describe('the runner', () => {
  test('does what is asked before and after its start, woken by the bell and not by polling', async () => {
    await ask('before');
    const done: string[] = [];
    const runner = runnerOf(async (intent) => {
      done.push(intent.subject);
    });
    await runner.start();
    await runner.drain();
    const seen = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (!done.includes('after')) return;
        clearInterval(timer);
        resolve();
      }, 2);
    });
    await ask('after');
    await seen;
    expect(done).toEqual(['before', 'after']);
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
    const runners = [runnerOf(slow), runnerOf(slow)];
    for (const runner of runners) await runner.start();
    for (let i = 0; i < 100; i += 1) await ask(String(i));
    await runners[0]?.drain();
    for (const runner of runners) await runner.stop();

    const names = (await effects()).map((row) => row.name);
    expect(names.length).toBe(100);
    expect(new Set(names).size).toBe(100);
    const lost = await database()
      .db.selectFrom('outbox_attempt')
      .select('fence')
      .where('outcome', '=', 'lease-lost')
      .execute();
    expect(lost.length).toBeGreaterThan(0);
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

  test('keeps the lease of a job that takes longer than it', async () => {
    let runs = 0;
    const runner = runnerOf(
      async () => {
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 700));
      },
      { leaseMs: 300 },
    );
    await runner.start();
    await ask('long');
    await runner.drain();
    await runner.stop();
    expect(runs).toBe(1);
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

  test('takes over what a killed process held, if it is the only owner', async () => {
    await ask('held');
    await outbox.claim({ worker: 'dead', jobs: ['seal'], leaseMs: 3_600_000 });
    const done: string[] = [];
    const runner = runnerOf(
      async (intent) => {
        done.push(`${intent.subject} try ${intent.attempt}`);
      },
      { soleOwner: true },
    );
    await runner.start();
    await runner.drain();
    await runner.stop();
    expect(done).toEqual(['held try 2']);
  });

  test('drain does not wait for a retry that lies in the future', async () => {
    const clock = settableClock(new Date());
    outbox = createOutbox({ database: database(), clock });
    await ask('waits');
    const jobs = { seal: async () => Promise.reject(new AppError('DATABASE_UNREACHABLE')) };
    const runner = createInProcessRunner({ outbox, jobs, deps: undefined, log: silentLog });
    await runner.start();
    await runner.drain();
    await runner.stop();
    expect((await outbox.about(facilityId, 'waits')).pending).toMatchObject([
      { attempts: 1, causeCode: 'DATABASE_UNREACHABLE' },
    ]);
  });
});
