import { beforeEach, describe, expect, test } from 'vitest';
import { createOutbox, type Intent, type Outbox } from '../../src/platform/outbox/index.ts';
import { AppError, settableClock } from '../../src/shared/index.ts';
import { insertFacility, useDatabase } from '../support/database.ts';

const database = useDatabase();
const MINUTE = 60_000;
const worker = { worker: 'w1', jobs: ['seal', 'extend'], leaseMs: MINUTE } as const;

let clock: ReturnType<typeof settableClock>;
let outbox: Outbox;
let facilityId: string;

beforeEach(async () => {
  await database().db.deleteFrom('outbox_attempt').execute();
  await database().db.deleteFrom('outbox').execute();
  clock = settableClock(new Date('2026-11-27T01:00:00Z'));
  outbox = createOutbox({ database: database(), clock, random: () => 0 });
  facilityId = await insertFacility(database());
});

function ask(subject: string, more: { dueAt?: Date; dedupeKey?: string; payload?: Record<string, unknown> } = {}) {
  return database().transaction((tx) => outbox.enqueue(tx, { facilityId, job: 'seal', subject, ...more }));
}

async function take(): Promise<Intent> {
  const intent = await outbox.claim(worker);
  if (intent === undefined) throw new Error('nothing was due');
  return intent;
}

describe('what was done long ago', () => {
  const numbers = async () =>
    (await database().db.selectFrom('outbox').select(['subject', 'state']).orderBy('id').execute()).map(
      ({ subject, state }) => `${subject} ${state}`,
    );
  const DAY = 24 * 60 * MINUTE;

  test('is forgotten with its tries; what waits, has stopped or is younger stays', async () => {
    for (const subject of ['old', 'stopped', 'waits']) await ask(subject);
    await outbox.complete(await take());
    await outbox.fail(await take(), new AppError('DIGEST_MISMATCH'));
    clock.advance(91 * DAY);
    await ask('young');
    const waits = await take();
    expect(waits.subject).toBe('waits');
    await outbox.fail(waits, new AppError('STORE_UNREACHABLE'));
    await outbox.complete(await take());
    expect(await outbox.forget(90)).toBe(1);
    expect(await numbers()).toEqual(['stopped stopped', 'waits waiting', 'young done']);
    expect(await database().db.selectFrom('outbox_attempt').select('outbox_id').execute()).toHaveLength(3);
    // Asked for anew, it is done anew: jobs look whether their work is done.
    await ask('old');
    expect((await take()).subject).toBe('old');
  });

  test('is forgotten page by page, and no further when the process is told to stop', async () => {
    const at = clock.now();
    const done = {
      state: 'done',
      due_at: at,
      created_at: at,
      finished_at: at,
      lease_until: null,
      request_id: null,
    } as const;
    const row = (i: number) => ({
      ...{ facility_id: facilityId, job: 'seal', subject: `doc-${i}`, dedupe_key: '', payload: '{}' },
      ...{ ...done, cause_code: null, cause_detail: null },
    });
    await ask('waits');
    await database()
      .db.insertInto('outbox')
      .values(Array.from({ length: 2500 }, (_, i) => row(i)))
      .execute();
    clock.advance(91 * DAY);
    let asked = 0;
    expect(await outbox.forget(90, () => ++asked > 1)).toBe(999);
    expect(await outbox.forget(90)).toBe(1501);
    expect(await numbers()).toEqual(['waits waiting']);
  });
});

describe('asking for a job', () => {
  test('commits or vanishes with the state change', async () => {
    const failing = database().transaction(async (tx) => {
      await outbox.enqueue(tx, { facilityId, job: 'seal', subject: 'doc-1' });
      throw new Error('the business failed');
    });
    await expect(failing).rejects.toThrow('the business failed');
    expect(await outbox.claim(worker)).toBeUndefined();

    await ask('doc-1', { payload: { slot: 2 } });
    expect(await take()).toMatchObject({ facilityId, job: 'seal', subject: 'doc-1', payload: { slot: 2 }, attempt: 1 });
  });

  test('twice asks once, also after it is done; another key asks again', async () => {
    await ask('doc-1');
    await ask('doc-1');
    await outbox.complete(await take());
    await ask('doc-1');
    expect(await outbox.claim(worker)).toBeUndefined();
    await ask('doc-1', { dedupeKey: 'again' });
    expect((await take()).subject).toBe('doc-1');
  });

  test('is served in the order of due time, then of asking, and never before it is due', async () => {
    const soon = new Date(clock.now().getTime() + 1000);
    await ask('later', { dueAt: new Date(clock.now().getTime() + 2000) });
    await ask('soon-1', { dueAt: soon });
    await ask('soon-2', { dueAt: soon });
    await ask('now');
    expect((await take()).subject).toBe('now');
    expect(await outbox.claim(worker)).toBeUndefined();
    clock.advance(5000);
    expect([(await take()).subject, (await take()).subject, (await take()).subject]).toEqual([
      'soon-1',
      'soon-2',
      'later',
    ]);
  });

  test('wakes listeners at commit, and only then', async () => {
    let rings = 0;
    const heard = Promise.withResolvers<void>();
    const stop = await outbox.onWork(() => {
      rings += 1;
      heard.resolve();
    });
    await database().transaction(async (tx) => {
      await outbox.enqueue(tx, { facilityId, job: 'seal', subject: 'doc-1' });
      await tx.selectFrom('outbox').select('id').execute();
      expect(rings).toBe(0);
    });
    await heard.promise;
    await stop();
  });

  test('wakes listeners in other processes', async () => {
    const elsewhere = createOutbox({ database: database(), clock });
    const heard = Promise.withResolvers<void>();
    const stop = await elsewhere.onWork(() => heard.resolve());
    await ask('doc-1');
    await heard.promise;
    await stop();
  });
});

describe('a lease', () => {
  test('keeps others away until it runs out; then the fence turns the first holder away', async () => {
    await ask('doc-1');
    const first = await take();
    expect(await outbox.claim(worker)).toBeUndefined();
    clock.advance(MINUTE);
    const second = await take();
    expect(second).toMatchObject({ id: first.id, attempt: 2 });
    expect(second.fence).toBeGreaterThan(first.fence);

    await expect(outbox.complete(first)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(outbox.renew(first, MINUTE)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await outbox.fail(first, new Error('late'))).toEqual({ outcome: 'lost' });
    await outbox.complete(second);
    await outbox.complete(second);
    await expect(outbox.complete(first)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('can be prolonged', async () => {
    await ask('doc-1');
    const intent = await take();
    clock.advance(MINUTE - 1000);
    await outbox.renew(intent, MINUTE);
    clock.advance(MINUTE - 1000);
    expect(await outbox.claim(worker)).toBeUndefined();
  });

  test('that was lost takes the effect back with it', async () => {
    await ask('doc-1');
    const first = await take();
    clock.advance(MINUTE);
    await take();
    const late = database().transaction(async (tx) => {
      await tx
        .insertInto('facility')
        .values({ id: '0198c0de-0000-7000-8000-000000000001', name: 'effect', created_at: clock.now() })
        .execute();
      await outbox.complete(first, tx);
    });
    await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await database().db.selectFrom('facility').where('name', '=', 'effect').selectAll().execute()).toEqual([]);
  });

  test('given back costs no try', async () => {
    await ask('doc-1');
    await outbox.release(await take());
    expect((await take()).attempt).toBe(1);
  });

  test('of a dead process is freed at the start of the next, its tries counted', async () => {
    await ask('doc-1');
    await take();
    expect(await outbox.voidLeases()).toBe(1);
    expect((await take()).attempt).toBe(2);
  });
});

describe('a failure', () => {
  const upstream = new AppError('DATABASE_UNREACHABLE');

  test('of somebody else is tried 8 times with growing pauses, then stops visibly', async () => {
    await ask('doc-1');
    const pauses: number[] = [];
    for (let attempt = 1; attempt < 8; attempt += 1) {
      const failed = await outbox.fail(await take(), upstream);
      if (failed.outcome !== 'retry') throw new Error(`stopped at try ${attempt}`);
      pauses.push(failed.dueAt.getTime() - clock.now().getTime());
      expect(await outbox.claim(worker)).toBeUndefined();
      clock.set(failed.dueAt);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 64_000]);
    expect((await outbox.about(facilityId, 'doc-1')).pending).toMatchObject([
      { attempts: 7, causeCode: 'DATABASE_UNREACHABLE' },
    ]);
    expect(await outbox.fail(await take(), upstream)).toEqual({ outcome: 'stopped' });
    clock.advance(24 * 60 * MINUTE);
    expect(await outbox.claim(worker)).toBeUndefined();
    const stopped = await outbox.stopped(facilityId);
    expect(stopped).toMatchObject([{ subject: 'doc-1', attempts: 8, causeCode: 'DATABASE_UNREACHABLE' }]);

    const id = stopped[0]?.id ?? 0;
    const otherFacility = await insertFacility(database());
    expect(await database().transaction((tx) => outbox.restart(tx, otherFacility, id))).toBe(false);
    expect(await database().transaction((tx) => outbox.restart(tx, facilityId, id))).toBe(true);
    expect(await database().transaction((tx) => outbox.restart(tx, facilityId, id))).toBe(false);
    expect((await take()).attempt).toBe(1);
  });

  test('that says for how long a repetition is of no use is left alone until then, also when others get on', async () => {
    await ask('held');
    const busy = (retryAfterSeconds: number) => new AppError('DOCUMENT_BUSY', { extra: { retryAfterSeconds } });
    const held = await outbox.fail(await take(), busy(600));
    expect(held).toEqual({ outcome: 'retry', dueAt: new Date(clock.now().getTime() + 10 * MINUTE) });
    clock.advance(9 * MINUTE);
    expect(await outbox.recover('seal')).toBe(0);
    clock.advance(MINUTE);
    const soon = await outbox.fail(await take(), busy(0));
    expect(soon).toEqual({ outcome: 'retry', dueAt: new Date(clock.now().getTime() + 2000) });
    clock.advance(MINUTE);
    const longest = await outbox.fail(await take(), busy(86_400));
    expect(longest).toEqual({ outcome: 'retry', dueAt: new Date(clock.now().getTime() + 15 * MINUTE) });
  });

  test('that no repetition can mend stops at once; one of our own after a few tries', async () => {
    await ask('wrong');
    expect(await outbox.fail(await take(), new AppError('DIGEST_MISMATCH'))).toEqual({ outcome: 'stopped' });

    await ask('bug');
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect((await outbox.fail(await take(), new TypeError('secret text'))).outcome).toBe('retry');
      clock.advance(MINUTE);
    }
    expect(await outbox.fail(await take(), new TypeError('secret text'))).toEqual({ outcome: 'stopped' });
    const texts = JSON.stringify(await outbox.stopped(facilityId));
    expect(texts).toContain('INTERNAL');
    expect(texts).not.toContain('secret text');
  });

  test('of somebody else is tried again as soon as that one works, also when it had stopped', async () => {
    await ask('waits');
    await ask('wrong');
    await outbox.fail(await take(), upstream);
    await outbox.fail(await take(), new AppError('DIGEST_MISMATCH'));
    // One that failed just now is left alone: it may lack something else.
    expect(await outbox.recover('seal')).toBe(0);
    for (let attempt = 2; attempt <= 6; attempt += 1) {
      clock.advance(MINUTE);
      expect((await outbox.fail(await take(), upstream)).outcome).toBe('retry');
    }
    clock.advance(10_000);
    expect(await outbox.claim(worker)).toBeUndefined();
    expect(await outbox.recover('extend')).toBe(0);
    expect(await outbox.recover('seal')).toBe(1);
    expect(await outbox.fail(await take(), upstream)).toMatchObject({ outcome: 'retry' });
    clock.advance(2 * MINUTE);
    expect(await outbox.fail(await take(), upstream)).toEqual({ outcome: 'stopped' });
    expect(await outbox.recover('seal')).toBe(0);
    clock.advance(MINUTE);
    expect(await outbox.recover('seal')).toBe(1);
    expect(await take()).toMatchObject({ subject: 'waits', attempt: 1 });
    expect(await outbox.stopped(facilityId)).toMatchObject([{ subject: 'wrong' }]);
  });

  test('that kills its worker every time stops too', async () => {
    await ask('deadly');
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      expect((await take()).attempt).toBe(attempt);
      clock.advance(MINUTE);
    }
    expect(await outbox.claim(worker)).toBeUndefined();
    expect(await outbox.stopped(facilityId)).toMatchObject([{ attempts: 8, causeCode: 'WORKER_DIED' }]);
  });
});

test('forty workers that look at once never take the same intent', async () => {
  for (let i = 0; i < 30; i += 1) await ask(`doc-${i}`);
  const taken = await Promise.all(Array.from({ length: 40 }, () => outbox.claim(worker)));
  const ids = taken.flatMap((intent) => (intent === undefined ? [] : [intent.id]));
  expect(new Set(ids).size).toBe(ids.length);
  while (true) {
    const more = await outbox.claim(worker);
    if (more === undefined) break;
    ids.push(more.id);
  }
  expect(new Set(ids).size).toBe(30);
  expect(ids.length).toBe(30);
});
