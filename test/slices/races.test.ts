/** What happens at once: whoever comes first, every document ends archived exactly once with every signature valid. */
import { expect, test } from 'vitest';
import { rawSigner } from '../../src/engines/crypto/index.ts';
import type { JobName } from '../../src/platform/outbox/index.ts';
import { settableClock, silentLog } from '../../src/shared/index.ts';
import { createInProcessRunner } from '../../workers/in-process.ts';
import { JOBS } from '../../workers/jobs/index.ts';
import { dischargeCertificate, STORY_BEGINS, useAntin } from '../support/antin.ts';
import { expectArchivedOnce, look, receive, type Shown, signAll } from '../support/journey.ts';

const clock = settableClock(STORY_BEGINS);
const running = useAntin({ clock, jobs: false });

const ALL_JOBS = Object.keys(JOBS) as JobName[];

const deps = () => {
  const { outbox, records, signing, archive } = running().antin;
  return { outbox, records, signing, archive };
};

/** Runs jobs with so many runners on the one outbox until nothing waits; what is tried again falls due as time passes. */
async function work(runners = 1): Promise<void> {
  const { outbox } = running().antin;
  const all = Array.from({ length: runners }, () =>
    createInProcessRunner({ outbox, jobs: JOBS, deps: deps(), log: silentLog, concurrency: 3 }),
  );
  await Promise.all(all.map((runner) => runner.start()));
  try {
    for (;;) {
      await Promise.all(all.map((runner) => runner.drain()));
      const { leased, nextDue } = await outbox.unfinished(ALL_JOBS);
      if (leased) continue;
      if (nextDue === undefined) break;
      clock.set(nextDue);
    }
  } finally {
    await Promise.all(all.map((runner) => runner.stop()));
  }
  expect(await outbox.stopped(running().hospital.facility)).toEqual([]);
}

async function receiveSome(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await receive(running(), dischargeCertificate(running()))).id);
  return ids;
}

async function signedByBoth(count: number): Promise<string[]> {
  const ids = await receiveSome(count);
  const { practitioner, representative } = running().hospital;
  await signAll(running(), practitioner, ids);
  await signAll(running(), representative, ids);
  return ids;
}

test('two sessions of one person on the same documents: each is signed by one of them', async () => {
  const { practitioner, representative } = running().hospital;
  const ids = await receiveSome(4);
  for (const person of [practitioner, representative]) {
    const sessions = await Promise.all([
      signAll(running(), person, ids),
      signAll(running(), person, ids),
      signAll(running(), person, ids.toReversed()),
    ]);
    for (const id of ids) {
      const lines = sessions.flat().filter((line) => line.document === id);
      expect(lines).toHaveLength(3);
      expect(
        lines.filter((line) => line.signed),
        JSON.stringify(lines),
      ).toHaveLength(1);
    }
  }
  await work();
  await expectArchivedOnce(running(), ids);
});

test('practitioner and representative at once, again and again: the order holds', async () => {
  const { practitioner, representative } = running().hospital;
  const ids = await receiveSome(4);
  let open = ids;
  while (open.length > 0) {
    await Promise.all([signAll(running(), practitioner, open), signAll(running(), representative, open.toReversed())]);
    const shown = await Promise.all(open.map((id) => look(running(), id)));
    open = shown.filter((one) => one.state !== 'signed').map((one) => one.id);
  }
  for (const id of ids) {
    const { slots } = await running().antin.records.find(undefined, id);
    const revisions = slots.filter((slot) => slot.kind === 'person').map((slot) => slot.revision);
    expect(revisions).toEqual([2, 3]);
  }
  await work();
  await expectArchivedOnce(running(), ids);
});

test('one Idempotency-Key, eight intakes at once: one document', async () => {
  const { request, hospital } = running();
  const json = dischargeCertificate(running());
  const send = () =>
    request('POST', '/v1/documents', { key: hospital.keys.intake, json, headers: { 'idempotency-key': 'once' } });
  const answers = await Promise.all(Array.from({ length: 8 }, send));
  for (const answer of answers.filter((one) => one.status !== 201)) {
    expect(await answer.json()).toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS' });
  }
  const ids = await Promise.all(answers.filter((one) => one.status === 201).map(async (one) => (await one.json()).id));
  const later = await (await send()).json();
  expect(new Set([...ids, later.id]).size).toBe(1);
  const { documents } = await recordOf(later);
  expect(documents).toEqual([later.id]);
});

async function recordOf({ record }: Shown): Promise<{ facts: Record<string, unknown>; documents: string[] }> {
  const { request, hospital } = running();
  return (await request('GET', `/v1/records/${record.id}`, { key: hospital.keys.admin })).json();
}

test('intakes at once for a new record: one record, and no two documents that contradict each other', async () => {
  const { request, hospital } = running();
  const sent = dischargeCertificate(running());
  const patients = ['Nguyễn Thị Ví Dụ', 'Nguyễn Văn Thí Dụ'];
  // More than there are database connections.
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, n) => {
      const patient = { ...(sent.content as { patient?: object }).patient, fullName: patients[n % 2] };
      const json = { ...sent, content: { ...sent.content, patient } };
      return request('POST', '/v1/documents', { key: hospital.keys.intake, json });
    }),
  );
  const accepted: Shown[] = [];
  for (const answer of answers) {
    const body = await answer.json();
    if (answer.status === 201) accepted.push(body);
    else expect(body).toMatchObject({ code: 'FACTS_DISAGREE', mistakes: [{ path: '/facts/patient/fullName' }] });
  }
  expect(accepted).toHaveLength(12);
  expect(new Set(accepted.map((one) => one.record.id)).size).toBe(1);
  const names = await Promise.all(
    accepted.map(async ({ id }) => (await running().antin.records.find(undefined, id)).facts.patient.fullName),
  );
  expect(new Set(names).size).toBe(1);
  const rows = await running()
    .antin.database.db.selectFrom('record')
    .select('id')
    .where('number', '=', sent.record.number)
    .execute();
  expect(rows).toHaveLength(1);
});

test('a debt waits while a turn is open: the approval is not lost', async () => {
  const { antin, hospital, request } = running();
  const { practitioner, representative } = hospital;
  const [id = ''] = await receiveSome(1);
  antin.authority?.setFaults({ tsa: 'down' });
  expect(await signAll(running(), practitioner, [id])).toMatchObject([{ signed: true, timestampOwed: true }]);
  antin.authority?.setFaults({});
  const key = representative.apiKey;
  const answer = await request('POST', `/v1/documents/${id}/turns`, {
    key,
    json: { credential: representative.credential },
  });
  const turn = await answer.json();
  const before = await look(running(), id);
  expect(before.timestampsOwed).toBe(1);
  await expect(antin.signing.payTimestamp(id, async () => undefined)).rejects.toMatchObject({
    code: 'DOCUMENT_BUSY',
    extra: { retryAfterSeconds: 600 },
  });
  expect(await look(running(), id)).toEqual(before);

  const identity = antin.authority?.identity('representative');
  if (identity === undefined) throw new Error('demo mode has an authority');
  const sign = rawSigner(identity.privateKey, { scheme: turn.toSign.scheme, digest: 'SHA-256' });
  const signature = Buffer.from(await sign(Buffer.from(turn.toSign.signedAttributes, 'base64'))).toString('base64');
  const done = await request('POST', `/v1/turns/${turn.id}/complete`, { key, json: { signature } });
  expect(await done.json()).toMatchObject({ document: id, level: 'B-T' });
  await work();
  await expectArchivedOnce(running(), [id]);
});

test('a turn that is opened and left does not wear out the job that waits for it', async () => {
  const { hospital, request } = running();
  const { representative } = hospital;
  const [id = ''] = await inDebt(1);
  const json = { credential: representative.credential };
  expect((await request('POST', `/v1/documents/${id}/turns`, { key: representative.apiKey, json })).status).toBe(201);
  const begun = clock.now();
  await work();
  expect(await look(running(), id)).toMatchObject({ state: 'in-signing', timestampsOwed: 0 });
  expect(clock.now().getTime() - begun.getTime()).toBeGreaterThanOrEqual(10 * 60_000);
});

/** So many documents that the practitioner signed while no authority answered: a time-stamp is owed on each. */
async function inDebt(count: number): Promise<string[]> {
  const { antin, hospital } = running();
  const ids = await receiveSome(count);
  antin.authority?.setFaults({ tsa: 'down' });
  expect((await signAll(running(), hospital.practitioner, ids)).filter((line) => !line.signed)).toEqual([]);
  antin.authority?.setFaults({});
  // Authorities that failed are left alone for a while.
  clock.advance(10 * 60_000);
  return ids;
}

test('who comes to sign while a time-stamp is being fetched signs; the time-stamp is paid later', async () => {
  const { antin, hospital } = running();
  const [id = ''] = await inDebt(1);
  antin.authority?.setFaults({ tsaDelayMs: 1000 });
  const paying = antin.signing.payTimestamp(id, async () => undefined).catch((thrown) => thrown.code);
  const held = antin.database.db.selectFrom('signing_turn').select('state').where('document_id', '=', id);
  const isHeld = held.where('state', '=', 'open').where('clinician_id', 'is', null);
  await expect.poll(() => isHeld.execute()).toHaveLength(1);
  const signing = signAll(running(), hospital.representative, [id]);
  await expect.poll(() => held.orderBy('opened_at').execute()).toContainEqual({ state: 'cancelled' });
  antin.authority?.setFaults({});
  expect(await signing).toMatchObject([{ signed: true }]);
  expect(await paying).toBe('DOCUMENT_BUSY');
  await work();
  await expectArchivedOnce(running(), [id]);
});

test('time-stamps are paid just when people sign: nobody is refused', async () => {
  const { antin, hospital } = running();
  const ids = await inDebt(6);
  const paying = Promise.allSettled(ids.map((id) => antin.signing.payTimestamp(id, async () => undefined)));
  const [one = '', ...others] = ids;
  const lines = await Promise.all([
    signAll(running(), hospital.representative, [one]),
    signAll(running(), hospital.representative, others),
  ]);
  expect(lines.flat().filter((line) => !line.signed)).toEqual([]);
  for (const paid of await paying) if (paid.status === 'rejected') expect(paid.reason.code).toBe('DOCUMENT_BUSY');
  await work();
  await expectArchivedOnce(running(), ids);
});

test('the seal comes while a time-stamp is being paid: one yields, and nothing is lost', async () => {
  const { antin } = running();
  antin.authority?.setFaults({ tsa: 'down' });
  const ids = await signedByBoth(4);
  antin.authority?.setFaults({});
  // Authorities that failed are left alone for a while.
  clock.advance(10 * 60_000);
  for (const id of ids) {
    const both = await Promise.allSettled([
      antin.signing.payTimestamp(id, async () => undefined),
      antin.signing.seal(id, async () => undefined),
    ]);
    const yielded = both.filter((one) => one.status === 'rejected').map((one) => one.reason.code);
    expect(['', 'DOCUMENT_BUSY']).toContain(yielded.join());
  }
  await work();
  await expectArchivedOnce(running(), ids);
});

test('two runners on one outbox', async () => {
  const ids = await signedByBoth(8);
  await work(2);
  await expectArchivedOnce(running(), ids);
});

test('a job that two workers do at once, one of them with a lease that ran out', async () => {
  const { outbox } = running().antin;
  const ids = await signedByBoth(2);
  for (;;) {
    const intent = await outbox.claim({ worker: 'slow', jobs: ALL_JOBS, leaseMs: 1000 });
    if (intent === undefined) break;
    clock.advance(1001);
    const twin = await outbox.claim({ worker: 'quick', jobs: ALL_JOBS, leaseMs: 1000 });
    if (twin === undefined) throw new Error('a lease that ran out is taken over');
    const job = JOBS[intent.job];
    const both = await Promise.allSettled([intent, twin].map((one) => job?.(one, deps())));
    for (const one of both) {
      if (one.status === 'rejected')
        expect(['LEASE_LOST', 'DOCUMENT_BUSY', 'REVISION_STALE']).toContain(one.reason.code);
    }
    const failed = both[1]?.status === 'rejected' ? both[1].reason : undefined;
    if (failed === undefined) await outbox.complete(twin);
    else await outbox.fail(twin, failed);
    clock.advance(60_000);
  }
  await work();
  await expectArchivedOnce(running(), ids);
});
