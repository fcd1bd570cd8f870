/** `antin worm-probe` as an administrator runs it. */
import { execFile } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { loadLogKey } from '../../src/platform/audit/index.ts';
import { verifyProbeCertificate } from '../../src/platform/storage/worm-probe/index.ts';
import { newDataDir, temporaryFolder } from '../support/database.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';
import { settingsOf } from './support/probing.ts';
import { openStoreDouble, type StoreDouble } from './support/store-double.ts';

const SLOW = 120_000;
const root = join(import.meta.dirname, '../..');
const folders: ReturnType<typeof temporaryFolder>[] = [];
let honest: StoreDouble;
let liar: StoreDouble;

beforeAll(async () => {
  [honest, liar] = await Promise.all([
    openStoreDouble(),
    openStoreDouble({ lies: ['lets the date be shortened after 2 s', 'ignores conditions'] }),
  ]);
});
afterAll(() => {
  honest.close();
  liar.close();
  for (const folder of folders) folder.remove();
});

async function wormProbe(endpoint: string, ...args: string[]) {
  const folder = temporaryFolder();
  folders.push(folder);
  renameSync(await newDataDir(folder.path), join(folder.path, 'db'));
  const { accessKey, secretKey, archiveBucket, workBucket } = settingsOf(endpoint);
  const settings = {
    // It does not start without a probe, so the probe must not wait for it.
    ...{
      MODE: 'legal',
      DATA_DIR: folder.path,
      STATE_DIR: join(folder.path, 'state'),
      KEYS_DIR: join(folder.path, 'keys'),
    },
    ...{ S3_ENDPOINT: endpoint, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey },
    ...{ S3_ARCHIVE_BUCKET: archiveBucket, S3_WORK_BUCKET: workBucket },
  };
  const command = ['--import', join(root, 'test/support/source-process.ts'), join(root, 'src/main.ts'), 'worm-probe'];
  const env = { ...newcomerEnvironment(), ...settings };
  return new Promise<{ code: number; stdout: string; stderr: string; keysDir: string }>((resolve) => {
    execFile(process.execPath, [...command, ...args], { env, cwd: root }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, stderr, keysDir: settings.KEYS_DIR });
    });
  });
}

test.concurrent('a store that keeps its locks: 0, and a certificate signed with the log key', {
  timeout: SLOW,
}, async ({ expect }) => {
  const { code, stdout, stderr, keysDir } = await wormProbe(honest.endpoint, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const certificate = JSON.parse(stdout);
  expect(certificate.report).toMatchObject({ verdict: 'passed', store: { host: new URL(honest.endpoint).host } });
  expect(verifyProbeCertificate(certificate, (await loadLogKey(keysDir)).publicKey)).toBe(true);
});

test.concurrent('a store that does not: 1, and every point in both languages', { timeout: SLOW }, async ({
  expect,
}) => {
  const { code, stdout } = await wormProbe(liar.endpoint);
  expect(code).toBe(1);
  expect(stdout).toContain('✖ Vài giây sau khi ghi, khóa vẫn không rút ngắn, không hạ, không gỡ được (Some seconds');
  expect(stdout).toMatch(/attack-later: .*afterwards the date is/);
  expect(stdout).toMatch(/– .*If-None-Match.* \[không dùng · not used\]/);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(
    'KHÔNG ĐẠT: không dùng kho này để lưu trữ (do not archive in this store)',
  );
});

test.concurrent('a store that does not answer: 4', { timeout: SLOW }, async ({ expect }) => {
  const { code, stderr } = await wormProbe('http://127.0.0.1:9', '--json');
  expect(code).toBe(4);
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'STORE_UNREACHABLE' });
});
