/** What the sweeps of the archive found, over HTTP and at the command line. */
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ARCHIVE_PROBLEM_WORDS } from '../../src/archive/index.ts';
import { addFinding } from '../../src/cli/finding.ts';
import { createFilesystemArchive } from '../../src/platform/storage/index.ts';
import { newId, sha256Hex, systemClock } from '../../src/shared/index.ts';
import { openAntin, type RunningAntin } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';

const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
let running: RunningAntin;
let code: string;
beforeAll(async () => {
  running = await openAntin(dataDir, { jobs: false });
});
afterAll(() => folder.remove());

/** @returns key, version, and what a sweep has made of it. */
async function stray(text: string) {
  const { antin, hospital } = running;
  const store = await createFilesystemArchive({ directory: join(dataDir, 'archive'), clock: systemClock });
  const bytes = Buffer.from(text);
  const key = `v1/${hospital.facility}/${newId(new Date())}/1-${sha256Hex(bytes)}.pdf`;
  const { versionId } = await store.put(key, bytes, { retainUntil: new Date(0), contentType: 'application/pdf' });
  await antin.archive.sweep({ compareHours: 0, graceMinutes: 0 });
  return { key, versionId };
}

async function antin(...words: string[]) {
  const said: string[] = [];
  const say = vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
  vi.stubEnv('MODE', 'demo');
  try {
    const program = new Command('antin').exitOverride();
    addFinding(program);
    await program.parseAsync([...words, '--facility', code, '--data', dataDir, '--json'], { from: 'user' });
  } finally {
    say.mockRestore();
    vi.unstubAllEnvs();
  }
  return JSON.parse(said.at(-1) ?? '{}');
}

test('a version that nobody registered is listed, decided about by the records officer, and no reason for concern then', async () => {
  const { antin, hospital, request } = running;
  const { key, versionId } = await stray('%PDF-1.7 left by a crash');
  const { recordsOfficer, admin, intake } = hospital.keys;
  const list = async () =>
    (await (await request('GET', '/v1/operations/findings', { key: recordsOfficer })).json()).findings;
  const [finding] = await list();
  expect(finding).toMatchObject({
    problem: 'unknown',
    ...ARCHIVE_PROBLEM_WORDS.unknown,
    objectKey: key,
    objectVersion: versionId,
    decision: null,
    decidedAt: null,
  });
  const decide = (by: string, json: object) =>
    request('POST', `/v1/operations/findings/${finding.id}/decision`, { key: by, json });
  const json = { decision: 'let-go', reason: 'Rác của lần thử kho' };
  for (const key of [admin, intake]) expect((await decide(key, json)).status).toBe(403);
  for (const wrong of [{ decision: 'let-go' }, { decision: 'remove', reason: 'Bỏ đi' }, { ...json, reason: ' ' }]) {
    expect((await decide(recordsOfficer, wrong)).status).toBe(422);
  }
  const answer = await decide(recordsOfficer, json);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ id: finding.id, decision: 'let-go' });
  expect(await list()).toMatchObject([{ id: finding.id, decision: 'let-go' }]);
  expect(await antin.archive.openFindings()).toEqual([]);
});

test('the same at the command line, when the system is closed; the log says who decided', async () => {
  const { key, versionId } = await stray('%PDF-1.7 put there by hand');
  code = (await running.antin.parties.findFacility(running.hospital.facility)).code;
  await running.antin.close();
  const found = (await antin('finding', 'list')).findings.find((one: { key: string }) => one.key === key);
  expect(found).toMatchObject({ problem: 'unknown', versionId });
  const why = ['--decision', 'keep', '--reason', 'Chờ điều tra', '--by', 'Nguyễn Văn Mẫu, trưởng phòng KHTH'];
  expect(await antin('finding', 'decide', found.id, ...why)).toEqual({ findingId: found.id, decision: 'keep' });
  await expect(antin('finding', 'decide', newId(new Date()), ...why)).rejects.toMatchObject({
    code: 'FINDING_UNKNOWN',
  });

  running = await openAntin(dataDir, { jobs: false });
  const { db } = running.antin.database;
  const entry = await db
    .selectFrom('audit_entry')
    .selectAll()
    .where('action', '=', 'object.decided')
    .orderBy('at', 'desc')
    .executeTakeFirstOrThrow();
  expect(entry).toMatchObject({
    actor_kind: 'system',
    reason: 'Chờ điều tra',
    details: { decision: 'keep', objectKey: key, decidedBy: 'Nguyễn Văn Mẫu, trưởng phòng KHTH' },
  });
  await running.antin.close();
});
