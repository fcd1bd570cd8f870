/**
 * A hospital that stayed away for many versions: the backup was made by the version of schema 0004, with documents in every state. Today's
 * version restores it, takes the steps that came since, and goes on with the work where it stood.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogProofs, loadLogKey } from '../../src/platform/audit/index.ts';
import { MIGRATIONS } from '../../src/platform/db/index.ts';
import { settableClock, sha256Hex } from '../../src/shared/index.ts';
import { openAntin, type RunningAntin, settle } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';
import { expectArchivedOnce, fetchPdf, look, signAll } from '../support/journey.ts';
import { answer, unpack } from './support.ts';

interface Kept {
  readonly id: string;
  readonly state: string;
  readonly sha256: string;
}
const fixture = join(import.meta.dirname, '../fixtures/schema-0004');
const kept = JSON.parse(readFileSync(join(fixture, 'documents.json'), 'utf8')) as {
  clock: string;
  documents: Readonly<Record<string, Kept>>;
};
const document = (name: string): Kept => kept.documents[name] ?? expect.fail(`no document ${name}`);
const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
const clock = settableClock(new Date(kept.clock));
let running: RunningAntin;

beforeAll(async () => {
  const backup = join(folder.path, 'backup');
  unpack(join(fixture, 'backup.br'), backup);
  const since = MIGRATIONS.map(({ name }) => name).filter((name) => name > '0004-refuse-unless');
  expect(await answer(['restore', '--from', backup, '--data', dataDir])).toMatchObject({
    work: { objects: 24 },
    archive: { found: 0, put: 2, missing: [] },
    migrated: since,
  });
  running = await openAntin(dataDir, { clock, jobs: false });
}, 120_000);
afterAll(async () => {
  await running?.antin.close();
  folder.remove();
});

test('every document is there in its state, byte for byte, and all states are among them', async () => {
  for (const { id, state, sha256 } of Object.values(kept.documents)) {
    expect(await look(running, id)).toMatchObject({ id, state, sha256 });
    expect(sha256Hex(await fetchPdf(running, id))).toBe(sha256);
  }
  expect(new Set(Object.values(kept.documents).map(({ state }) => state))).toEqual(
    new Set([
      'rendered',
      'in-signing',
      'signed',
      'sealed',
      'extended',
      'archived',
      'superseded',
      'returned',
      'withdrawn',
    ]),
  );
  expect(await running.antin.archive.fsck()).toMatchObject({ verdict: 'sound', registered: 2, ok: 2, findings: [] });
});

test('rows that are evidence are as protected as before', async () => {
  const { db } = running.antin.database;
  await expect(db.deleteFrom('audit_entry').execute()).rejects.toThrow('never changed or removed');
  await expect(db.updateTable('retention_step').set({ n: 7 }).execute()).rejects.toThrow('never changed or removed');
  const shorter = db.updateTable('archive_object').set({ retain_until: new Date('2027-01-01T00:00:00Z') });
  await expect(shorter.execute()).rejects.toThrow('only grows');
});

test('the work goes on: people sign, stopped work is started again, all of it is archived once', async () => {
  const { antin, hospital } = running;
  const { practitioner, representative } = hospital;
  const [stopped] = await antin.outbox.stopped(hospital.facility);
  expect(stopped).toMatchObject({ subject: document('stopped').id, causeCode: 'SEAL_NOT_ENROLLED' });
  const work = `/v1/operations/stopped/${stopped?.id}/restart`;
  expect((await running.request('POST', work, { key: hospital.keys.admin })).status).toBeLessThan(300);
  await antin.runner.start();
  clock.advance(60_000);
  const unsigned = [document('rendered').id, document('late').id];
  expect((await signAll(running, practitioner, unsigned)).filter((line) => !line.signed)).toEqual([]);
  const half = [document('inSigning').id, document('owed').id, ...unsigned];
  expect((await signAll(running, representative, half)).filter((line) => !line.signed)).toEqual([]);
  for (let minute = 0; minute < 10; minute += 1) {
    clock.advance(60_000);
    await settle(running);
  }
  const finished = ['archived', 'extended', 'sealed', 'stopped', 'signed', 'owed', 'inSigning', 'rendered', 'late'];
  await expectArchivedOnce(
    running,
    finished.map((name) => document(name).id),
  );
  for (const name of ['returned', 'withdrawn', 'superseded']) {
    expect(await look(running, document(name).id)).toMatchObject({ state: document(name).state });
  }
}, 60_000);

test('the audit log is one log: old entries, the restore, and what came after it', async () => {
  const { antin, hospital } = running;
  await antin.sequencer.sequence();
  const { publicKey } = await loadLogKey(join(dataDir, 'keys'));
  const proofs = createLogProofs({ db: antin.database.db, publicKey });
  expect(await proofs.verifyLog(hospital.facility)).toMatchObject({ intact: true, pending: 0, findings: [] });
  const restored = await antin.database.db
    .selectFrom('audit_entry')
    .select(['action', 'details'])
    .where('action', '=', 'backup.restored')
    .execute();
  expect(restored).toMatchObject([{ details: { put: 2, missing: 0 } }]);
});
