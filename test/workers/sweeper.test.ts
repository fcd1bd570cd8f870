/** What nobody asks for is done all the same: locks are rolled on before they run out, and copies that are not needed go. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settableClock } from '../../src/shared/index.ts';
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
