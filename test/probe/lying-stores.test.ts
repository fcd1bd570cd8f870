/** A probe is worth what it catches: an honest store passes, and each lie is found by the check that is there for it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createS3Client } from '../../src/platform/storage/index.ts';
import type { LeftBehind, ProbeReport } from '../../src/platform/storage/worm-probe/index.ts';
import { sha256Hex } from '../../src/shared/index.ts';
import { failures, probe, probeDouble, settingsOf } from './support/probing.ts';
import { type Lie, openStoreDouble } from './support/store-double.ts';

const SLOW = 60_000;

/** The check that must find it; others may too. */
const REFUSED: readonly (readonly [Lie, string])[] = [
  ['deletes what is locked', 'delete-locked'],
  ['says no and deletes', 'delete-locked'],
  ['lets the date be shortened after 2 s', 'attack-later'],
  ['lets the date be shortened by a second', 'shorten-by-a-second'],
  ['forgets the bucket default', 'default-stamped'],
  ['forgets the lock', 'lock-read-back'],
  ['obeys the bypass header', 'delete-with-bypass'],
  ['deletes in a batch', 'delete-in-batch'],
  ['lowers the mode', 'downgrade'],
  ['takes an empty retention', 'empty-retention'],
  ['keeps a hold only as long as the date', 'hold-after-expiry'],
  ['never lets go', 'expires'],
  ['overwrites', 'overwrite'],
  ['deletes for good without a version', 'delete-marker'],
  ['takes dates of the past', 'past-date'],
  ['looks at no checksum', 'wrong-md5'],
  ['stops versioning when asked', 'versioning-stays'],
  ['stops locking when asked', 'lock-stays'],
  ['does not extend', 'extend'],
  ['shows everything to everybody', 'not-public'],
  ['hides objects after a day', 'no-expiring-rules'],
  ['is two hours ahead', 'clock'],
];

/** All at once: a probe mostly waits. */
const reports = new Map<Lie, Promise<ProbeReport>>();
beforeAll(() => {
  for (const [lie] of REFUSED) {
    const report = probeDouble(lie).then((probed) => probed.report);
    report.catch(() => undefined); // told by its test
    reports.set(lie, report);
  }
});

describe.concurrent('the probe', () => {
  test('passes an honest store and leaves only locked canaries behind', { timeout: SLOW }, async () => {
    const { report, double } = await probeDouble();
    expect(failures(report)).toEqual([]);
    expect(report).toMatchObject({ verdict: 'passed', notUsed: [], store: { engine: 'Double', bucket: 'archive' } });
    expect(report.checks.length).toBeGreaterThanOrEqual(25);
    expect(new Set(report.checks.map(({ id }) => id)).size).toBe(report.checks.length);

    const there = double.versions('archive');
    expect(there.every(({ key, until, marker }) => key.startsWith('probe/') && !marker && until !== undefined)).toBe(
      true,
    );
    const named = report.leftBehind.map(({ key, versionId }) => `${key} ${versionId}`);
    expect(there.map(({ key, id }) => `${key} ${id}`).sort()).toEqual(named.sort());
    expect(there.length).toBeLessThan(12);
    expect(double.versions('work')).toEqual([]);
  });

  test.for(REFUSED)('refuses a store that %s', { timeout: SLOW }, async ([lie, check]) => {
    const report = await reports.get(lie);
    expect(report && failures(report)).toContain(check);
    expect(report?.verdict).toBe('refused');
  });

  test('lives without what it does not use, and says so', { timeout: SLOW }, async () => {
    const { report } = await probeDouble('locks no multipart upload', 'ignores conditions');
    expect(report).toMatchObject({ verdict: 'passed', notUsed: ['multipart-locks', 'if-none-match'] });
  });

  test('looks after the canaries of the probe before', { timeout: SLOW }, async () => {
    const daysAgo = { days: 2 };
    const double = await openStoreDouble({
      lies: ['lets go a day later'],
      now: () => new Date(Date.now() - daysAgo.days * 86_400_000),
    });
    const settings = settingsOf(double.endpoint);
    const client = createS3Client(settings);
    const until = new Date(Math.ceil(Date.now() / 1000 + 3600) * 1000).toISOString();
    const lock = { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': until };
    const leave = async (key: string) => {
      const { headers } = await client.request({ method: 'PUT', bucket: 'archive', key, headers: lock, body: key });
      return { key, versionId: String(headers['x-amz-version-id']), sha256: sha256Hex(key), lockedUntil: until };
    };
    const old = await leave('probe/earlier/old');
    daysAgo.days = 0;
    const fresh = await leave('probe/earlier/fresh');
    const older = async (before: readonly LeftBehind[]) =>
      (await probe(settings, before)).checks.find(({ id }) => id === 'older-canaries');
    const [unharmed, opened, gone] = await Promise.all([
      older([fresh]),
      older([fresh, old]),
      older([{ ...fresh, versionId: 'removed-beneath' }]),
    ]);
    expect(unharmed).toMatchObject({ result: 'ok' });
    expect(opened).toMatchObject({ result: 'failed', seen: expect.stringContaining('afterwards the version is gone') });
    expect(gone).toMatchObject({ result: 'failed', seen: 'probe/earlier/fresh: the version is gone' });
    client.close();
    double.close();
  });

  test('comes to no verdict when the store goes away in the middle', { timeout: SLOW }, async () => {
    const double = await openStoreDouble();
    const probing = probe(settingsOf(double.endpoint));
    while (double.count() < 60) await new Promise((resolve) => setTimeout(resolve, 5));
    double.close();
    const report = await probing;
    expect(report.verdict).toBe('undecided');
    expect(report.checks.filter(({ result }) => result === 'unknown').map(({ seen }) => seen.split(':')[0])).toContain(
      'STORE_UNREACHABLE',
    );
  });

  test('is not begun when the bucket is missing', async () => {
    const double = await openStoreDouble();
    await expect(probe({ ...settingsOf(double.endpoint), archiveBucket: 'nothing' })).rejects.toMatchObject({
      code: 'STORE_BUCKET_MISSING',
    });
    double.close();
  });
});
