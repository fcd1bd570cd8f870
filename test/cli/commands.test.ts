/** The command line as people and scripts use it: what it prints, and how it ends. */
import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newcomerEnvironment } from '../support/newcomer.ts';

const env = newcomerEnvironment();
let folder = '';
const inFolder = (...path: string[]): string => join(folder, ...path);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function antin(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/antin.mjs', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antin-cli-'));
  // The first command builds what is stale.
  expect((await antin('--version')).code).toBe(0);
}, 180_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('usage', () => {
  test('help says every command; nonsense ends with 2', async () => {
    const help = await antin('--help');
    expect(help.code).toBe(0);
    for (const command of [
      'start',
      'demo',
      'render',
      'sign',
      'extend',
      'validate',
      'intake',
      'policy',
      'dev-pki',
      'doctor',
      'fsck',
    ]) {
      expect(help.stdout).toContain(`  ${command} `);
    }
    expect((await antin('no-such-command')).code).toBe(2);
    expect((await antin('sign', 'a.pdf')).code).toBe(2);
    const nowhere = await antin('extend', 'a.pdf', '-o', 'b.pdf', '--tsa', 'tsa.example', '--trust', folder);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('--tsa phải là địa chỉ http(s)')]);
  });

  test('a missing file ends with 4 and says which, as words or as JSON', async () => {
    const words = await antin('validate', 'no-such.pdf');
    expect(words.code).toBe(4);
    expect(words.stderr).toMatch(/FILE_UNREADABLE: Không đọc được tệp no-such\.pdf/);
    const json = await antin('validate', 'no-such.pdf', '--json');
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

describe('policy', () => {
  test('check and explain', async () => {
    expect(await antin('policy', 'check')).toMatchObject({ code: 0 });
    await writeFile(
      inFolder('facts.json'),
      JSON.stringify({ dischargedAt: '2026-12-31T23:30:00+07:00', outcome: 'died' }),
    );
    const explained = await antin('policy', 'explain', inFolder('facts.json'));
    expect(explained).toMatchObject({ code: 0 });
    expect(explained.stdout).toContain('Lưu đến: 31/12/2056');
    expect(explained.stdout).toContain('Thông tư 33/2025/TT-BYT');
    await writeFile(inFolder('broken.json'), '{');
    expect((await antin('policy', 'explain', inFolder('broken.json'))).code).toBe(4);
  });
});

describe('render, sign, extend, validate under a throw-away authority', () => {
  let services: ReturnType<typeof spawn> | undefined;
  let tsa = '';
  const trust = (): string => inFolder('pki', 'trust');
  const key = (slug: string): string[] => [
    '--p12',
    inFolder('pki', 'people', `${slug}.p12`),
    '--pin-file',
    inFolder('pki', 'people', `${slug}.pin`),
  ];

  beforeAll(async () => {
    const port = await freePort();
    services = spawn(process.execPath, [
      'scripts/antin.mjs',
      'dev-pki',
      inFolder('pki'),
      '--port',
      String(port),
      '--serve',
      '--json',
    ]);
    const [line] = await new Promise<string[]>((resolve) =>
      services?.stdout?.once('data', (data) => resolve(String(data).split('\n'))),
    );
    tsa = JSON.parse(line ?? '').timestamps;
  });

  afterAll(() => services?.kill());

  test('a certificate is rendered, signed by two, extended, and passes; altered it does not', async () => {
    const content = 'src/forms/giay-ra-vien/sample.json';
    expect(await antin('render', 'giay-ra-vien', content, '-o', inFolder('a.pdf'))).toMatchObject({ code: 0 });
    const unsigned = await antin('validate', inFolder('a.pdf'), '--json');
    expect(unsigned.code).toBe(1);
    expect(JSON.parse(unsigned.stdout).verdict).toBe('NO-SIGNATURE');

    const net = ['--tsa', tsa, '--trust', trust()];
    const first = await antin(
      'sign',
      inFolder('a.pdf'),
      '-o',
      inFolder('b.pdf'),
      ...key('practitioner'),
      '--field',
      'NguoiHanhNghe',
      '--certify',
      '2',
      '--json',
    );
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const second = await antin(
      'sign',
      inFolder('b.pdf'),
      '-o',
      inFolder('c.pdf'),
      ...key('representative'),
      '--field',
      'DaiDienDonVi',
      '--level',
      'B-T',
      ...net,
    );
    expect(second).toMatchObject({ code: 0 });
    const extended = await antin('extend', inFolder('c.pdf'), '-o', inFolder('d.pdf'), ...net, '--json');
    expect(JSON.parse(extended.stdout)).toMatchObject({ reached: 'B-LTA', reasons: [] });

    const passed = await antin('validate', inFolder('d.pdf'), '--trust', trust());
    expect(passed).toMatchObject({ code: 0 });
    expect(passed.stdout).toContain('Hợp lệ (TOTAL-PASSED)');
    const untrusted = await antin('validate', inFolder('d.pdf'), '--json');
    expect(untrusted.code).toBe(1);
    expect(JSON.parse(untrusted.stdout)).toMatchObject({ verdict: 'INDETERMINATE' });

    const bytes = await readFile(inFolder('d.pdf'));
    bytes[2000] = (bytes[2000] ?? 0) ^ 1;
    await writeFile(inFolder('e.pdf'), bytes);
    await writeFile(inFolder('f.pdf'), 'not a PDF at all');
    const both = await antin('validate', inFolder('e.pdf'), inFolder('f.pdf'), '--trust', trust(), '--json');
    expect(both.code).toBe(4);
    const verdicts = both.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).verdict);
    expect(verdicts).toEqual(['TOTAL-FAILED', 'NOT-A-PDF']);
  });

  test('one step to B-LTA with a visible stamp; a wrong PIN, a locked field, a missing authority are refused', async () => {
    const whole = ['--level', 'B-LTA', '--tsa', tsa, '--trust', trust()];
    const place = ['--appearance', '1,60,40,180,60', '--reason', 'Xác nhận bản sao'];
    const plain = 'samples/presigned-referral.pdf';
    const stamped = await antin(
      'sign',
      inFolder('a.pdf'),
      '-o',
      inFolder('g.pdf'),
      ...key('seal'),
      '--field',
      'KyThem',
      ...place,
      ...whole,
    );
    expect(stamped).toMatchObject({ code: 0 });
    expect((await antin('validate', inFolder('g.pdf'), '--trust', trust())).code).toBe(0);

    await writeFile(inFolder('wrong.pin'), 'wrong');
    const wrong = await antin(
      'sign',
      plain,
      '-o',
      inFolder('h.pdf'),
      '--p12',
      inFolder('pki', 'people', 'seal.p12'),
      '--pin-file',
      inFolder('wrong.pin'),
    );
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain('P12_PIN_WRONG');
    const again = await antin('sign', inFolder('g.pdf'), '-o', inFolder('h.pdf'), ...key('seal'), '--field', 'KyThem');
    expect(again.stderr).toContain('FIELD_ALREADY_SIGNED');
    const nobody = await antin(
      'sign',
      plain,
      '-o',
      inFolder('h.pdf'),
      ...key('seal'),
      '--level',
      'B-T',
      '--tsa',
      'http://127.0.0.1:9',
      '--trust',
      trust(),
    );
    expect(nobody.code).toBe(4);
    expect(nobody.stderr).toContain('TSA_UNAVAILABLE');
  });
});

describe('a data folder', () => {
  const data = (): string[] => ['--data', inFolder('data')];

  test('intake from a folder; doctor; fsck finds a changed byte', async () => {
    // The demo makes the hospital of this data folder.
    const demo = await antin('demo', '--out', inFolder('out'), ...data(), '--json');
    expect(demo).toMatchObject({ code: 0 });
    expect(await antin('doctor', ...data())).toMatchObject({ code: 0 });
    const sound = await antin('fsck', ...data(), '--json');
    expect(JSON.parse(sound.stdout)).toMatchObject({ verdict: 'sound', registered: 3, ok: 3 });

    const inbox = inFolder('inbox');
    await mkdir(inbox);
    const request = JSON.parse(await readFile('samples/discharge-certificate.json', 'utf8'));
    await writeFile(join(inbox, 'good.json'), JSON.stringify(request));
    await writeFile(
      join(inbox, 'bad.json'),
      JSON.stringify({ ...request, content: { ...request.content, dischargedAt: 'yesterday' } }),
    );
    await copyFile('samples/presigned-referral.pdf', join(inbox, 'referral.pdf'));
    const recordNumber = '26.0999001';
    const sample = JSON.parse(await readFile('src/forms/tai-lieu-pdf/sample.json', 'utf8'));
    await writeFile(
      join(inbox, 'referral.json'),
      JSON.stringify({
        type: 'tai-lieu-pdf',
        record: { number: recordNumber },
        content: { ...sample, recordNumber },
      }),
    );
    const watched = await antin('intake', 'watch', inbox, '--facility', '00001', '--once', ...data());
    expect(watched).toMatchObject({ code: 0 });
    expect((await readdir(join(inbox, 'done'))).sort()).toEqual(
      ['good.json', 'good.result.json', 'referral.json', 'referral.pdf', 'referral.result.json'].sort(),
    );
    expect((await readdir(join(inbox, 'failed'))).sort()).toEqual(['bad.json', 'bad.problem.json']);
    const problem = JSON.parse(await readFile(join(inbox, 'failed', 'bad.problem.json'), 'utf8'));
    expect(problem.mistakes.map((one: { path: string }) => one.path)).toContain('/content/dischargedAt');

    const archive = inFolder('data', 'archive');
    const names = await readdir(archive, { recursive: true });
    const pdf = names.find((name) => name.endsWith('.pdf'));
    expect(pdf).toBeDefined();
    const file = join(archive, pdf ?? '');
    const bytes = await readFile(file);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await rm(file);
    await writeFile(file, bytes);
    const alarm = await antin('fsck', ...data(), '--json');
    expect(alarm.code).toBe(3);
    expect(JSON.parse(alarm.stdout)).toMatchObject({ verdict: 'alarm', mismatch: 1 });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
