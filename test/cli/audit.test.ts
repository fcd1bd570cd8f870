/** What a records officer or an inspector asks the log, beside the running system. */
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServer, withTransaction } from '../../src/platform/db/index.ts';
import { answer, antin, problem } from '../backup/support.ts';
import { dischargeCertificate, openAntin, type RunningAntin } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';
import { type Shown, walkToArchive } from '../support/journey.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
let running: RunningAntin;
let document: Shown;

beforeAll(async () => {
  running = await openAntin(data);
  document = await walkToArchive(running, dischargeCertificate(running));
  await running.antin.sequencer.sequence();
}, 120_000);
afterAll(async () => {
  await running.antin.close();
  folder.remove();
});

const list = async (...filter: string[]) => {
  const { code, out, err } = await antin(['audit', 'list', '--data', data, '--json', ...filter]);
  expect(code, err).toBe(0);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

test('the log is listed, newest first, also only what was done to one document', async () => {
  const about = await list('--object', document.id);
  expect(about.map(({ action }) => action)).toEqual(expect.arrayContaining(['document.received', 'object.archived']));
  // By the time of the act; the index follows the order of the commits, which may differ by a moment.
  const times = about.map(({ at }) => Date.parse(at));
  expect(times).not.toContain(Number.NaN);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  expect(await list('--action', 'document.received', '--limit', '1')).toMatchObject([
    { object: { kind: 'document', id: document.id }, facility: running.hospital.facility, reason: null },
  ]);
  const told = await antin(['audit', 'list', '--data', data, '--action', 'object.archived']);
  expect(told.out).toContain(`object.archived  document ${document.id}`);
  expect(await problem(['audit', 'list', '--data', data, '--since', 'yesterday'])).toMatchObject({ exit: 2 });
}, 120_000);

test('the whole log is verified; an entry that somebody changed in the database is named', async () => {
  const sound = await answer(['audit', 'verify', '--data', data]);
  expect(sound).toMatchObject({
    intact: true,
    logs: [{ facility: running.hospital.facility, pending: 0, findings: [] }],
  });
  expect(sound.logs[0].size).toBeGreaterThan(5);

  const url = (await joinServer(join(data, 'db'))) ?? expect.fail('the system runs');
  await withTransaction(url, async (tx) => {
    await sql`ALTER TABLE audit_entry DISABLE TRIGGER ALL`.execute(tx);
    await tx
      .updateTable('audit_entry')
      .set({ actor_id: 'somebody else' })
      .where('action', '=', 'object.archived')
      .execute();
    await sql`ALTER TABLE audit_entry ENABLE TRIGGER ALL`.execute(tx);
  });
  const { code, out } = await antin(['audit', 'verify', '--data', data, '--json']);
  expect(code).toBe(3);
  const [log] = JSON.parse(out).logs;
  expect(log.intact).toBe(false);
  expect(log.findings[0].vi).toMatch(/^mục [0-9a-f-]{36} \(số thứ tự \d+\) đã bị sửa$/);
  const told = await antin(['audit', 'verify', '--data', data]);
  expect(told.out).toMatch(/^ {4}mục .+ đã bị sửa \(entry [0-9a-f-]{36} \(index \d+\) was changed\)$/m);
}, 120_000);

test('the archive is examined beside the running system too', async () => {
  expect(await answer(['fsck', '--data', data])).toMatchObject({ verdict: 'sound', registered: 1, ok: 1 });
  expect(await running.antin.archive.fsck()).toMatchObject({ verdict: 'sound' });
}, 120_000);

test('a folder without a database is told so, and stays as it is', async () => {
  const nothing = join(folder.path, 'nothing');
  expect(await problem(['audit', 'verify', '--data', nothing])).toMatchObject({
    exit: 4,
    code: 'DATABASE_START_FAILED',
  });
});
