/** Legal mode: refuses while a condition is missing, says which and how to mend it; starts when all are met, and works to the end. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { addClinician } from '../../src/cli/clinician.ts';
import { addCredential } from '../../src/cli/credential.ts';
import { openDemoHospital } from '../../src/cli/demo-hospital.ts';
import { addFacility } from '../../src/cli/facility.ts';
import { addKey } from '../../src/cli/key.ts';
import { composeOptions } from '../../src/cli/with-antin.ts';
import { type Antin, compose } from '../../src/compose/index.ts';
import { loadConfig } from '../../src/config.ts';
import { createPkcs12, toPem } from '../../src/engines/crypto/index.ts';
import { validate } from '../../src/engines/pades/index.ts';
import { unencrypted } from '../../src/legal-mode/encryption.ts';
import { refuseInstallation, refuseSettings } from '../../src/legal-mode/index.ts';
import { createAuthority, type IssueOptions } from '../../src/platform/trust/authority/index.ts';
import { type AppError, PROBLEMS, settableClock, silentLog, systemClock } from '../../src/shared/index.ts';
import { temporaryFolder } from '../support/database.ts';
import { type LicensedAuthority, openLicensedAuthority } from '../support/licensed-authority.ts';

const folder = temporaryFolder();
let licensed: LicensedAuthority;
const opened: Antin[] = [];

beforeAll(async () => {
  licensed = await openLicensedAuthority(folder.path);
}, 60_000);
afterEach(async () => {
  for (const antin of opened.splice(0)) await antin.close();
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await licensed?.close();
  folder.remove();
});

type Environment = Record<string, string>;

/** Everything that legal mode wants, on a data folder of its own. */
function complete(dataDir: string): Environment {
  return {
    MODE: 'legal',
    DATA_DIR: join(folder.path, dataDir),
    PUBLIC_BASE_URL: 'https://hoso.benhvien.example',
    TSA_URLS: licensed.tsaUrl,
    TRUST_DIR: licensed.trustDir,
    UPSTREAM_CA_DIR: licensed.caDir,
    INSIDE_HOSTS: licensed.hosts.join(','),
    CLINIC_STORE_ACCEPTED_BY: 'Phạm Thị Minh Hoạ',
    SOFTWARE_KEYS_ACCEPTED_BY: 'Phạm Thị Minh Hoạ',
    ARCHIVE_IMMUTABLE_FLAG: 'no',
  };
}

async function start(environment: Environment): Promise<Antin> {
  const antin = await compose({ ...composeOptions(loadConfig({}, environment), silentLog), parallel: 1 });
  opened.push(antin);
  return antin;
}

/** Every refusal, as `/SETTING CODE`, after checking that each says in both languages why and how to mend it. */
async function refusals(environment: Environment): Promise<string[]> {
  const refused: AppError = await start(environment).then(
    () => Promise.reject(new Error('it started')),
    (thrown) => thrown,
  );
  expect(refused.code, String(refused.cause ?? refused)).toBe('LEGAL_MODE_REFUSED');
  for (const { code, vi: words, en } of refused.mistakes) {
    const { title, mend } = PROBLEMS[code as keyof typeof PROBLEMS];
    expect(words).toContain(title.vi);
    expect(words).toContain(mend.vi);
    expect(en).toContain(title.en);
    expect(en).toContain(mend.en);
  }
  return refused.mistakes.map(({ path, code }) => `${path} ${code}`);
}

describe('with one condition missing it does not start, and names that one', () => {
  const without = (name: string, environment: Environment): Environment => {
    const { [name]: _, ...rest } = environment;
    return rest;
  };

  test('no public address, or one without TLS', async () => {
    const base = complete('bare');
    expect(await refusals(without('PUBLIC_BASE_URL', base))).toEqual(['/PUBLIC_BASE_URL LEGAL_NO_PUBLIC_ADDRESS']);
    expect(await refusals({ ...base, PUBLIC_BASE_URL: 'http://hoso.benhvien.example' })).toEqual([
      '/PUBLIC_BASE_URL LEGAL_NO_PUBLIC_ADDRESS',
    ]);
  });

  test('no time-stamp authority', async () => {
    expect(await refusals(without('TSA_URLS', complete('bare')))).toEqual(['/TSA_URLS LEGAL_NO_TSA']);
  });

  test('the file system as only archive, accepted by nobody', async () => {
    expect(await refusals(without('CLINIC_STORE_ACCEPTED_BY', complete('bare')))).toEqual([
      '/S3_ENDPOINT LEGAL_FILESYSTEM_ARCHIVE',
    ]);
  });

  test('anchors of a throw-away authority, under whatever file name', async () => {
    const throwAway = await createAuthority({ clock: systemClock });
    const trustDir = join(folder.path, 'mixed-trust');
    for (const purpose of ['signers', 'tsa']) {
      mkdirSync(join(trustDir, purpose), { recursive: true });
      copyFileSync(join(licensed.trustDir, purpose, 'root.pem'), join(trustDir, purpose, 'real.pem'));
    }
    writeFileSync(join(trustDir, 'signers', 'national-root.pem'), toPem(throwAway.root));
    expect(await refusals({ ...complete('bare'), TRUST_DIR: trustDir })).toEqual([
      '/TRUST_DIR LEGAL_DEVELOPMENT_TRUST',
    ]);
  });

  test('no anchors', async () => {
    const trustDir = join(folder.path, 'half-trust');
    mkdirSync(join(trustDir, 'signers'), { recursive: true });
    copyFileSync(join(licensed.trustDir, 'signers', 'root.pem'), join(trustDir, 'signers', 'root.pem'));
    expect(await refusals({ ...complete('bare'), TRUST_DIR: trustDir })).toEqual(['/TRUST_DIR LEGAL_NO_TRUST_ANCHORS']);
  });

  test('a time-stamp authority without TLS, unless it is listed', async () => {
    const environment = { ...complete('bare'), TSA_URLS: `http://tsa.example.vn/tsa, ${licensed.tsaUrl}` };
    expect(await refusals(environment)).toEqual(['/TSA_URLS LEGAL_UPSTREAM_WITHOUT_TLS']);
    expect((await start({ ...environment, UNENCRYPTED_HOSTS: 'tsa.example.vn' })).options.mode).toBe('legal');
  });

  test('a database without TLS is not even contacted', async () => {
    const environment = { ...complete('bare'), DATABASE_URL: 'postgres://antin:secret@db.benhvien.example/antin' };
    expect(await refusals(environment)).toEqual(['/DATABASE_URL LEGAL_UPSTREAM_WITHOUT_TLS']);
  });

  test('the demo hospital with its keys, and the other way round', async () => {
    const demo = { DATA_DIR: join(folder.path, 'demo-data') };
    const demonstration = await start({ ...demo, MODE: 'demo' });
    await openDemoHospital(demonstration);
    await demonstration.close();
    opened.splice(0);
    const refused = await refusals({ ...complete('demo-data') });
    expect(refused).toEqual(['/DATABASE_URL LEGAL_DEFAULT_USERS']);

    await start(complete('bare'));
    await opened.splice(0)[0]?.close();
    const backwards = start({ MODE: 'demo', DATA_DIR: join(folder.path, 'bare') });
    await expect(backwards).rejects.toMatchObject({ code: 'LEGAL_DATABASE_FOR_DEMO' });
  });

  test('keys kept in software, accepted by nobody: nor are new ones taken', async () => {
    const environment = complete('software-keys');
    await enrolHospital(environment, 'seal-only');
    const nobody = without('SOFTWARE_KEYS_ACCEPTED_BY', environment);
    expect(await refusals(nobody)).toEqual(['/SOFTWARE_KEYS_ACCEPTED_BY LEGAL_SOFTWARE_KEYS']);
    const files = await keyFiles({ commonName: 'Bệnh viện Thí Dụ', uid: 'MST:0100000002' });
    const again = run(nobody, 'credential', 'add', '--facility', '79999', '--p12', files.p12, '--pin-file', files.pin);
    await expect(again).rejects.toMatchObject({ code: 'SOFTWARE_KEY_REFUSED' });
  });

  test('several at once are told at once', async () => {
    const { DATA_DIR } = complete('bare');
    const trustDir = join(folder.path, 'no-trust');
    mkdirSync(trustDir, { recursive: true });
    expect(await refusals({ MODE: 'legal', DATA_DIR: String(DATA_DIR), TRUST_DIR: trustDir })).toEqual([
      '/PUBLIC_BASE_URL LEGAL_NO_PUBLIC_ADDRESS',
      '/TSA_URLS LEGAL_NO_TSA',
      '/S3_ENDPOINT LEGAL_FILESYSTEM_ARCHIVE',
      '/TRUST_DIR LEGAL_NO_TRUST_ANCHORS',
      '/TRUST_DIR LEGAL_NO_TRUST_ANCHORS',
    ]);
  });
});

describe('an object store and a queue', () => {
  const clock = settableClock(new Date('2026-11-27T08:00:00Z'));
  const settings = {
    publicBaseUrl: 'https://hoso.benhvien.example',
    tsaUrls: ['https://tsa.example.vn'],
    s3Endpoint: 'https://s3.benhvien.example',
    unencryptedHosts: [],
    softwareKeysAcceptedBy: 'Phạm Thị Minh Hoạ',
  };

  test.each([
    ['never probed', undefined, 'never probed'],
    ['a probe that failed', { at: new Date('2026-11-27T07:00:00Z'), passed: false }, 'failed at 2026-11-27'],
    ['a probe older than a day', { at: new Date('2026-11-26T07:59:59Z'), passed: true }, 'last probed 2026-11-26'],
    ['a probe of today', { at: new Date('2026-11-27T07:00:00Z'), passed: true }, undefined],
  ])('%s', async (_, probe, why) => {
    const antin = await start(complete('bare'));
    const found = await refuseInstallation({
      settings,
      trust: { signers: antin.anchors.signers, tsa: antin.anchors.tsa, development: [] },
      database: antin.database,
      clock,
      latestProbe: async () => probe,
      redisWeaknesses: async () => [],
    });
    expect(found.map(({ code }) => code)).toEqual(why === undefined ? [] : ['LEGAL_WORM_PROBE']);
    if (why !== undefined) expect(found[0]?.en).toContain(why);
  });

  test('a Redis that forgets', async () => {
    const antin = await start(complete('bare'));
    const found = await refuseInstallation({
      settings: { ...settings, s3Endpoint: undefined, redisUrl: 'rediss://redis.benhvien.example' },
      trust: { signers: antin.anchors.signers, tsa: antin.anchors.tsa, development: [] },
      database: antin.database,
      clock,
      latestProbe: async () => undefined,
      redisWeaknesses: async () => [{ vi: 'appendonly no', en: 'appendonly no' }],
    });
    expect(found.map(({ path, code }) => `${path} ${code}`)).toEqual(['/REDIS_URL LEGAL_REDIS_UNSAFE']);
  });

  test('none of them without TLS', () => {
    const found = refuseSettings({
      ...settings,
      s3Endpoint: 'http://s3.benhvien.example:9000',
      redisUrl: 'redis://:secret@redis.benhvien.example',
      databaseUrl: 'postgres://antin:secret@db.benhvien.example/antin?sslmode=disable',
    });
    expect(found.map(({ path }) => path)).toEqual(['/S3_ENDPOINT', '/DATABASE_URL', '/REDIS_URL']);
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  test.each([
    ['https://s3.example.vn', true],
    ['http://s3.example.vn', false],
    ['http://127.0.0.1:9000', true],
    ['http://[::1]:9000', true],
    ['http://localhost:9000', true],
    ['http://127.0.0.1.example.vn', false],
    ['rediss://redis.example.vn', true],
    ['redis://redis.example.vn', false],
    ['postgres://a@db.example.vn/x', false],
    ['postgres://a@db.example.vn/x?sslmode=prefer', false],
    ['postgres://a@db.example.vn/x?sslmode=no-verify', false],
    ['postgres://a@db.example.vn/x?sslmode=require', true],
    ['postgres://a@db.example.vn/x?sslmode=require&uselibpqcompat=true', false],
    ['postgres://a@db.example.vn/x?sslmode=verify-full', true],
    ['postgres://a@localhost/x?host=/run/postgresql', true],
    ['postgres://a@localhost/x?host=db.example.vn', false],
  ])('%s is protected: %s', (url, isProtected) => {
    expect(unencrypted([{ setting: 'S3_ENDPOINT', url }], [])).toHaveLength(isProtected ? 0 : 1);
  });
});

test('with everything in place: a hospital is enrolled on the command line and takes a document to the archive', async () => {
  const environment = complete('hospital');
  const { keys, credentials } = await enrolHospital(environment, 'all');
  const antin = await start(environment);
  expect(antin.authority).toBeUndefined();
  await antin.runner.start();
  const ask = (method: string, path: string, key: string, json?: unknown) =>
    antin.app.request(path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });

  const form = antin.forms.list().find(({ id }) => id === 'giay-ra-vien');
  const content = { ...form?.sample(), recordNumber: '26.000001' };
  const sent = { type: 'giay-ra-vien', record: { number: '26.000001' }, content };
  const received = await ask('POST', '/v1/documents', keys.intake, sent);
  expect(received.status, await received.clone().text()).toBe(201);
  const { id, lookup } = await received.json();
  for (const [key, credential] of [
    [keys.doctor, credentials.doctor],
    [keys.director, credentials.director],
  ] as const) {
    const session = await ask('POST', '/v1/sessions', key, { ...credential, documents: [{ id }] });
    const answer = await session.text();
    expect(JSON.parse(answer).results, answer).toMatchObject([{ signed: true }]);
  }
  // On a busy machine the authority may answer too late once: then the job is repeated by itself.
  const shown = async () => (await ask('GET', `/v1/documents/${id}`, keys.admin)).json();
  await expect.poll(async () => (await shown()).state, { timeout: 100_000, interval: 200 }).toBe('archived');
  expect(await shown()).toMatchObject({ level: 'B-LTA', timestampsOwed: 0, work: [] });

  const pdf = new Uint8Array(await (await ask('GET', `/v1/documents/${id}/pdf`, keys.admin)).arrayBuffer());
  const report = validate(pdf, {
    file: 'a.pdf',
    anchors: antin.anchors.signers,
    timestampAnchors: antin.anchors.tsa,
    at: new Date(),
  });
  expect(report.verdict).toBe('TOTAL-PASSED');
  // No mark of a demonstration, neither in the file nor on a page.
  expect(Buffer.from(pdf).toString('latin1')).not.toContain('BẢN THỬ');
  const page = await antin.app.request(`/tra-cuu/${lookup.code}`);
  expect(page.headers.get('strict-transport-security')).toMatch(/^max-age=\d+/);
  expect(await page.text()).not.toContain('BẢN THỬ');

  // Every report says that the keys are kept in software, and who accepted it.
  const judged = await antin.app.request('/v1/validations', {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.admin}`, 'content-type': 'application/pdf' },
    body: pdf,
  });
  expect(await judged.json()).toMatchObject({
    verdict: 'TOTAL-PASSED',
    softwareKeys: { acceptedBy: 'Phạm Thị Minh Hoạ', vi: expect.any(String), en: expect.any(String) },
  });
  expect(await (await antin.app.request('/readyz')).json()).toMatchObject({ ready: true });
  expect(await antin.archive.fsck()).toMatchObject({ verdict: 'sound' });
}, 180_000);

/** A command as it is typed; its answer. */
async function run(environment: Environment, ...args: string[]): Promise<Record<string, string>> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const said: string[] = [];
  const say = vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
  try {
    const program = new Command('antin').exitOverride();
    for (const add of [addFacility, addClinician, addCredential, addKey]) add(program);
    await program.parseAsync([...args, '--json'], { from: 'user' });
  } finally {
    say.mockRestore();
    vi.unstubAllEnvs();
  }
  return JSON.parse(said.at(-1) ?? '{}');
}

let people = 0;

async function keyFiles(options: IssueOptions): Promise<{ p12: string; pin: string; words: string }> {
  people += 1;
  const identity = await licensed.authority.issuePerson({ keyType: 'P-256', slug: `holder-${people}`, ...options });
  const [p12, pin] = [join(folder.path, `${people}.p12`), join(folder.path, `${people}.pin`)];
  writeFileSync(p12, createPkcs12({ ...identity, password: identity.pin }));
  writeFileSync(pin, `${identity.pin}\n`);
  return { p12, pin, words: readFileSync(pin, 'utf8').trim() };
}

/** The first hospital of a new installation, with the commands that an administrator types. */
async function enrolHospital(environment: Environment, how: 'all' | 'seal-only') {
  const type = (...args: string[]) => run(environment, ...args);
  const inHospital = ['--facility', '79999'];
  const [name, place] = ['Bệnh viện Thí Dụ', 'Thí Dụ'];
  await type(
    'facility',
    'add',
    '--code',
    '79999',
    '--name',
    name,
    '--parent-authority',
    'Sở Y tế',
    '--place',
    place,
    '--uid',
    'MST:0100000002',
  );
  const seal = await keyFiles({ commonName: name, uid: 'MST:0100000002' });
  await type('credential', 'add', ...inHospital, '--p12', seal.p12, '--pin-file', seal.pin);
  const nobody = { credential: '', pin: '' };
  if (how === 'seal-only') {
    return {
      keys: { admin: '', intake: '', doctor: '', director: '' },
      credentials: { doctor: nobody, director: nobody },
    };
  }
  const person = async (staff: string, role: string, uid: string) => {
    const who = ['--staff-code', staff, '--name', 'BS. Lê Thị Thí Dụ', '--title', 'Bác sĩ', '--department', 'Khoa Nội'];
    const licence = ['--licence', `${staff}/TD-CCHN`, '--licence-from', '2020-01-01', '--uid', uid];
    await type('clinician', 'add', ...inHospital, ...who, '--role', role, ...licence);
    const files = await keyFiles({ commonName: 'Lê Thị Thí Dụ', uid });
    const enrolled = ['--clinician', staff, '--p12', files.p12, '--pin-file', files.pin];
    const { credential = '' } = await type('credential', 'add', ...inHospital, ...enrolled);
    const own = ['--name', staff, '--role', 'clinician', '--clinician', staff];
    const { token = '' } = await type('key', 'add', ...inHospital, ...own);
    return { key: token, credential: { credential, pin: files.words } };
  };
  const doctor = await person('BS1', 'practitioner', 'CCCD:001000000101');
  const director = await person('GD1', 'unit-representative', 'CCCD:001000000102');
  const { token: admin = '' } = await type('key', 'add', ...inHospital, '--name', 'admin', '--role', 'admin');
  const { token: intake = '' } = await type('key', 'add', ...inHospital, '--name', 'HIS', '--role', 'intake');
  return {
    keys: { admin, intake, doctor: doctor.key, director: director.key },
    credentials: { doctor: doctor.credential, director: director.credential },
  };
}
