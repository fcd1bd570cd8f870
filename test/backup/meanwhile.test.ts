/** What goes on between the moment of the snapshot and the copying of files. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sourcesOf } from '../../src/cli/backup.ts';
import { installation } from '../../src/cli/installation.ts';
import { loadConfig } from '../../src/config.ts';
import { writeBackup } from '../../src/platform/backup/index.ts';
import { joinServer } from '../../src/platform/db/index.ts';
import { openStores } from '../../src/platform/storage/index.ts';
import { sha256Hex } from '../../src/shared/index.ts';
import { dischargeCertificate, openAntin, type RunningAntin, settle } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';
import { expectArchivedOnce, fetchPdf, look, receive, signAll } from '../support/journey.ts';
import { answer, problem } from './support.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
let running: RunningAntin;

beforeAll(async () => {
  running = await openAntin(data, { jobs: false });
}, 120_000);
afterAll(async () => {
  await running.antin.close();
  folder.remove();
});

test('a document that is archived meanwhile, its work copy gone, is copied as it was at the moment of the snapshot', async () => {
  const { id } = await receive(running, dischargeCertificate(running));
  const { practitioner, representative } = running.hospital;
  for (const person of [practitioner, representative]) await signAll(running, person, [id]);
  const signed = await look(running, id);
  expect(signed.state).toBe('signed');

  const stores = await openStores(running.antin.options);
  const config = loadConfig({ DATA_DIR: data }, {});
  const url = (await joinServer(join(data, 'db'))) ?? expect.fail('the system runs');
  const sources = await sourcesOf(installation(config), stores, url, '');
  let asked = 0;
  const workStore = {
    ...sources.workStore,
    // Jobs are faster than the copy.
    get: async (key: string, sha256: string) => {
      asked += 1;
      await running.antin.runner.start();
      await settle(running);
      await expect.poll(() => look(running, id)).toMatchObject({ state: 'archived' });
      await expect.poll(() => sources.workStore.get(key, sha256).catch(({ code }) => code)).toBe('OBJECT_NOT_FOUND');
      return sources.workStore.get(key, sha256);
    },
  };
  const to = join(folder.path, 'backups');
  const { manifest } = await writeBackup({ ...sources, workStore }, { to });
  expect(asked).toBe(1);
  expect(manifest).toMatchObject({ alarms: [], work: { objects: 1 }, archive: { objects: 0 } });

  const place = join(folder.path, 'restored');
  await answer(['restore', '--from', to, '--data', place]);
  const restored = await openAntin(place, { jobs: false });
  try {
    expect(await look(restored, id)).toEqual(signed);
    expect(sha256Hex(await fetchPdf(restored, id))).toBe(signed.sha256);
    await restored.antin.runner.start();
    await settle(restored);
    await expectArchivedOnce(restored, [id]);
  } finally {
    await restored.antin.close();
  }
}, 180_000);

test('one backup at a time: a second one is told so', async () => {
  const url = (await joinServer(join(data, 'db'))) ?? expect.fail('the system runs');
  const sources = await sourcesOf(
    installation(loadConfig({ DATA_DIR: data }, {})),
    await openStores(running.antin.options),
    url,
    '',
  );
  const to = join(folder.path, 'twice');
  let second: unknown;
  const archiveObjects: typeof sources.archiveObjects = async function* (tx) {
    second = await problem(['backup', '--to', to, '--data', data]);
    yield* sources.archiveObjects(tx);
  };
  await writeBackup({ ...sources, archiveObjects }, { to });
  expect(second).toMatchObject({ exit: 4, code: 'BACKUP_IN_PROGRESS' });
}, 120_000);
