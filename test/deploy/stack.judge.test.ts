/**
 * `npm run stack`: the processes of docker-compose.yml on this machine. One document walks the main road through the proxy, each API
 * process is stopped under load, and at the end nothing is left behind.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../../scripts/stack/index.ts';
import { loadConfig } from '../../src/config.ts';

let stack: Stack;
let agent: Agent;
const sample = JSON.parse(readFileSync('samples/discharge-certificate.json', 'utf8'));
let sent = 0;

beforeAll(async () => {
  stack = await startStack({ proxy: true });
  agent = new Agent({ connect: { ca: readFileSync(stack.caFile ?? '') } });
}, 180_000);
afterAll(async () => {
  await agent?.close();
  await stack?.stop();
}, 120_000);

function ask(method: string, path: string, key: string, json?: object) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(`${stack.url}${path}`, {
    method,
    headers,
    dispatcher: agent,
    body: json === undefined ? null : JSON.stringify(json),
  });
}

async function handIn(): Promise<string> {
  sent += 1;
  const number = `26.7${String(sent).padStart(5, '0')}`;
  const json = { ...sample, record: { number }, content: { ...sample.content, recordNumber: number } };
  const answer = await ask('POST', '/v1/documents', stack.hospital.keys.intake, json);
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

const state = async (id: string) =>
  (await (await ask('GET', `/v1/documents/${id}`, stack.hospital.keys.admin)).json()) as {
    state: string;
    level: string;
  };

test('a document is signed, sealed and locked in the object store, through the proxy', async () => {
  const id = await handIn();
  const { practitioner, representative } = stack.hospital;
  for (const { apiKey, credential, pin } of [practitioner, representative]) {
    const answer = await ask('POST', '/v1/sessions', apiKey, { credential, pin, documents: [{ id }] });
    expect(await answer.json()).toMatchObject({ results: [{ signed: true }] });
  }
  await expect
    .poll(() => state(id), { timeout: 60_000, interval: 200 })
    .toMatchObject({ state: 'archived', level: 'B-LTA' });
  const { code, stdout } = await stack.antin('fsck', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ verdict: 'sound', registered: 1, ok: 1, findings: [] });
  expect(code).toBe(0);
});

test('TLS 1.2 and better, and the addresses of outsiders are not believed', async () => {
  const answer = await fetch(`${stack.url}/healthz`, { dispatcher: agent });
  expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
  expect(answer.headers.get('server')).toBeNull();
  const old = new Agent({
    connect: { ca: readFileSync(stack.caFile ?? ''), maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
  });
  await expect(fetch(`${stack.url}/healthz`, { dispatcher: old })).rejects.toThrow();
  await old.close();
});

test('no request is lost while one API process after the other is stopped and started', async () => {
  let going = true;
  const statuses = new Map<number, number>();
  const clients = Array.from({ length: 4 }, async () => {
    while (going) {
      const answer = await ask('GET', '/v1/documents?limit=1', stack.hospital.keys.admin);
      await answer.text();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  });
  for (const api of stack.api) {
    await api.kill('SIGTERM');
    expect(api.lastExit()).toEqual({ code: 0 });
    await handIn();
    await api.start();
  }
  going = false;
  await Promise.all(clients);
  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(100);
}, 120_000);

test('workers and API processes end as they are asked to, and their logs hold no secret', async () => {
  const [worker] = stack.workers;
  await worker?.kill('SIGTERM');
  expect(worker?.lastExit()).toEqual({ code: 0 });
  await worker?.start();
  const environment = stack.environment('worker-1');
  const { DATABASE_URL, REDIS_URL, S3_SECRET_KEY } = loadConfig({}, environment);
  const { keys, practitioner } = stack.hospital;
  const secrets = [new URL(DATABASE_URL ?? '').password, new URL(REDIS_URL ?? '').password, S3_SECRET_KEY ?? ''];
  for (const process of [...stack.api, ...stack.workers]) {
    for (const secret of [...secrets, keys.admin, practitioner.apiKey, practitioner.pin]) {
      expect(secret.length).toBeGreaterThan(3);
      expect(process.logs().includes(secret), process.name).toBe(false);
    }
  }
  // Not even where another account of the machine could read them.
  expect(JSON.stringify(environment)).not.toContain(S3_SECRET_KEY);
});

test('it leaves nothing behind', async () => {
  const { dir, api, workers, proxy, postgres, redis, s3 } = stack;
  const pids = [...api, ...workers, postgres, redis, s3, ...(proxy === undefined ? [] : [proxy])].map((one) =>
    one.pid(),
  );
  expect(pids.every((pid) => pid !== undefined && existsSync(`/proc/${pid}`))).toBe(true);
  await stack.stop();
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  expect(existsSync(dir)).toBe(false);
});
