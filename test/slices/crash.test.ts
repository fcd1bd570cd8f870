/**
 * The whole system in a process of its own is killed with SIGKILL again and again while clients hand in documents and sign them. What
 * was acknowledged is there afterwards, nothing is half done, and everything ends archived exactly once.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import type { DemoHospital } from '../../src/cli/demo-hospital.ts';
import { shipped } from '../../src/cli/with-antin.ts';
import type { Certificate } from '../../src/engines/crypto/index.ts';
import { validate } from '../../src/engines/pades/index.ts';
import { loadAuthority } from '../../src/platform/trust/authority/index.ts';
import { sha256Hex, systemClock } from '../../src/shared/index.ts';
import { openPlace, placeInEnvironment } from '../support/cell.ts';
import { temporaryFolder } from '../support/database.ts';
import type { SessionLine, Shown } from '../support/journey.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';

const KILLS = 5;
const DOCUMENTS_A_ROUND = 4;

const run = promisify(execFile);
const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
const program = [
  '--import',
  join(import.meta.dirname, '../support/source-process.ts'),
  join(import.meta.dirname, '../../src/main.ts'),
];
const env: Record<string, string | undefined> = { ...newcomerEnvironment(), LOG_LEVEL: 'error' };
let child: ChildProcess | undefined;
let url = '';
let hospital: DemoHospital;

async function start(): Promise<void> {
  const port = await freePort();
  const started = spawn(process.execPath, [...program, 'start', '--port', String(port), '--data', dataDir, '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  let said = '';
  await new Promise<void>((ready, failed) => {
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('"ready":true')) ready();
      });
    }
    started.once('exit', (code) => failed(new Error(`it ended with ${code}: ${said}`)));
  });
  url = `http://127.0.0.1:${port}`;
  hospital = JSON.parse(await readFile(join(dataDir, 'demo-hospital.json'), 'utf8'));
}

const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

afterAll(async () => {
  await end('SIGTERM');
  await rm(folder.path, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

/** The answer, or nothing if the system died under the request. */
async function ask(
  method: string,
  path: string,
  key: string,
  json?: object,
  idempotencyKey?: string,
): Promise<Response | undefined> {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers,
      body: json === undefined ? null : JSON.stringify(json),
    });
    // The body too must have arrived.
    return new Response(await answer.arrayBuffer(), { status: answer.status });
  } catch {
    return undefined;
  }
}

/** What the client was told, and so may rely on. */
const received = new Set<string>();
const signed: { readonly id: string; readonly by: string; readonly field: string; readonly sha256: string }[] = [];
/** Sent, but no answer came. */
const unanswered = new Map<string, object>();
let sent = 0;

const sample = JSON.parse(await readFile(shipped('samples', 'discharge-certificate.json'), 'utf8')) as {
  content: Record<string, unknown>;
};

async function handIn(): Promise<void> {
  sent += 1;
  const number = `26.9${String(sent).padStart(5, '0')}`;
  const json = { ...sample, record: { number }, content: { ...sample.content, recordNumber: number } };
  unanswered.set(number, json);
  const answer = await ask('POST', '/v1/documents', hospital.keys.intake, json, number);
  if (answer === undefined) return;
  expect(answer.status, await answer.clone().text()).toBe(201);
  received.add((await answer.json()).id);
  unanswered.delete(number);
}

async function signAll(by: DemoHospital['practitioner']): Promise<void> {
  const done = new Set(signed.filter((one) => one.by === by.clinician).map((one) => one.id));
  const open = [...received].filter((id) => !done.has(id));
  if (open.length === 0) return pause(20);
  const json = { credential: by.credential, pin: by.pin, documents: open.map((id) => ({ id })) };
  const answer = await ask('POST', '/v1/sessions', by.apiKey, json);
  if (answer?.status !== 201) return;
  const { results } = (await answer.json()) as { results: (SessionLine & { field: string; sha256: string })[] };
  for (const line of results.filter((one) => one.signed)) {
    signed.push({ id: line.document, by: by.clinician, field: line.field, sha256: line.sha256 });
  }
}

/** The system is up: it must answer. */
async function read(path: string): Promise<Response> {
  const answer = await ask('GET', path, hospital.keys.admin);
  expect(answer?.status, await answer?.clone().text()).toBe(200);
  return answer ?? Response.error();
}

const all = async (): Promise<Shown[]> => (await (await read('/v1/documents?limit=100')).json()).documents;

/** Everything acknowledged is there, and each document is whole: its slots, its revisions and its bytes say the same. */
async function expectNothingLost(): Promise<void> {
  // What was sent without an answer either happened, and says so when asked again, or did not happen at all.
  for (const [number, json] of unanswered) {
    const answer = await ask('POST', '/v1/documents', hospital.keys.intake, json, number);
    if (answer?.status === 201) received.add((await answer.json()).id);
    else {
      expect(await answer?.json()).toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS' });
      expect((await all()).map((one) => one.record.number)).not.toContain(number);
    }
  }
  unanswered.clear();
  const documents = new Map((await all()).map((one) => [one.id, one]));
  expect([...documents.keys()]).toEqual(expect.arrayContaining([...received]));
  for (const { id, field, sha256 } of signed) {
    const document = documents.get(id);
    expect(document?.slots.find((slot) => slot.field === field)?.signedAt).not.toBeNull();
    expect(document?.revisions.map((one) => one.sha256)).toContain(sha256);
  }
  for (const { id } of documents.values()) await expectWhole(id);
}

async function expectWhole(id: string): Promise<Shown> {
  const shown: Shown = await (await read(`/v1/documents/${id}`)).json();
  const pdf = new Uint8Array(await (await read(`/v1/documents/${id}/pdf`)).arrayBuffer());
  // Jobs go on meanwhile: what is fetched may be newer than what was shown.
  const report = validate(pdf, { file: 'a.pdf', anchors, timestampAnchors: anchors, at: new Date() });
  expect(report.signatures.every((one) => one.intact && one.signatureValid)).toBe(true);
  const people = shown.slots.filter((slot) => slot.kind === 'person' && slot.signedAt !== null);
  expect(shown.revisions.filter((one) => one.kind === 'signature')).toHaveLength(people.length);
  const fields = report.signatures.map((one) => one.field);
  expect(fields).toEqual(expect.arrayContaining(people.map((slot) => slot.field)));
  if (shown.state !== 'archived') return shown;
  expect(report.verdict).toBe('TOTAL-PASSED');
  expect(sha256Hex(pdf)).toBe(shown.sha256);
  expect(shown.revisions.map((one) => one.kind)).toEqual(['rendition', 'signature', 'signature', 'seal', 'extension']);
  return shown;
}

let anchors: Certificate[] = [];

test(`${KILLS} times SIGKILL in the middle of the work`, { timeout: 240_000 }, async () => {
  await mkdir(dataDir);
  Object.assign(env, placeInEnvironment(await openPlace(dataDir)));
  await start();
  anchors = [(await loadAuthority(join(dataDir, 'authority'), { clock: systemClock })).root];
  for (let round = 0; round < KILLS; round += 1) {
    let alive = true;
    const clients = [
      async () => {
        for (let n = 0; alive && n < DOCUMENTS_A_ROUND; n += 1) await handIn();
      },
      async () => {
        while (alive) await signAll(hospital.practitioner);
      },
      async () => {
        while (alive) await signAll(hospital.representative);
      },
    ];
    const working = Promise.all(clients.map((client) => client()));
    await pause(200 + Math.random() * 1000);
    await end('SIGKILL');
    alive = false;
    await working;
    await start();
    await expectNothingLost();
  }

  const documents = await all();
  expect(documents.length).toBeGreaterThanOrEqual(received.size);
  for (const { id } of documents) received.add(id);
  for (;;) {
    await pause(50);
    await signAll(hospital.practitioner);
    await signAll(hospital.representative);
    const { stopped } = await (await read('/v1/operations/stopped')).json();
    expect(stopped).toEqual([]);
    if ((await all()).every((one) => one.state === 'archived')) break;
  }
  for (const id of received) expect(await expectWhole(id)).toMatchObject({ state: 'archived', level: 'B-LTA' });

  await end('SIGTERM');
  const { stdout } = await run(process.execPath, [...program, 'fsck', '--data', dataDir, '--json'], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: 'sound',
    registered: received.size,
    ok: received.size,
    unknown: 0,
    findings: [],
  });
});
