/** A job that gave up is seen with its cause, and runs again when somebody says so. */
import { expect, test } from 'vitest';
import { settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, settle, useAntin } from '../support/antin.ts';

const clock = settableClock(new Date('2026-06-01T02:00:00Z'));
const running = useAntin({ clock });

test('time-stamps stay away for hours: the work stops, visibly; restarted, it ends', async () => {
  const { antin, hospital, request } = running();
  const key = hospital.keys.admin;
  const received = await request('POST', '/v1/documents', { key, json: dischargeCertificate(running()) });
  const { id } = await received.json();
  const read = async () => (await request('GET', `/v1/documents/${id}`, { key })).json();
  const stopped = async () => (await (await request('GET', '/v1/operations/stopped', { key })).json()).stopped;

  antin.authority?.setFaults({ tsa: 'down' });
  for (const { apiKey, credential, pin } of [hospital.practitioner, hospital.representative]) {
    await request('POST', '/v1/sessions', { key: apiKey, json: { credential, pin, documents: [{ id }] } });
  }
  await expect.poll(async () => (await read()).work.length).toBeGreaterThan(0);
  for (let quarter = 0; quarter < 16 && !(await stopped()).some(isExtend); quarter += 1) {
    clock.advance(15 * 60_000);
    await antin.runner.drain();
  }
  const gaveUp = (await stopped()).find(isExtend);
  expect(gaveUp).toMatchObject({ document: id, cause: 'LEVEL_NOT_REACHED', attempts: 8 });
  expect(await read()).toMatchObject({
    state: 'sealed',
    work: expect.arrayContaining([
      { job: 'extend', state: 'stopped', dueAt: null, attempts: 8, cause: 'LEVEL_NOT_REACHED' },
    ]),
  });

  antin.authority?.setFaults({});
  clock.advance(5 * 60_000);
  for (const { id: work } of await stopped()) {
    expect((await request('POST', `/v1/operations/stopped/${work}/restart`, { key })).status).toBe(204);
  }
  await settle(running());
  expect(await read()).toMatchObject({ state: 'archived', level: 'B-LTA', timestampsOwed: 0, work: [] });
  expect(await stopped()).toEqual([]);
  expect((await request('POST', '/v1/operations/stopped/1/restart', { key })).status).toBe(404);
});

const isExtend = (one: { job: string }): boolean => one.job === 'extend';
