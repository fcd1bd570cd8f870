/** Every secret may come by file or by environment; none is shown when something goes wrong. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { configTable, loadConfig, SECRET_SETTINGS } from '../../src/config.ts';
import { temporaryFolder } from '../support/database.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const SECRET = 'khong-duoc-hien-42';
/** A value of each secret setting, as it would be written. */
const VALUES = {
  DATABASE_URL: `postgres://antin:${SECRET}@127.0.0.1:1/antin`,
  REDIS_URL: `redis://:${SECRET}@127.0.0.1:1`,
  S3_ACCESS_KEY: `key-${SECRET}`,
  S3_SECRET_KEY: SECRET,
  S3_ADMIN_ACCESS_KEY: `admin-${SECRET}`,
  S3_ADMIN_SECRET_KEY: SECRET,
  HTTPS_PROXY: `http://antin:${SECRET}@127.0.0.1:1`,
  TSA_URLS: `https://antin:${SECRET}@127.0.0.1:1/tsa`,
};

test('every setting that holds a secret is known as one', () => {
  expect(Object.keys(VALUES).toSorted()).toEqual([...SECRET_SETTINGS].toSorted());
  const documented = configTable('en').matchAll(/^\| `([A-Z0-9_]*(?:KEY|SECRET|PASSWORD|TOKEN|URL|URLS|PROXY))` /gm);
  const known = [...SECRET_SETTINGS, 'PUBLIC_BASE_URL', 'RATE_LIMIT_KEY', 'NO_PROXY'];
  for (const [, name = ''] of documented) expect(known).toContain(name);
});

test.each(Object.entries(VALUES))('%s by environment and by file', (name, value) => {
  const file = join(folder.path, name);
  writeFileSync(file, `${value}\n`);
  const read = (environment: Record<string, string>) => loadConfig({}, environment)[name as keyof typeof VALUES];
  expect([read({ [name]: value })].flat()).toEqual([value]);
  expect([read({ [`${name}_FILE`]: file })].flat()).toEqual([value]);
});

/** A command in a process of its own; everything it says. */
function say(environment: Record<string, string>, ...args: string[]): Promise<{ code: number; said: string }> {
  const env = { ...newcomerEnvironment(), LOG_LEVEL: 'debug', DATA_DIR: join(folder.path, 'data'), ...environment };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', './test/support/source-process.ts', 'src/main.ts', ...args],
      { env, timeout: 60_000 },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
    );
  });
}

test('services that do not answer, settings that are wrong: told without the secret', async () => {
  const services = { ...VALUES, S3_ENDPOINT: 'http://127.0.0.1:1' };
  const stories = await Promise.all([
    say(services, 'api', '--json'),
    say(services, 'worker'),
    say(services, 'doctor', '--json'),
    say({ ...services, MODE: 'legal' }, 'start', '--json'),
    say({ REDIS_URL: `http://${SECRET}`, DATABASE_URL: `mysql://${SECRET}`, HTTPS_PROXY: SECRET }, 'start'),
  ]);
  for (const { code, said } of stories) {
    expect(code, said).toBeGreaterThan(0);
    expect(said).toMatch(/[A-Z]+_[A-Z]+/);
    expect(said).not.toContain(SECRET);
  }
}, 120_000);
