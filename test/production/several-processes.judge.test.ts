/** Two API processes and two workers, as production runs them: no state in a process that another one needs, no work done twice. */
import { request } from 'node:http';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../../scripts/stack/index.ts';
import { type Database, openDatabase } from '../../src/platform/db/index.ts';
import { type Hospital, hospitalOf } from './hospital.ts';

let stack: Stack;
let hospital: Hospital;
let database: Database;

beforeAll(async () => {
  stack = await startStack({
    proxy: false,
    heldSockets: true,
    env: { RATE_LIMIT_KEY: '1000000', RATE_LIMIT_ADDRESS: '1000000', RATE_LIMIT_LOOKUP: '1000000' },
  });
  hospital = hospitalOf(stack);
  database = await openDatabase({ url: stack.postgres.url }, { schema: 'require' });
}, 300_000);
afterAll(async () => {
  await database?.close();
  await stack?.stop();
}, 120_000);

interface Received {
  readonly id: string;
  readonly sha256: string;
  readonly lookup: { readonly code: string };
}

async function receive(at?: number): Promise<Received> {
  const sent = { key: stack.hospital.keys.intake, json: hospital.certificate(), ...(at === undefined ? {} : { at }) };
  const answer = await hospital.ask('POST', '/v1/documents', sent);
  expect(answer.status, await answer.clone().text()).toBe(201);
  return answer.json() as Promise<Received>;
}

async function signAll(ids: readonly string[]): Promise<void> {
  for (const { apiKey: key, credential, pin } of [stack.hospital.practitioner, stack.hospital.representative]) {
    const json = { credential, pin, documents: ids.map((id) => ({ id })) };
    const answer = await hospital.ask('POST', '/v1/sessions', { key, json });
    const { results } = (await answer.json()) as { results: { signed: boolean }[] };
    expect(results.filter(({ signed }) => !signed)).toEqual([]);
  }
}

async function stateOf(id: string): Promise<string> {
  const answer = await hospital.ask('GET', `/v1/documents/${id}`, { key: stack.hospital.keys.admin });
  return ((await answer.json()) as { state: string }).state;
}

const archived = (ids: readonly string[]) =>
  expect
    .poll(async () => [...new Set(await Promise.all(ids.map(stateOf)))], { timeout: 90_000, interval: 500 })
    .toEqual(['archived']);

test('what one process has begun, another goes on with', async () => {
  const { keys, practitioner } = stack.hospital;
  const json = hospital.certificate();
  const headers = { 'idempotency-key': 'over-two-processes' };
  const first = await hospital.ask('POST', '/v1/documents', { key: keys.intake, json, headers, at: 0 });
  const second = await hospital.ask('POST', '/v1/documents', { key: keys.intake, json, headers, at: 1 });
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  const document = (await first.json()) as { id: string };
  expect(await second.json()).toEqual(document);

  // A turn that is opened at one process is there at the other, and given back there.
  const { apiKey: key, credential } = practitioner;
  const opened = await hospital.ask('POST', `/v1/documents/${document.id}/turns`, { key, json: { credential }, at: 0 });
  expect(opened.status).toBe(201);
  const { id: turn } = (await opened.json()) as { id: string };
  const again = await hospital.ask('POST', `/v1/documents/${document.id}/turns`, { key, json: { credential }, at: 1 });
  expect(((await again.json()) as { id: string }).id).toBe(turn);
  const given = await hospital.ask('DELETE', `/v1/turns/${turn}`, { key, at: 1 });
  expect(given.status).toBe(204);

  // Tries of a PIN are counted over all processes.
  const wrong = { credential, pin: '00000000', documents: [{ id: document.id }] };
  const left: number[] = [];
  for (const at of [0, 1, 0]) {
    const answer = await hospital.ask('POST', '/v1/sessions', { key, json: wrong, at });
    left.push(((await answer.json()) as { triesLeft: number }).triesLeft);
  }
  expect(left).toEqual([4, 3, 2]);
  await signAll([document.id]);
  await archived([document.id]);
});

test('no work is done twice: one finished try an intent, one archived object a document, both workers at it', async () => {
  const documents = await Promise.all(Array.from({ length: 24 }, () => receive()));
  const ids = documents.map(({ id }) => id);
  // The same session of many documents at both processes at once: each document is signed once.
  await signAll(ids);
  await archived(ids);

  const tries = await database.db
    .selectFrom('outbox_attempt')
    .innerJoin('outbox', 'outbox.id', 'outbox_attempt.outbox_id')
    .where('subject', 'in', ids)
    .select(['outbox_id', 'outbox.job', 'outbox.subject', 'outbox.state', 'worker', 'outcome'])
    .execute();
  const done = tries.filter(({ outcome }) => outcome === 'done');
  expect(new Set(done.map(({ outbox_id }) => outbox_id)).size).toBe(done.length);
  expect([...new Set(tries.map(({ state }) => state))]).toEqual(['done']);
  // Sealing and extending may be one job; the way into the archive is always one of its own.
  expect(done.filter(({ job }) => job === 'archive').map(({ subject }) => subject)).toHaveLength(ids.length);
  expect(new Set(done.map(({ worker }) => worker)).size).toBe(2);
  const objects = await database.db
    .selectFrom('archive_object')
    .select('document_id')
    .where('document_id', 'in', ids)
    .execute();
  expect(objects.map(({ document_id }) => document_id).sort()).toEqual([...ids].sort());
});

test('a schema that a process does not know is refused, not touched', async () => {
  const [api, worker] = [stack.api[1], stack.workers[1]];
  if (api === undefined || worker === undefined) throw new Error('the stack is too small');
  const direct = new pg.Client({ connectionString: stack.postgres.url });
  await direct.connect();
  await direct.query(`INSERT INTO migration (name, sha256) VALUES ('9999-from-the-future', 'x')`);
  try {
    for (const one of [api, worker]) {
      await one.kill('SIGTERM');
      await expect(one.start()).rejects.toThrow(/ended with 4[\s\S]*SCHEMA_UNKNOWN/);
    }
  } finally {
    await direct.query(`DELETE FROM migration WHERE name = '9999-from-the-future'`);
    await direct.end();
  }
  await Promise.all([api.start(), worker.start()]);
});

/** Tries that a process began and whose end is not written. */
async function openTriesOf(pid: number | undefined): Promise<unknown[]> {
  return database.db
    .selectFrom('outbox_attempt')
    .where('worker', 'like', `%/${pid}`)
    .where('finished_at', 'is', null)
    .select(['outbox_id', 'worker'])
    .execute();
}

/** Of so many requests one hands a document in and has it signed. */
const EACH_INTAKE = 100;

test('a process that is asked to end says so first, serves meanwhile, and finishes what it has begun', async () => {
  const [api] = stack.api;
  if (api === undefined) throw new Error('the stack is too small');
  const body = Buffer.from(JSON.stringify(hospital.certificate()));
  const answered = Promise.withResolvers<{ status: number | undefined; connection: string | undefined }>();
  const slow = request(`${api.url}/v1/documents`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stack.hospital.keys.intake}`,
      'content-type': 'application/json',
      'content-length': body.length,
    },
  });
  slow.on('response', (response) => {
    response.resume();
    answered.resolve({ status: response.statusCode, connection: response.headers.connection });
  });
  slow.on('error', answered.reject);
  slow.write(body.subarray(0, 100));
  await new Promise((resolve) => setTimeout(resolve, 500));

  const ended = api.kill('SIGTERM');
  const health = async (path: string, patienceMs = 5_000): Promise<number> => {
    const signal = AbortSignal.timeout(patienceMs);
    const answer = await fetch(`${api.url}${path}`, { headers: { connection: 'close' }, signal });
    await answer.arrayBuffer();
    return answer.status;
  };
  await expect.poll(() => health('/readyz'), { interval: 50 }).toBe(503);
  expect(await health('/healthz')).toBe(503);
  const served = await fetch(`${api.url}/v1/documents`, {
    headers: { authorization: `Bearer ${stack.hospital.keys.admin}` },
  });
  expect(served.status).toBe(200);
  expect(served.headers.get('connection')).toBe('close');
  await served.arrayBuffer();
  // Its port stays open for the next process: who comes now waits. Of a connection that it took it reads the request.
  await expect.poll(() => health('/healthz', 300).catch(() => 'waiting'), { timeout: 20_000 }).toBe('waiting');
  slow.end(body.subarray(100));
  expect(await answered.promise).toEqual({ status: 201, connection: 'close' });
  await ended;
  expect(api.lastExit()).toEqual({ code: 0 });
  await api.start();
});

test('a rolling restart of every process under load loses no request', async () => {
  const { keys } = stack.hospital;
  const known = await Promise.all(Array.from({ length: 6 }, () => receive()));
  const intake: string[] = [];
  const failures: string[] = [];
  const count = 5000;
  let begun = 0;
  let restarts = 0;
  let rolled = false;

  const one = async (n: number): Promise<void> => {
    const some = known[n % known.length];
    if (n % EACH_INTAKE === 0) {
      const headers = { 'idempotency-key': `rolling-${n}` };
      const sent = { key: keys.intake, json: hospital.certificate(), headers };
      const answer = await hospital.ask('POST', '/v1/documents', sent);
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      const { id } = (await answer.json()) as Received;
      intake.push(id);
      await signAll([id]);
      return;
    }
    const [path, key] =
      n % 3 === 0 ? [`/tra-cuu/${some?.lookup.code}`, undefined] : [`/v1/documents/${some?.id}`, keys.admin];
    const answer = await hospital.ask('GET', path, key === undefined ? {} : { key });
    const text = await answer.text();
    if (answer.status !== 200 || !text.includes(some?.sha256 ?? '?')) throw new Error(`${answer.status} ${path}`);
  };
  const client = async (): Promise<void> => {
    while (begun < count || !rolled) {
      const n = begun;
      begun += 1;
      await one(n).catch((error) => failures.push(`${n}: ${error} ${error.cause ?? ''}`));
    }
  };
  const load = Promise.all(Array.from({ length: 6 }, client));
  const rolling = (async () => {
    for (const process of [...stack.api, ...stack.workers]) {
      const pid = process.pid();
      await process.kill('SIGTERM');
      expect(process.lastExit(), process.name).toEqual({ code: 0 });
      await process.start();
      restarts += 1;
      // What it was at is done or given back, not left to run out.
      expect(await openTriesOf(pid), process.name).toEqual([]);
    }
  })().finally(() => {
    rolled = true;
  });
  await Promise.all([load, rolling]);
  expect(failures).toEqual([]);
  expect(begun).toBeGreaterThanOrEqual(count);
  expect(restarts).toBe(4);
  await archived(intake);
  expect(new Set(intake).size).toBe(Math.ceil(begun / EACH_INTAKE));
});
