/** What an administrator does about people: they come, change, stand in for somebody, and leave; and who may come in is in the log. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answer, problem } from '../backup/support.ts';
import { dischargeCertificate, openAntin, type RunningAntin } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';

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

const inHospital = ['--facility', '00001', '--data', data];
const type = (...args: string[]) => answer([...args, ...inHospital]);
const knock = (key: string) => running.request('GET', '/v1/documents', { key }).then(({ status }) => status);

test('somebody comes, renews the licence, moves, leaves: then their keys open nothing', async () => {
  const who = ['--staff-code', 'BS7', '--name', 'BS. Lê Thị Thí Dụ', '--title', 'Bác sĩ', '--department', 'Khoa Nội'];
  const licence = ['--licence', '7/TD-CCHN', '--licence-from', '2020-01-01', '--licence-to', '2026-12-31'];
  const { clinician } = await type('clinician', 'add', ...who, '--role', 'practitioner', ...licence);
  const { token, id } = await type('key', 'add', '--name', 'BS7', '--role', 'clinician', '--clinician', 'BS7');
  expect(await knock(token)).toBe(200);

  const renewed = await type('clinician', 'change', 'BS7', '--licence-to', '2031-12-31', '--department', 'Khoa Ngoại');
  expect(renewed).toMatchObject({ clinician, department: 'Khoa Ngoại', title: 'Bác sĩ', licenceTo: '2031-12-31' });
  expect(await running.antin.parties.findClinician(running.hospital.facility, clinician)).toMatchObject({
    licence: { number: '7/TD-CCHN', validFrom: '2020-01-01', validTo: '2031-12-31' },
    active: true,
  });

  expect(await type('clinician', 'change', 'BS7', '--active', 'no')).toMatchObject({ active: false });
  expect(await knock(token)).toBe(401);
  const { clinicians } = await type('clinician', 'list');
  expect(clinicians).toContainEqual(expect.objectContaining({ staffCode: 'BS7', active: false }));
  await type('clinician', 'change', 'BS7', '--active', 'yes');
  expect(await knock(token)).toBe(200);
  await type('key', 'revoke', id);
  expect(await knock(token)).toBe(401);

  const told = await running.antin.database.db
    .selectFrom('audit_entry')
    .select(['action', 'actor_id'])
    .where('object_id', 'in', [clinician, id])
    .orderBy('at')
    .execute();
  expect(told.map(({ action }) => action)).toEqual([
    'clinician.registered',
    'api-key.created',
    'clinician.updated',
    'clinician.updated',
    'clinician.updated',
    'api-key.revoked',
  ]);
  expect(told.every(({ actor_id }) => actor_id === 'command-line')).toBe(true);
}, 120_000);

test('a deputy signs by a written order, from the day that it begins', async () => {
  const { request, hospital } = running;
  const received = await (
    await request('POST', '/v1/documents', { key: hospital.keys.intake, json: dischargeCertificate(running) })
  ).json();
  const sign = async ({ apiKey: key, credential, pin }: typeof hospital.practitioner) => {
    const json = { credential, pin, documents: [{ id: received.id }] };
    return (await (await request('POST', '/v1/sessions', { key, json })).json()).results[0];
  };
  expect(await sign(hospital.practitioner)).toMatchObject({ signed: true });
  expect(await sign(hospital.practitioner)).toMatchObject({ code: 'SIGNER_ROLE_REQUIRED' });
  const order = ['--role', 'unit-representative', '--order', '12/QĐ-MH'];
  const backwards = ['--from', '2036-01-01', '--to', '2020-01-01'];
  expect(await problem(['clinician', 'delegate', 'BS001', ...order, ...backwards, ...inHospital])).toMatchObject({
    code: 'PARTY_INVALID',
  });
  await type('clinician', 'delegate', 'BS001', ...order, '--from', '2020-01-01', '--to', '2036-01-01');
  expect(await sign(hospital.practitioner)).toMatchObject({ signed: true });
}, 120_000);
