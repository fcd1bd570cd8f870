/** The certificate of a probe, and who keeps it fresh. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogKey, loadLogKey } from '../../src/platform/audit/index.ts';
import { createS3Client, type S3Client } from '../../src/platform/storage/index.ts';
import {
  createProbeKeeper,
  keepProbed,
  latestProbe,
  type ProbeCertificate,
  type ProbeKeepingDeps,
  verifyProbeCertificate,
} from '../../src/platform/storage/worm-probe/index.ts';
import { silentLog, VERSION } from '../../src/shared/index.ts';
import { temporaryFolder, useDatabase } from '../support/database.ts';
import { settingsOf } from './support/probing.ts';
import { openStoreDouble, type StoreDouble } from './support/store-double.ts';

const SLOW = 90_000;
const HOUR_MS = 3_600_000;
const database = useDatabase();
const folder = temporaryFolder();
const ahead = { ms: 0 };
const clock = { now: () => new Date(Date.now() + ahead.ms) };
let double: StoreDouble;
let client: S3Client;
let key: LogKey;

beforeAll(async () => {
  double = await openStoreDouble({ now: clock.now });
  client = createS3Client(settingsOf(double.endpoint));
  key = await loadLogKey(join(folder.path, 'keys'));
});
afterAll(() => {
  client.close();
  double.close();
  folder.remove();
});

const deps = (): ProbeKeepingDeps => ({
  ...{ database: database(), client, settings: settingsOf(double.endpoint), key, clock, log: silentLog },
});

test('the workers of an installation probe once, and the certificate proves it', { timeout: SLOW }, async () => {
  expect(await latestProbe(database(), settingsOf(double.endpoint))).toBeUndefined();
  const made = (await Promise.all([keepProbed(deps()), keepProbed(deps())])).filter((one) => one !== undefined);
  expect(made).toHaveLength(1);
  const certificate = made[0] as ProbeCertificate;

  const latest = await latestProbe(database(), settingsOf(double.endpoint));
  expect(latest).toMatchObject({ passed: true, at: new Date(certificate.report.ended) });
  expect(latest?.certificate).toEqual(certificate);
  expect(verifyProbeCertificate(certificate, key.publicKey)).toBe(true);
  expect(certificate.report.program).toBe(`antin ${VERSION}`);
  expect(JSON.stringify(certificate)).not.toContain(settingsOf('').secretKey);

  // Another store, or another bucket, was not probed.
  expect(await latestProbe(database(), settingsOf('http://127.0.0.1:9'))).toBeUndefined();

  // It is fresh: nobody asks the store anything for 20 hours.
  const asked = double.count();
  ahead.ms = 19 * HOUR_MS;
  expect(await keepProbed(deps())).toBeUndefined();
  expect(double.count()).toBe(asked);
});

test('whoever changes a word of the certificate, or signs with another key, is found out', async () => {
  const { certificate } = (await latestProbe(database(), settingsOf(double.endpoint))) ?? {};
  if (certificate === undefined) throw new Error('no certificate');
  const { report } = certificate;
  const [first, ...others] = report.checks;
  if (first === undefined) throw new Error('no check');
  const changed: ProbeCertificate[] = [
    { ...certificate, report: { ...report, verdict: 'refused' } },
    { ...certificate, report: { ...report, ended: '2030-01-01T00:00:00.000Z' } },
    { ...certificate, report: { ...report, checks: others } },
    { ...certificate, report: { ...report, checks: [{ ...first, seen: 'all is well' }, ...others] } },
    { ...certificate, signature: Buffer.alloc(64).toString('base64') },
    { ...certificate, signature: 'nonsense' },
  ];
  expect(changed.map((one) => verifyProbeCertificate(one, key.publicKey))).toEqual(changed.map(() => false));
  const stranger = await loadLogKey(join(folder.path, 'other-keys'));
  expect(verifyProbeCertificate(certificate, stranger.publicKey)).toBe(false);
  const signedByStranger = { ...certificate, publicKey: Buffer.from(stranger.publicKey).toString('base64') };
  expect(verifyProbeCertificate(signedByStranger, key.publicKey)).toBe(false);
});

test('a store that begins to lie is refused the next day, loudly, and tried again hourly', {
  timeout: SLOW,
}, async () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  ahead.ms = 21 * HOUR_MS;
  double.lie('deletes what is locked');
  const certificate = await keepProbed({ ...deps(), log });
  expect(certificate?.report.verdict).toBe('refused');
  // The canary of the day before, locked for a week, is attacked as well.
  expect(certificate?.report.checks.find(({ id }) => id === 'older-canaries')).toMatchObject({ result: 'failed' });
  expect(await latestProbe(database(), settingsOf(double.endpoint))).toMatchObject({ passed: false });
  expect(lines.join()).toContain('the archive store does not keep its locks');

  ahead.ms = 21.5 * HOUR_MS;
  expect(await keepProbed(deps())).toBeUndefined();
});

test('a worker that ends gives up its probe at once, and nothing is certified', async () => {
  ahead.ms = 23 * HOUR_MS;
  const before = await latestProbe(database(), settingsOf(double.endpoint));
  const keeper = createProbeKeeper(deps());
  const asked = double.count();
  keeper.start();
  while (double.count() < asked + 20) await new Promise((resolve) => setTimeout(resolve, 5));
  await keeper.close();
  const after = double.count();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(double.count()).toBe(after);
  expect(await latestProbe(database(), settingsOf(double.endpoint))).toEqual(before);
});

test('the version that a certificate names is the version of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});
