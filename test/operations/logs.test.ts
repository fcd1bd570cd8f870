/**
 * The whole road in a real process that logs everything it can (LOG_LEVEL=debug): each line can be followed from the request to its
 * jobs, and none holds anything of a patient, or anything that opens something.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppError } from '../../src/shared/index.ts';
import { loggableError } from '../../src/shared/loggable-error.ts';
import { temporaryFolder } from '../support/database.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';

/** Values that stand nowhere but in a patient's papers. */
const PATIENT = {
  patientName: 'Đặng Thị Ngọc Thí Nghiệm',
  identityNumber: '066158000987',
  insuranceNumber: 'DN4660123456789',
  birthDate: '1958-03-07',
  address: 'Thôn Không Có Thật, xã Thí Nghiệm',
  diagnosis: 'Viêm phổi thùy thử nghiệm',
  treatment: 'Ceftriaxon thử nghiệm 2 g',
} as const;

const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
const lines: string[] = [];
let server: ChildProcess;
let url = '';
let metricsUrl = '';
let hospital: {
  keys: { intake: string; admin: string; recordsOfficer: string };
  practitioner: { apiKey: string; credential: string; pin: string };
  representative: { apiKey: string; credential: string; pin: string };
};

beforeAll(async () => {
  server = spawn(process.execPath, ['--import', './test/support/source-process.ts', 'src/main.ts', 'start', '--json'], {
    env: {
      ...newcomerEnvironment(),
      MODE: 'demo',
      DATA_DIR: dataDir,
      PORT: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'debug',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ready = Promise.withResolvers<string>();
  let rest = '';
  const take = (chunk: Buffer): void => {
    const [last = '', ...whole] = (rest + chunk.toString('utf8')).split('\n').reverse();
    rest = last;
    for (const line of whole.reverse()) {
      if (line.startsWith('{"ready":true')) ready.resolve(line);
      else lines.push(line);
    }
  };
  server.stdout?.on('data', take);
  server.stderr?.on('data', take);
  server.once('exit', () => ready.reject(new Error(lines.join('\n'))));
  const started = JSON.parse(await ready.promise);
  ({ url, hospital } = started);
  metricsUrl = started.operations;
}, 120_000);

afterAll(async () => {
  const ended = new Promise((done) => server.once('exit', done));
  server.kill('SIGTERM');
  await ended;
  rmSync(folder.path, { recursive: true, force: true });
}, 60_000);

const ask = (
  method: string,
  path: string,
  key: string,
  sent: { json?: unknown; headers?: Record<string, string>; body?: BodyInit } = {},
) =>
  fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(sent.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...sent.headers,
    },
    ...(sent.json === undefined ? { body: sent.body ?? null } : { body: JSON.stringify(sent.json) }),
  });

const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const REQUEST = '0192f000-0000-7000-8000-00000000abcd';

test('the road of one document, and what goes wrong on it', async () => {
  const sample = JSON.parse(readFileSync('src/forms/giay-ra-vien/sample.json', 'utf8'));
  const patient = {
    ...sample.patient,
    fullName: PATIENT.patientName,
    identity: { ...sample.patient.identity, number: PATIENT.identityNumber },
    insuranceCard: PATIENT.insuranceNumber,
    birthDate: PATIENT.birthDate,
    address: PATIENT.address,
  };
  const content = {
    ...sample,
    patient,
    recordNumber: '26.000777',
    diagnoses: [{ code: 'J18.9', name: PATIENT.diagnosis }],
    treatment: PATIENT.treatment,
  };
  const json = { type: 'giay-ra-vien', record: { number: '26.000777' }, content };
  const received = await ask('POST', '/v1/documents', hospital.keys.intake, { json });
  const answer = await received.text();
  expect(received.status, answer).toBe(201);
  const { id, lookup } = JSON.parse(answer);

  for (const person of [hospital.practitioner, hospital.representative]) {
    const { apiKey, credential, pin } = person;
    const wrong = await ask('POST', '/v1/sessions', apiKey, {
      json: { credential, pin: '0000-wrong-pin', documents: [{ id }] },
    });
    expect(wrong.status).toBeGreaterThanOrEqual(400);
    const session = await ask('POST', '/v1/sessions', apiKey, {
      json: { credential, pin, documents: [{ id }] },
      headers: { 'x-request-id': REQUEST },
    });
    expect(session.headers.get('x-request-id')).toBe(REQUEST);
    expect((await session.json()).results).toMatchObject([{ signed: true }]);
  }
  await expect
    .poll(async () => (await (await ask('GET', `/v1/documents/${id}`, hospital.keys.admin)).json()).state, {
      timeout: 60_000,
    })
    .toBe('archived');

  // Everything that may go wrong, with the patient in it.
  const bad = [
    ask('POST', '/v1/documents', hospital.keys.intake, { json }),
    ask('POST', '/v1/documents', hospital.keys.intake, {
      json: { ...json, content: { ...content, admittedAt: PATIENT.diagnosis } },
    }),
    ask('POST', '/v1/documents', hospital.keys.intake, {
      body: `{"type":"giay-ra-vien","patient":"${PATIENT.patientName}" oops`,
      headers: { 'content-type': 'application/json' },
    }),
    ask('POST', '/v1/documents', hospital.keys.intake, {
      json: { ...json, content: { ...content, patient: { ...patient, fullName: `${PATIENT.patientName} \u{1F600}` } } },
    }),
    ask('POST', `/v1/documents/${id}/withdraw`, hospital.keys.recordsOfficer, { json: { reason: PATIENT.diagnosis } }),
    ask('GET', `/v1/documents?patient=${encodeURIComponent(PATIENT.patientName)}`, hospital.keys.admin),
    ask('GET', `/v1/${encodeURIComponent(PATIENT.patientName)}`, hospital.keys.admin),
    ask('GET', '/v1/documents', 'antin_0123456789abcdef_secretsecretsecretsecretsecretsecretsecretsec'),
    ask('POST', '/v1/validations', hospital.keys.admin, {
      body: PATIENT.diagnosis,
      headers: { 'content-type': 'application/pdf' },
    }),
    ask('GET', `/v1/documents/${id}/content`, hospital.keys.admin),
    ask('GET', `/v1/documents/${id}/pdf`, hospital.keys.admin),
    ask('GET', `/tra-cuu/${lookup.code}`, hospital.keys.admin, { headers: { 'x-request-id': PATIENT.identityNumber } }),
  ];
  const answers = await Promise.all(bad);
  expect(answers.at(-1)?.headers.get('x-request-id')).not.toBe(PATIENT.identityNumber);
}, 120_000);

test('the lines of a request are found by its id, those of its jobs too', async () => {
  const ofRequest = logged().filter(({ requestId }) => requestId === REQUEST);
  expect(ofRequest.filter(({ msg }) => msg === 'request').map(({ route }) => route)).toEqual([
    '/v1/sessions',
    '/v1/sessions',
  ]);
  const jobs = ofRequest.filter(({ msg }) => msg === 'job done').map(({ job }) => job);
  expect(jobs).toEqual(expect.arrayContaining(['seal', 'archive']));
});

test('no line holds anything of the patient, or a secret', () => {
  const everything = lines.join('\n');
  expect(lines.length).toBeGreaterThan(20);
  // The search finds what is there.
  expect(everything).toContain(REQUEST);
  const names = PATIENT.patientName.split(' ').slice(-2).join(' ');
  const secrets = [
    ...Object.values(PATIENT),
    names,
    '066158000',
    'secretsecret',
    hospital.practitioner.pin,
    hospital.representative.pin,
    '0000-wrong-pin',
    hospital.keys.intake,
    hospital.keys.admin,
    hospital.practitioner.apiKey,
    'PRIVATE KEY',
    'antin_',
    'Bearer ',
    'postgres://',
  ];
  const keyFiles = [join(dataDir, 'keys'), join(dataDir, 'authority', 'ca')].flatMap((directory) =>
    readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8').trim()),
  );
  const lineOfKey = keyFiles
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.length > 12 && !line.startsWith('-'));
  expect(lineOfKey.length).toBeGreaterThan(4);
  for (const secret of [...secrets, ...lineOfKey]) {
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      secret.normalize('NFD'),
    ]) {
      expect(everything.includes(form), `the log holds ${form}`).toBe(false);
    }
  }
});

test('the process tells its measures on a port of its own, without anything of a patient', async () => {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  for (const measure of [
    'antin_oldest_unarchived_signed_document_seconds 0',
    'antin_database_reachable 1',
    'antin_http_request_seconds_count{method="POST",route="/v1/sessions",status="201"} 2',
    'antin_job_seconds_count{job="seal",outcome="done"} 1',
    'antin_render_seconds_count',
    'antin_timestamp_tokens_total{authority=',
    'antin_certificate_remaining_days{kind="seal"',
    'nodejs_eventloop_lag_seconds',
    'process_resident_memory_bytes',
  ]) {
    expect(text).toContain(measure);
  }
  for (const value of Object.values(PATIENT)) expect(text).not.toContain(value);
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  expect(await (await fetch(`${metricsUrl}/readyz`)).json()).toMatchObject({ ready: true });
});

test('an error is told by where it came from, not by what it was about', () => {
  const row = Object.assign(new Error(`Key (full_name)=(${PATIENT.patientName}) already exists.`), {
    code: '23505',
    detail: PATIENT.identityNumber,
    table: 'patient',
    constraint: 'patient_identity',
    parameters: [PATIENT.birthDate],
  });
  const parser = new SyntaxError(`Unexpected token in "${PATIENT.diagnosis}"`);
  const told = loggableError(new AppError('INTERNAL', { cause: new AggregateError([row, parser], PATIENT.address) }));
  expect(JSON.stringify(told)).toContain('23505');
  expect(JSON.stringify(told)).toContain('patient_identity');
  expect(JSON.stringify(told)).toContain('logs.test.ts');
  for (const value of Object.values(PATIENT)) expect(JSON.stringify(told)).not.toContain(value);
  expect(loggableError(undefined)).toEqual({ type: 'undefined' });
});
