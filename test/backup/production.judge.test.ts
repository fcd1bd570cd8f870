/**
 * The same with the stores of production: server PostgreSQL and S3, where archived bytes stay locked in their bucket; into new buckets from
 * a copy that holds them; and from the embedded stores to these.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresService, startPostgres } from '../../scripts/services/index.ts';
import type { compose } from '../../src/compose/index.ts';
import type { S3Settings } from '../../src/platform/storage/index.ts';
import { sha256Hex } from '../../src/shared/index.ts';
import { dischargeCertificate, openAntin, type RunningAntin, settle } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';
import { expectArchivedOnce, fetchPdf, look, receive, type Shown, signAll, walkToArchive } from '../support/journey.ts';
import { type Engine, newSettings, startEngine } from '../support/s3-engine.ts';
import { answer, problem } from './support.ts';

const folder = temporaryFolder();
const backups = join(folder.path, 'backups');
let postgres: PostgresService;
let engine: Engine;
let running: RunningAntin | undefined;

interface Place {
  readonly databaseUrl: string;
  readonly s3: S3Settings;
}

beforeAll(async () => {
  [postgres, engine] = await Promise.all([
    startPostgres({ dir: join(folder.path, 'postgres') }),
    startEngine('seaweedfs'),
  ]);
}, 180_000);
afterAll(async () => {
  await running?.antin.close();
  await engine?.stop();
  await postgres?.stop();
  folder.remove();
});

const newPlace = async (over: Partial<S3Settings> = {}): Promise<Place> => ({
  databaseUrl: await postgres.createDatabase(),
  s3: newSettings(engine, over),
});

const settingsOf = ({ databaseUrl, s3 }: Place): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  S3_ENDPOINT: s3.endpoint,
  S3_REGION: s3.region,
  S3_ACCESS_KEY: s3.accessKey,
  S3_SECRET_KEY: s3.secretKey,
  S3_ARCHIVE_BUCKET: s3.archiveBucket,
  S3_WORK_BUCKET: s3.workBucket,
});

const open = (data: string, also: Partial<Parameters<typeof compose>[0]>): Promise<RunningAntin> =>
  openAntin(join(folder.path, data), { also });

/** One archived, one half signed, one fresh document. */
async function work(on: RunningAntin): Promise<Map<string, Shown>> {
  const archived = await walkToArchive(on, dischargeCertificate(on));
  const half = await receive(on, dischargeCertificate(on));
  await signAll(on, on.hospital.practitioner, [half.id]);
  const fresh = await receive(on, dischargeCertificate(on));
  return new Map(await Promise.all([archived, half, fresh].map(async ({ id }) => [id, await look(on, id)] as const)));
}

/** Another store names a version in its own way. */
function withoutVersion({ archive, ...shown }: Shown): unknown {
  return archive === null ? shown : { ...shown, archive: { ...archive, versionId: undefined } };
}

/** As before, and it can be worked with. */
async function expectWhole(on: RunningAntin, before: ReadonlyMap<string, Shown>): Promise<void> {
  for (const [id, shown] of before) {
    expect(withoutVersion(await look(on, id))).toEqual(withoutVersion(shown));
    expect(sha256Hex(await fetchPdf(on, id))).toBe(shown.sha256);
  }
  expect(await on.antin.archive.fsck()).toMatchObject({ verdict: 'sound', findings: [] });
  const { practitioner, representative } = on.hospital;
  const [, half, fresh] = [...before.keys()];
  await signAll(on, practitioner, [fresh ?? '']);
  for (const line of await signAll(on, representative, [half ?? '', fresh ?? '']))
    expect(line).toMatchObject({ signed: true });
  await settle(on);
  await expectArchivedOnce(on, [...before.keys()]);
}

let before: ReadonlyMap<string, Shown>;
let old: Place;

test('archived bytes stay in their locked bucket: the backup lists them, and the restored database finds every version', async () => {
  old = await newPlace();
  await answer(['migrate'], { ...settingsOf(old), DATA_DIR: join(folder.path, 'old') });
  running = await open('old', old);
  before = await work(running);
  const made = await answer(['backup', '--to', backups, '--data', join(folder.path, 'old')], settingsOf(old));
  expect(made).toMatchObject({ archive: { store: 's3', objects: 1, copied: false }, work: { objects: 2 }, alarms: [] });
  await running.antin.close();
  running = undefined;

  // The database and the work bucket are gone; the archive bucket is what it was.
  const { s3, databaseUrl } = await newPlace({ archiveBucket: old.s3.archiveBucket });
  const data = join(folder.path, 'new');
  const restored = await answer(['restore', '--from', backups, '--data', data], settingsOf({ s3, databaseUrl }));
  expect(restored.archive).toEqual({ found: 1, put: 0, missing: [] });
  const whole = await open('new', { s3, databaseUrl });
  await expectWhole(whole, before);
  await whole.antin.close();
}, 180_000);

test('without the bucket a list is not enough, and it is said which objects are missing', async () => {
  const place = await newPlace();
  const refused = await problem(
    ['restore', '--from', backups, '--data', join(folder.path, 'lacking')],
    settingsOf(place),
  );
  expect(refused).toMatchObject({ exit: 3, code: 'RESTORE_OBJECTS_MISSING', missing: 1 });
}, 60_000);

test('a backup with the archived bytes comes back into new buckets: locked anew, registered under their new versions', async () => {
  const withArchive = join(folder.path, 'with-archive');
  const made = await answer(
    ['backup', '--to', withArchive, '--data', join(folder.path, 'old'), '--with-archive'],
    settingsOf(old),
  );
  expect(made).toMatchObject({ archive: { copied: true } });
  const place = await newPlace();
  const data = join(folder.path, 'rebuilt');
  const restored = await answer(['restore', '--from', withArchive, '--data', data], settingsOf(place));
  expect(restored.archive).toEqual({ found: 0, put: 1, missing: [] });
  const whole = await open('rebuilt', place);
  await expectWhole(whole, before);
  await whole.antin.close();
}, 180_000);

test('an embedded system moves to the server and to S3, and goes on there', async () => {
  const small = await open('small', { s3: undefined, databaseUrl: undefined });
  const had = await work(small);
  await small.antin.close();
  const place = await newPlace();
  const { DATABASE_URL: to = '', ...stores } = settingsOf(place);
  const data = join(folder.path, 'small');
  const moved = await answer(['move', '--to', to, '--to-s3', '--data', data], stores);
  expect(moved).toMatchObject({ work: 2, archive: 1, s3: true });
  expect(JSON.stringify(moved)).not.toContain(new URL(to).password);
  expect(await problem(['fsck', '--data', data])).toMatchObject({ code: 'DATABASE_MOVED' });
  const whole = await open('small', place);
  await expectWhole(whole, had);
  await whole.antin.close();
}, 180_000);
