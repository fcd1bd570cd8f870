/** What `antin doctor` finds, and what it says to do about it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { addDoctor } from '../../src/cli/doctor.ts';
import { PROBLEMS } from '../../src/shared/index.ts';
import { openAntin } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';

const folder = temporaryFolder();
afterEach(() => {
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});
afterAll(() => folder.remove());

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warn' | 'bad';
  readonly vi: string;
  readonly en: string;
  readonly mend?: { readonly vi: string; readonly en: string };
}

async function doctor(environment: Record<string, string>): Promise<{ ok: boolean; code: unknown; checks: Finding[] }> {
  for (const [name, value] of Object.entries({ MODE: 'demo', ...environment })) vi.stubEnv(name, value);
  const said: string[] = [];
  const say = vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
  try {
    const program = new Command('antin').exitOverride();
    addDoctor(program);
    await program.parseAsync(['doctor', '--json'], { from: 'user' });
  } finally {
    say.mockRestore();
  }
  return { ...JSON.parse(said.at(-1) ?? '{}'), code: process.exitCode };
}

const verdicts = (checks: readonly Finding[]) =>
  Object.fromEntries(checks.map(({ check, verdict }) => [check, verdict]));

test('a new demonstration is fine', async () => {
  const { ok, code, checks } = await doctor({ DATA_DIR: join(folder.path, 'new') });
  expect(checks.filter(({ verdict }) => verdict === 'bad')).toEqual([]);
  expect({ ok, code }).toEqual({ ok: true, code: undefined });
  expect(Object.keys(verdicts(checks))).toEqual(
    expect.arrayContaining([
      'node',
      'config',
      'buckets',
      'disk',
      'fonts',
      'database',
      'forms',
      'trust',
      'time-stamp',
      'clock',
    ]),
  );
});

test('a clock that is off is told, with the database as witness', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 60 * 60 * 1000 });
  try {
    const { ok, checks } = await doctor({ DATA_DIR: join(folder.path, 'new') });
    expect(ok).toBe(false);
    expect(checks.find(({ check }) => check === 'clock')).toMatchObject({
      verdict: 'bad',
      vi: expect.stringMatching(/^lệch 8\d{4}\.\d giây so với cơ sở dữ liệu$/),
      en: expect.stringMatching(/^off by 8\d{4}\.\d s from the database$/),
      mend: PROBLEMS.CLOCK_WRONG.mend,
    });
  } finally {
    vi.useRealTimers();
  }
});

test('one with a hospital tells how long its certificates last', async () => {
  const running = await openAntin(join(folder.path, 'hospital'), { jobs: false });
  await running.antin.close();
  const { checks } = await doctor({ DATA_DIR: join(folder.path, 'hospital') });
  const certificates = checks.filter(({ check }) => check === 'certificates');
  expect(certificates.map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
  expect(certificates.map(({ en }) => en).join()).toMatch(/\d+ days left/);
});

test('everything that is wrong is found in one go, with its remedy', async () => {
  const trust = join(folder.path, 'trust');
  mkdirSync(trust);
  const { ok, code, checks } = await doctor({
    MODE: 'legal',
    DATA_DIR: join(folder.path, 'legal'),
    TRUST_DIR: trust,
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_ACCESS_KEY: 'key',
    S3_SECRET_KEY: 'secret',
    REDIS_URL: 'redis://127.0.0.1:1',
    TSA_URLS: 'https://127.0.0.1:1/tsa',
    INSIDE_HOSTS: '127.0.0.1:1',
  });
  expect({ ok, code }).toEqual({ ok: false, code: 1 });
  expect(verdicts(checks)).toMatchObject({
    database: 'ok',
    buckets: 'bad',
    redis: 'warn',
    trust: 'bad',
    'time-stamp': 'bad',
    'work-store': 'bad',
    'worm-probe': 'bad',
    'legal PUBLIC_BASE_URL': 'bad',
    'legal TRUST_DIR': 'bad',
    'legal S3_ENDPOINT': 'bad',
  });
  for (const { verdict, vi: words, en, mend } of checks) {
    expect(words).not.toBe('');
    expect(en).not.toBe('');
    if (verdict !== 'ok') expect(mend?.vi ?? words).toMatch(/[a-zà-ỹ]{3,}/i);
  }
});

test('settings that cannot be read end it there', async () => {
  writeFileSync(join(folder.path, 'port'), 'eighty');
  const { ok, checks } = await doctor({ PORT_FILE: join(folder.path, 'port') });
  expect(ok).toBe(false);
  expect(checks.at(-1)).toMatchObject({ check: 'config', verdict: 'bad', en: expect.stringContaining('PORT') });
});
