/** What nobody asks for is done all the same: locks are rolled on before they run out, and copies that are not needed go. */
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { newId, settableClock, sha256Hex, silentLog } from '../../src/shared/index.ts';
import { createSweeper } from '../../workers/sweeper.ts';
import { dischargeCertificate, settle, useAntin } from '../support/antin.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const clock = settableClock(new Date('2026-06-01T02:00:00Z'));
const running = useAntin({ clock });

async function archived(change: Record<string, unknown>) {
  const { antin, hospital, request } = running();
  const answer = await request('POST', '/v1/documents', {
    key: hospital.keys.intake,
    json: dischargeCertificate(running(), change),
  });
  const { id } = await answer.json();
  for (const { apiKey: key, credential, pin } of [hospital.practitioner, hospital.representative]) {
    await request('POST', '/v1/sessions', { key, json: { credential, pin, documents: [{ id }] } });
  }
  await settle(running());
  const place = { facilityId: hospital.facility, documentId: id };
  const found = async () => {
    const object = (await antin.archive.findArchived(place))?.object;
    if (object === undefined) throw new Error('not archived');
    return object;
  };
  return { id, found };
}

test('a permanent record is locked for thirty years ahead, year after year', async () => {
  const { antin } = running();
  const incident = await archived({ causes: ['medical-incident'] });
  const before = await incident.found();
  expect(before).toMatchObject({ hold: true, held: true });
  const thirtyYears = 30 * 365 * DAY_MS;
  expect(before.lockedUntil.getTime() - clock.now().getTime()).toBeGreaterThan(thirtyYears);

  clock.advance(3 * 366 * DAY_MS);
  await antin.sweeper.sweep();
  const after = await incident.found();
  expect(after.lockedUntil.getTime()).toBeGreaterThan(before.lockedUntil.getTime());
  expect(after.lockedUntil.getTime() - clock.now().getTime()).toBeGreaterThan(thirtyYears);
});

test('work copies go when the archive has the document; the document is still read', async () => {
  const { antin, hospital, request } = running();
  clock.set(new Date('2026-06-01T02:00:00Z'));
  const { id } = await archived({});
  const document = await antin.records.find(undefined, id);
  // The job commits first and tidies up after.
  await expect.poll(() => antin.records.bytes(document).catch((error) => error.code)).toBe('OBJECT_NOT_FOUND');
  const answer = await request('GET', `/v1/documents/${id}/pdf`, { key: hospital.keys.recordsOfficer });
  expect(answer.status).toBe(200);
  expect((await answer.bytes()).length).toBe(document.revisions.at(-1)?.size);
});

test('an object that disappears from the archive is an alarm after the next round, until it is back', async () => {
  const { antin } = running();
  clock.set(new Date('2026-06-03T02:00:00Z'));
  const { key } = await (await archived({})).found();
  const path = join(antin.options.dataDir, 'archive/objects', key);
  const round = async () => {
    clock.advance(DAY_MS);
    await antin.sweeper.sweep();
    return antin.archive.openFindings();
  };
  expect(await round()).toEqual([]);
  await rename(path, `${path}.aside`);
  // What lies where it was put is told as well, after its hour.
  expect(await round()).toContainEqual({ kind: 'missing', count: 1 });
  await rename(`${path}.aside`, path);
  expect(await round()).toEqual([]);
});

test('bytes that no document will ask for leave the work store after a day; those of an unknown document after thirty', async () => {
  const { antin, hospital, request, dataDir } = running();
  // The files carry the time of the machine.
  clock.set(new Date());
  const answer = await request('POST', '/v1/documents', {
    key: hospital.keys.intake,
    json: dischargeCertificate(running()),
  });
  const { id } = await answer.json();
  const document = await antin.records.find(undefined, id);
  const folder = join(dataDir, 'work', 'objects', hospital.facility, id);
  const unknown = join(dataDir, 'work', 'objects', hospital.facility, newId(clock.now()));
  await mkdir(unknown);
  const name = (n: number, bytes: string): string => `${n}-${sha256Hex(bytes)}.pdf`;
  const lost = name(1, 'the loser of a race');
  const coming = name(2, 'perhaps of a job that is still at it');
  for (const place of [
    join(folder, lost),
    join(folder, coming),
    join(unknown, name(1, 'x')),
    join(folder, 'notes.txt'),
  ]) {
    await writeFile(place, 'staged');
  }
  const own = `1-${document.renditionSha256}.pdf`;
  const sweep = async (days: number) => {
    clock.set(new Date(Date.now() + days * DAY_MS));
    await antin.sweeper.sweep();
    return { here: (await readdir(folder)).sort(), unknown: await readdir(unknown) };
  };
  expect((await sweep(0.9)).here).toEqual([own, lost, coming, 'notes.txt'].sort());
  const later = await sweep(1.1);
  expect(later.here).toEqual([own, coming, 'notes.txt'].sort());
  expect(later.unknown).toHaveLength(1);
  expect((await sweep(30.1)).unknown).toEqual([]);
  expect((await antin.records.bytes(document)).length).toBe(document.revisions[0]?.size);
});

test('a round that outlasts its hour is not begun twice, and is waited for at the end', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { antin } = running();
  const round = Promise.withResolvers<void>();
  let begun = 0;
  const exclusively = (): Promise<void> => {
    begun += 1;
    return round.promise;
  };
  const sweeper = createSweeper({ ...antin, exclusively, clockProblem: async () => undefined, log: silentLog });
  try {
    sweeper.start();
    await expect.poll(() => begun).toBe(1);
    vi.advanceTimersByTime(3 * 60 * 60 * 1000);
    let closed = false;
    const closing = sweeper.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect({ begun, closed }).toEqual({ begun: 1, closed: false });
    round.resolve();
    await closing;
  } finally {
    vi.useRealTimers();
  }
});
