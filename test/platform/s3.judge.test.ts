import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  assertBucketsFit,
  createS3Archive,
  createS3Client,
  createS3WorkStore,
  type ObjectStore,
  prepareBuckets,
  type S3Client,
  type S3Settings,
} from '../../src/platform/storage/index.ts';
import { listVersions } from '../../src/platform/storage/s3/versions.ts';
import { settableClock, sha256Hex, systemClock } from '../../src/shared/index.ts';
import { temporaryFolder } from '../support/database.ts';
import { startFaultyProxy } from '../support/faulty-proxy.ts';
import { ENGINES, type Engine, freshBuckets, newSettings, startEngine } from '../support/s3-engine.ts';

const contentType = 'application/pdf';
const bytes = new TextEncoder().encode('%PDF-1.7 bản đã ký');
const sha256 = sha256Hex(bytes);
const newKey = () => `v1/facility/${randomBytes(6).toString('hex')}/1-${sha256}.pdf`;
const inAnHour = () => new Date((Math.floor(Date.now() / 1000) + 3600) * 1000);

async function versionsIn(store: ObjectStore, key: string) {
  const found = [];
  for await (const version of store.list(key)) found.push(version);
  return found;
}

describe.each(ENGINES)('an archive in %s', (name) => {
  let engine: Engine;
  let settings: S3Settings;
  let admin: S3Client;
  let store: ObjectStore;
  beforeAll(async () => {
    engine = await startEngine(name);
    ({ settings, client: admin } = await freshBuckets(engine));
    store = createS3Archive(settings, { client: admin, clock: systemClock });
  });
  afterAll(async () => {
    admin.close();
    await engine.stop();
  });

  test('costs two requests an object, three with a later date, on one connection', async () => {
    const proxy = await startFaultyProxy(settings.endpoint);
    const client = createS3Client({ ...settings, endpoint: proxy.endpoint }, { connections: 1 });
    const own = createS3Archive(settings, { client, clock: systemClock, conditionalWrites: true });
    const methods = () => proxy.heads.splice(0).map((head) => head.split(' ')[0]);
    await own.put(newKey(), bytes, { retainUntil: inAnHour(), contentType });
    expect(methods()).toEqual(['PUT', 'HEAD']);
    const thenUntil = new Date(inAnHour().getTime() + 3_600_000);
    const stored = await own.put(newKey(), bytes, { retainUntil: inAnHour(), thenUntil, contentType });
    expect(stored.retainUntil).toEqual(thenUntil);
    expect(methods()).toEqual(['PUT', 'PUT', 'HEAD']);
    client.close();
    await proxy.close();
  });

  test('after a lost answer to the PUT finds its bytes and makes no second version', async () => {
    const proxy = await startFaultyProxy(settings.endpoint);
    const client = createS3Client({ ...settings, endpoint: proxy.endpoint });
    const own = createS3Archive(settings, { client, clock: systemClock });
    await own.put(newKey(), bytes, { retainUntil: inAnHour(), contentType });
    const key = newKey();
    proxy.loseAnswerTo(new RegExp(`^PUT /${settings.archiveBucket}/`));
    const stored = await own.put(key, bytes, { retainUntil: inAnHour(), contentType });
    expect(proxy.lost()).toBe(true);
    expect(await versionsIn(store, key)).toMatchObject([{ versionId: stored.versionId }]);
    expect(sha256Hex(await store.get(key, stored.versionId, sha256))).toBe(sha256);
    client.close();
    await proxy.close();
  });

  test('when the answer that sets the later date is lost, the next try completes it', async () => {
    const proxy = await startFaultyProxy(settings.endpoint);
    const client = createS3Client({ ...settings, endpoint: proxy.endpoint });
    const own = createS3Archive(settings, { client, clock: systemClock });
    const key = newKey();
    const thenUntil = new Date(inAnHour().getTime() + 3_600_000);
    const options = { retainUntil: inAnHour(), thenUntil, hold: true, contentType };
    proxy.loseAnswerTo(/^PUT \S*retention/);
    await expect(own.put(key, bytes, options)).rejects.toMatchObject({ kind: 'upstream' });
    const stored = await own.put(key, bytes, options);
    expect(stored).toMatchObject({ retainUntil: thenUntil, hold: true });
    expect(await versionsIn(store, key)).toHaveLength(1);
    client.close();
    await proxy.close();
  });

  test('two machines that put the same object at once have one version between them', async () => {
    const other = createS3Client(settings);
    const key = newKey();
    const twin = createS3Archive(settings, { client: other, clock: systemClock });
    const [one, two] = await Promise.all(
      [store, twin].map((each) => each.put(key, bytes, { retainUntil: inAnHour(), contentType })),
    );
    expect(one?.versionId).toBe(two?.versionId);
    other.close();
  });

  test('an administrator who lays a delete marker over an object hides it from nobody who names its version', async () => {
    const key = newKey();
    const { versionId } = await store.put(key, bytes, { retainUntil: inAnHour(), contentType });
    await admin.request({ method: 'DELETE', bucket: settings.archiveBucket, key });
    expect((await admin.request({ method: 'HEAD', bucket: settings.archiveBucket, key })).status).toBe(404);
    expect(sha256Hex(await store.get(key, versionId, sha256))).toBe(sha256);
    expect(await store.stat(key, versionId)).toMatchObject({ sha256 });
    const listed = await versionsIn(store, key);
    expect(listed.filter((version) => version.isDeleteMarker)).toHaveLength(1);
    expect(listed.filter((version) => !version.isDeleteMarker)).toMatchObject([{ versionId }]);
  });

  test('an administrator who overwrites an object changes nothing: the next put of its bytes is the first version', async () => {
    const key = newKey();
    const options = { retainUntil: inAnHour(), contentType };
    const first = await store.put(key, bytes, options);
    await admin.request({ method: 'PUT', bucket: settings.archiveBucket, key, body: 'other bytes' });
    expect(await versionsIn(store, key)).toHaveLength(2);
    expect(await store.put(key, bytes, options)).toEqual(first);
    expect(sha256Hex(await store.get(key, first.versionId, sha256))).toBe(sha256);
  });

  test('a listing is whole and in order, however small its pages', async () => {
    const bucket = settings.workBucket;
    // No key and no folder begins another, as with ours: SeaweedFS walks `a` before `a-b`, sorts within a page only, and so skips keys.
    const keys = ['p/a1/1-x', 'p/a1/10-x', 'p/a1/2-x', 'p/a2/1-x', 'p/b1/1-x', 'p/c1/&<1>'];
    for (const key of keys) {
      for (const body of ['one', 'two', 'three']) await admin.request({ method: 'PUT', bucket, key, body });
      await admin.request({ method: 'DELETE', bucket, key });
    }
    const listing = async (pageSize: number) => {
      const found = [];
      for await (const { key, versionId, isDeleteMarker } of listVersions(admin, bucket, 'p/', pageSize)) {
        found.push({ key, versionId, isDeleteMarker });
      }
      return found;
    };
    const whole = await listing(1000);
    expect([...new Set(whole.map(({ key }) => key))]).toEqual(keys.toSorted());
    expect(whole).toHaveLength(keys.length * 4);
    for (const pageSize of [1, 3, 4, 7]) expect(await listing(pageSize)).toEqual(whole);
  });

  test('what comes without a lock is locked by the bucket', async () => {
    const key = newKey();
    await admin.request({ method: 'PUT', bucket: settings.archiveBucket, key, body: bytes });
    const [listed] = await versionsIn(store, key);
    const stored = await store.stat(key, listed?.versionId ?? '');
    expect(stored?.retainUntil.getTime()).toBeGreaterThan(Date.now() + 13 * 24 * 3_600_000);
  });

  test('wrong keys, a missing bucket and a bucket without lock are told apart from a refusal', async () => {
    const key = newKey();
    const options = { retainUntil: inAnHour(), contentType };
    const put = async (over: Partial<S3Settings>) => {
      const wrong = { ...settings, ...over };
      const client = createS3Client(wrong);
      const own = createS3Archive(wrong, { client, clock: systemClock, conditionalWrites: true });
      await own.put(key, bytes, options).finally(() => client.close());
    };
    await expect(put({ secretKey: 'wrong-secret-key' })).rejects.toMatchObject({ code: 'STORE_KEYS_REFUSED' });
    await expect(put({ accessKey: 'nobody-at-all' })).rejects.toMatchObject({ code: 'STORE_KEYS_REFUSED' });
    await expect(put({ archiveBucket: 'no-such-bucket' })).rejects.toMatchObject({ code: 'STORE_BUCKET_MISSING' });
    await expect(put({ archiveBucket: settings.workBucket })).rejects.toMatchObject({ code: 'STORE_BUCKET_UNFIT' });
    const elsewhere = createS3Archive(
      { ...settings, archiveBucket: 'no-such-bucket' },
      { client: admin, clock: systemClock },
    );
    await expect(elsewhere.get(key, 'x', sha256)).rejects.toMatchObject({ code: 'STORE_BUCKET_MISSING' });
    await expect(elsewhere.stat(key, 'x')).rejects.toMatchObject({ code: 'STORE_BUCKET_MISSING' });
  });

  test('destroys nothing while its clock and that of the store disagree', async () => {
    const clock = settableClock(new Date(Date.now() + 365 * 24 * 3_600_000));
    const own = createS3Archive(settings, { client: admin, clock, conditionalWrites: true });
    const { key, versionId } = await store.put(newKey(), bytes, { retainUntil: inAnHour(), contentType });
    await expect(own.delete(key, versionId)).rejects.toMatchObject({ code: 'CLOCK_UNTRUSTED' });
    expect(await store.stat(key, versionId)).toBeDefined();
  });

  describe('its work store', () => {
    const key = 'f/d/1-rendition.pdf';

    test('still has what an administrator deleted or overwrote by mistake', async () => {
      const work = createS3WorkStore(settings, { client: admin });
      await work.put(key, bytes);
      await admin.request({ method: 'PUT', bucket: settings.workBucket, key, body: 'oops' });
      expect(sha256Hex(await work.get(key, sha256))).toBe(sha256);
      await admin.request({ method: 'DELETE', bucket: settings.workBucket, key });
      expect(sha256Hex(await work.get(key, sha256))).toBe(sha256);
    });

    test('leaves no version behind of what it destroys', async () => {
      const work = createS3WorkStore(settings, { client: admin });
      for (const each of ['g/d/1', 'g/d/2', 'g/d/2', 'g/other/1']) await work.put(each, randomBytes(20));
      await admin.request({ method: 'DELETE', bucket: settings.workBucket, key: 'g/d/1' });
      const keys = async (prefix: string) => {
        const found = [];
        for await (const each of work.list(prefix)) found.push(each.key);
        return found;
      };
      expect(await keys('g/')).toEqual(['g/d/1', 'g/d/2', 'g/other/1']);
      await work.deleteAll('g/d');
      await work.deleteAll('g/none');
      await work.delete('g/none');
      expect(await keys('g/')).toEqual(['g/other/1']);
      const versions = await admin.request({
        method: 'GET',
        bucket: settings.workBucket,
        query: { versions: '', prefix: 'g/d/' },
      });
      expect(Buffer.from(versions.body).toString()).not.toMatch(/<(?:Version|DeleteMarker)>/);
      await work.delete('g/other/1');
      expect(await keys('g/')).toEqual([]);
    });
  });

  describe('its buckets', () => {
    const problems = async (own: S3Settings, fix = false) =>
      (await prepareBuckets(own, { fix, client: admin })).map(
        ({ problem, fixed }) => `${problem} ${fixed ? 'fixed' : 'open'}`,
      );

    test('are made by --fix, and nothing is left to say', async () => {
      const own = newSettings(engine);
      expect(await problems(own)).toEqual(['bucket-missing open', 'bucket-missing open']);
      await expect(assertBucketsFit(own)).rejects.toMatchObject({ code: 'STORE_BUCKET_MISSING' });
      const made = await problems(own, true);
      expect(made).toContain('bucket-missing fixed');
      expect(made.filter((each) => each.endsWith('open'))).toEqual([]);
      expect(await problems(own)).toEqual([]);
      expect(await problems(own, true)).toEqual([]);
      await assertBucketsFit(own);
    });

    test('are made once by processes that start together', async () => {
      const own = newSettings(engine);
      const reports = await Promise.all([problems(own, true), problems(own, true), problems(own, true)]);
      expect(reports.flat().filter((each) => each.endsWith('open'))).toEqual([]);
      expect(await problems(own)).toEqual([]);
    });

    test('that somebody loosened are found out and mended', async () => {
      const own = newSettings(engine);
      await problems(own, true);
      const set = async (bucket: string, resource: string, xml: string) => {
        const { createHash } = await import('node:crypto');
        const headers = { 'content-md5': createHash('md5').update(xml).digest('base64') };
        const { status } = await admin.request({
          method: 'PUT',
          bucket,
          query: { [resource]: '' },
          headers,
          body: xml,
        });
        expect(status).toBe(200);
      };
      const expiry =
        '<LifecycleConfiguration><Rule><ID>x</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>';
      await set(own.archiveBucket, 'lifecycle', expiry);
      await set(
        own.archiveBucket,
        'object-lock',
        '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
      );
      await set(
        own.workBucket,
        'versioning',
        '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
      );
      expect(await problems(own)).toEqual(['default-lock-missing open', 'expiry-rule open', 'versioning-off open']);
      expect(await problems(own, true)).toEqual([
        'default-lock-missing fixed',
        'expiry-rule fixed',
        'versioning-off fixed',
      ]);
      expect(await problems(own)).toEqual([]);
    });

    test('that cannot be right are refused in words', async () => {
      const own = newSettings(engine);
      const swapped = { ...own, archiveBucket: settings.workBucket, workBucket: settings.archiveBucket };
      expect(await problems(swapped)).toEqual(['lock-off open', 'default-lock-missing open', 'work-bucket-locks open']);
      expect(await problems({ ...own, workBucket: own.archiveBucket })).toEqual(['buckets-same open']);
      await expect(prepareBuckets({ ...settings, secretKey: 'wrong-secret-key' })).rejects.toMatchObject({
        code: 'STORE_KEYS_REFUSED',
      });
    });
  });

  test('while the engine is down every call says so, to be tried again, and afterwards all is as before', async () => {
    const client = createS3Client(settings, { silenceMs: 2000 });
    const own = createS3Archive(settings, { client, clock: systemClock });
    const stored = await own.put(newKey(), bytes, { retainUntil: inAnHour(), contentType });
    const refusals = async () =>
      (
        await Promise.allSettled([
          own.put(newKey(), bytes, { retainUntil: inAnHour(), contentType }),
          own.get(stored.key, stored.versionId, sha256),
          own.stat(stored.key, stored.versionId),
          versionsIn(own, 'v1/'),
        ])
      ).map((end) => (end.status === 'rejected' ? end.reason.kind : 'fulfilled'));
    engine.service.pause();
    expect(await refusals()).toEqual(['upstream', 'upstream', 'upstream', 'upstream']);
    engine.service.resume();
    await engine.service.kill();
    expect(await refusals()).toEqual(['upstream', 'upstream', 'upstream', 'upstream']);
    await engine.service.start();
    await expect
      .poll(() => own.stat(stored.key, stored.versionId).catch(() => undefined), { timeout: 30_000 })
      .toEqual(stored);
    expect(sha256Hex(await own.get(stored.key, stored.versionId, sha256))).toBe(sha256);
    client.close();
  });
});

describe('over TLS', () => {
  test('trusts the authority it is given, and nobody else', async () => {
    const engine = await startEngine('seaweedfs');
    const folder = temporaryFolder();
    const [keyFile, caFile] = [join(folder.path, 'key.pem'), join(folder.path, 'ca.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', keyFile, '-out', caFile, ...subject], {
      stdio: 'ignore',
    });
    const proxy = await startFaultyProxy(engine.service.endpoint, {
      key: readFileSync(keyFile),
      cert: readFileSync(caFile),
    });
    const settings = newSettings(engine, { endpoint: proxy.endpoint, caFile });
    await prepareBuckets(settings, { fix: true });
    const client = createS3Client(settings);
    const store = createS3Archive(settings, { client, clock: systemClock });
    const stored = await store.put(newKey(), bytes, { retainUntil: inAnHour(), contentType });
    expect(sha256Hex(await store.get(stored.key, stored.versionId, sha256))).toBe(sha256);
    const stranger = createS3Client({ ...settings, caFile: undefined });
    await expect(stranger.request({ method: 'GET' })).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(() => createS3Client({ ...settings, caFile: join(folder.path, 'none.pem') })).toThrow('CONFIG_INVALID');
    expect(() => createS3Client({ ...settings, endpoint: `${proxy.endpoint}/path` })).toThrow('CONFIG_INVALID');
    client.close();
    stranger.close();
    await proxy.close();
    await engine.stop();
    folder.remove();
  });
});
