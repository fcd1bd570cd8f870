/** In a real MinIO the program works under an account that may do nothing beyond its two buckets; only `antin migrate` knows the administrator. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createS3Archive,
  createS3Client,
  createS3WorkStore,
  prepareBuckets,
  prepareMinioAccount,
  type S3Request,
  type S3Settings,
} from '../../src/platform/storage/index.ts';
import type { ProbeReport } from '../../src/platform/storage/worm-probe/index.ts';
import { systemClock } from '../../src/shared/index.ts';
import { failures, probe } from '../probe/support/probing.ts';
import { type Engine, newSettings, startEngine } from '../support/s3-engine.ts';

let engine: Engine;
let settings: S3Settings;
let admin: { accessKey: string; secretKey: string };
beforeAll(async () => {
  engine = await startEngine('minio');
  admin = { accessKey: engine.service.accessKey, secretKey: engine.service.secretKey };
  settings = newSettings(engine, { accessKey: 'antin-own', secretKey: 'the first secret of the program' });
  await prepareMinioAccount(settings, admin);
}, 1_800_000);
afterAll(() => engine.stop());

test('it makes its buckets, keeps and locks, and meets the locks of the engine rather than its own policy', async () => {
  const made = await prepareBuckets(settings, { fix: true });
  expect(made.every(({ fixed }) => fixed)).toBe(true);
  expect(await prepareBuckets(settings)).toEqual([]);

  const client = createS3Client(settings);
  const archive = createS3Archive(settings, { client, clock: systemClock });
  const work = createS3WorkStore(settings, { client });
  const bytes = Buffer.from('%PDF-1.7');
  const retainUntil = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000);
  const kept = await archive.put('v1/a/b/1-c.pdf', bytes, { retainUntil, hold: false, contentType: 'application/pdf' });
  expect(await archive.stat(kept.key, kept.versionId)).toMatchObject({ retainUntil });
  const { sha256 } = await work.put('a/b/1.pdf', bytes);
  expect(Buffer.from(await work.get('a/b/1.pdf', sha256))).toEqual(bytes);
  await work.delete('a/b/1.pdf');
  client.close();

  const report = await probe(settings);
  expect(report.verdict).toBe('passed');
  expect(failures(report)).toEqual([]);
  // What the store said to each attack is what it says to its administrator, whom no policy stops.
  const toAdmin = await probe({ ...settings, ...admin });
  const said = ({ checks }: ProbeReport) => checks.map(({ id, seen }) => `${id}: ${seen.replace(/\d+/g, 'n')}`);
  expect(said(report)).toEqual(said(toAdmin));
}, 120_000);

test('it administers nothing, opens no other bucket, and gives its own to nobody', async () => {
  const root = createS3Client({ ...settings, ...admin });
  expect((await root.request({ method: 'PUT', bucket: 'of-somebody-else' })).status).toBe(200);
  root.close();
  const { archiveBucket } = settings;
  const client = createS3Client(settings);
  for (const forbidden of [
    { method: 'GET', bucket: 'minio', key: 'admin/v3/info' },
    { method: 'PUT', bucket: 'minio', key: 'admin/v3/set-user-status', query: { accessKey: 'x', status: 'enabled' } },
    { method: 'PUT', bucket: 'another-bucket' },
    { method: 'GET', bucket: 'of-somebody-else' },
    { method: 'PUT', bucket: 'of-somebody-else', key: 'x', body: 'x' },
    { method: 'DELETE', bucket: archiveBucket },
    { method: 'DELETE', bucket: archiveBucket, headers: { 'x-minio-force-delete': 'true' } },
    { method: 'PUT', bucket: archiveBucket, query: { policy: '' }, body: '{}' },
    { method: 'PUT', bucket: archiveBucket, query: { replication: '' }, body: '<a/>' },
  ] satisfies S3Request[]) {
    const { status } = await client.request(forbidden);
    expect(status, JSON.stringify(forbidden)).toBe(403);
  }
  client.close();
});

test('made again it has the new secret and no longer the old one; keys that are not the administrator’s make nothing', async () => {
  const renewed = { ...settings, secretKey: 'the second secret of the program' };
  await prepareMinioAccount(renewed, admin);
  expect(await prepareBuckets(renewed)).toEqual([]);
  await expect(prepareBuckets(settings)).rejects.toMatchObject({ code: 'STORE_KEYS_REFUSED' });
  for (const keys of [renewed, { ...admin, secretKey: 'not the one' }]) {
    await expect(prepareMinioAccount({ ...settings, accessKey: 'third' }, keys)).rejects.toMatchObject({
      code: 'STORE_ACCOUNT_REFUSED',
    });
  }
});
