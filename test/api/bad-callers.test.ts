/** Who may not, and what is not theirs: keys, roles, ids, the hospital next door. */
import { expect, test } from 'vitest';
import { newId, settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, type RunningAntin, useAntin } from '../support/antin.ts';
import { admin, clinician, received } from './certificates.ts';
import { type BadInput, post, refusalOf, refuses, type Sent } from './support.ts';

const clock = settableClock(new Date('2026-06-01T02:00:00Z'));
const running = useAntin({ clock, jobs: false });

const ID = newId(new Date('2026-06-01T00:00:00Z'));

/** A hospital next door with keys of its own. */
async function neighbour({ antin }: RunningAntin): Promise<string> {
  const code = '00002';
  const facility =
    (await antin.parties.findFacilityByCode(code)) ??
    (await antin.parties.registerFacility(
      { name: 'Bệnh viện Đa khoa Bên Cạnh', code, parentAuthority: 'Sở Y tế tỉnh Minh Hoạ', place: 'Minh Hoạ' },
      { kind: 'system', id: 'test' },
    ));
  const key = await antin.database.transaction((tx) =>
    antin.access.createApiKey(tx, {
      facilityId: facility.id,
      name: 'next door',
      roles: ['admin', 'auditor', 'records-officer'],
    }),
  );
  return key.token;
}

/** Sent without the intake key that other cases carry. */
const withoutKey = (authorization?: string): BadInput['send'] => {
  return (antin): Sent => ({
    json: dischargeCertificate(antin),
    key: null,
    headers: authorization === undefined ? {} : { authorization },
  });
};

refuses(running, 'who is calling', [
  { name: 'nobody', send: withoutKey(), status: 401, code: 'API_KEY_MISSING' },
  { name: 'an empty header', send: withoutKey(' '), status: 401, code: 'API_KEY_MISSING' },
  { name: 'another scheme', send: withoutKey('Basic YTpi'), status: 401, code: 'API_KEY_REFUSED' },
  { name: 'garbage', send: withoutKey('Bearer antin_x_y'), status: 401, code: 'API_KEY_REFUSED' },
  {
    name: 'a key of the right shape that nobody has',
    send: withoutKey(`Bearer antin_${'0'.repeat(16)}_${'A'.repeat(43)}`),
    status: 401,
    code: 'API_KEY_REFUSED',
  },
  {
    name: 'a known key with another secret',
    send: (antin) => ({
      json: dischargeCertificate(antin),
      key: antin.hospital.keys.intake.replace(/.{43}$/, 'A'.repeat(43)),
    }),
    status: 401,
    code: 'API_KEY_REFUSED',
  },
  {
    name: 'a revoked key',
    send: async ({ antin, hospital }) => {
      const key = await antin.database.transaction(async (tx) => {
        const made = await antin.access.createApiKey(tx, {
          facilityId: hospital.facility,
          name: 'old',
          roles: ['intake'],
        });
        await antin.access.revokeApiKey(tx, hospital.facility, made.id);
        return made.token;
      });
      return { json: {}, key };
    },
    status: 401,
    code: 'API_KEY_REFUSED',
  },
  {
    name: 'a clinician who takes in',
    send: (antin) => ({ json: dischargeCertificate(antin), key: antin.hospital.practitioner.apiKey }),
    status: 403,
    code: 'ROLE_REQUIRED',
  },
  {
    name: 'the intake key that signs',
    send: () => ({ path: '/v1/sessions', json: { credential: ID, pin: '1', documents: [{ id: ID }] } }),
    status: 403,
    code: 'ROLE_REQUIRED',
  },
  {
    name: 'the intake key that returns, before its body is looked at',
    send: () => ({ path: `/v1/documents/${ID}/return`, body: '{' }),
    status: 403,
    code: 'ROLE_REQUIRED',
  },
]);

refuses(running, 'ids', [
  ...['x', '0', ID.toUpperCase(), `${ID}0`, '00000000-0000-4000-8000-000000000000', "'; drop table document; --"].map(
    (id) => ({
      name: `a document called ${id}`,
      send: admin('GET', `/v1/documents/${encodeURIComponent(id)}`),
      status: 404,
      code: 'DOCUMENT_UNKNOWN' as const,
    }),
  ),
  { name: 'a document nobody has', send: admin('GET', `/v1/documents/${ID}`), status: 404, code: 'DOCUMENT_UNKNOWN' },
  { name: 'its bytes', send: admin('GET', `/v1/documents/${ID}/pdf`), status: 404, code: 'DOCUMENT_UNKNOWN' },
  {
    name: 'its return',
    send: admin('POST', `/v1/documents/${ID}/return`, { reason: 'Sai tên' }),
    status: 404,
    code: 'DOCUMENT_UNKNOWN',
  },
  { name: 'a record called x', send: admin('GET', '/v1/records/x'), status: 404, code: 'RECORD_UNKNOWN' },
  {
    name: 'a record nobody has',
    send: admin('GET', `/v1/records/${ID}/retention`),
    status: 404,
    code: 'RECORD_UNKNOWN',
  },
  {
    name: 'a clinician nobody has',
    send: admin('GET', `/v1/clinicians/${ID}/credentials`),
    status: 404,
    code: 'PARTY_NOT_FOUND',
  },
  {
    name: 'a turn nobody opened',
    send: clinician('POST', `/v1/turns/${ID}/complete`, { signature: 'AAAA' }),
    status: 404,
    code: 'TURN_UNKNOWN',
  },
  {
    name: 'the end of a turn nobody opened',
    send: clinician('DELETE', '/v1/turns/x'),
    status: 404,
    code: 'TURN_UNKNOWN',
  },
  { name: 'a session nobody held', send: clinician('GET', `/v1/sessions/${ID}`), status: 404, code: 'SESSION_UNKNOWN' },
  {
    name: 'a turn with a credential nobody has',
    send: async (antin) => {
      const { id } = await received(antin);
      return { path: `/v1/documents/${id}/turns`, key: antin.hospital.practitioner.apiKey, json: { credential: ID } };
    },
    status: 404,
    code: 'CREDENTIAL_UNKNOWN',
  },
  {
    name: 'a turn at a slot the form does not have',
    send: async (antin) => {
      const { id } = await received(antin);
      const { apiKey: key, credential } = antin.hospital.practitioner;
      return { path: `/v1/documents/${id}/turns`, key, json: { credential, field: 'Chữ ký\0' } };
    },
    status: 404,
    code: 'SLOT_UNKNOWN',
  },
  {
    name: 'a document that replaces one nobody has',
    send: (antin) => ({ json: { ...dischargeCertificate(antin), supersedes: ID } }),
    status: 422,
    code: 'CONTENT_INVALID',
    mistakes: [['/supersedes', 'DOCUMENT_UNKNOWN']],
  },
]);

refuses(running, 'what belongs to the hospital next door', [
  ...['', '/pdf', '/content'].map((part) => ({
    name: `its document${part}`,
    send: async (antin: RunningAntin) => ({
      method: 'GET',
      path: `/v1/documents/${(await received(antin)).id}${part}`,
      key: await neighbour(antin),
    }),
    status: 404,
    code: 'DOCUMENT_UNKNOWN' as const,
  })),
  {
    name: 'its record',
    send: async (antin) => ({
      method: 'GET',
      path: `/v1/records/${(await received(antin)).recordId}`,
      key: await neighbour(antin),
    }),
    status: 404,
    code: 'RECORD_UNKNOWN',
  },
  {
    name: 'its clinician',
    send: async (antin) => ({
      method: 'GET',
      path: `/v1/clinicians/${antin.hospital.practitioner.clinician}/credentials`,
      key: await neighbour(antin),
    }),
    status: 404,
    code: 'PARTY_NOT_FOUND',
  },
  {
    name: 'a withdrawal of its document',
    send: async (antin) => ({
      path: `/v1/documents/${(await received(antin)).id}/withdraw`,
      json: { reason: 'Không phải của mình' },
      key: await neighbour(antin),
    }),
    status: 404,
    code: 'DOCUMENT_UNKNOWN',
  },
  {
    name: 'a document that replaces its document',
    send: async (antin) => {
      const { id } = await received(antin);
      return { json: { ...dischargeCertificate(antin), supersedes: id }, key: await neighbour(antin) };
    },
    status: 422,
    code: 'CONTENT_INVALID',
    mistakes: [['/supersedes', 'DOCUMENT_UNKNOWN']],
  },
]);

test('the list next door does not show them', async () => {
  await received(running());
  const answer = await post(running(), { method: 'GET', key: await neighbour(running()) });
  expect(await answer.json()).toEqual({ documents: [], next: null });
});

test('a wrong PIN is not a wrong key: the client is not told to sign in anew', async () => {
  const { credential, apiKey: key } = running().hospital.practitioner;
  const json = { credential, pin: 'not the pin', documents: [{ id: ID }] };
  const answer = await post(running(), { path: '/v1/sessions', key, json });
  expect(await refusalOf(answer)).toMatchObject({ code: 'PIN_REJECTED', status: 403, triesLeft: 4 });
  expect(answer.headers.get('www-authenticate')).toBeNull();
});
