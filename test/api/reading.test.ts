/** Who was shown what a document says: each reading is in the log before anything is shown. */
import { expect, test } from 'vitest';
import { useAntin } from '../support/antin.ts';
import { received } from './certificates.ts';

const running = useAntin({ jobs: false });

const readings = async (id: string) => {
  const { antin, hospital } = running();
  const entries = await antin.database.db
    .selectFrom('audit_entry')
    .select(['actor_kind', 'actor_id', 'details'])
    .where('facility_id', '=', hospital.facility)
    .where('action', '=', 'document.read')
    .where('object_id', '=', id)
    .orderBy('at')
    .orderBy('id')
    .execute();
  return entries.map(({ actor_kind, actor_id, details }) => ({ by: `${actor_kind} ${actor_id}`, ...details }));
};

test('content and PDF are told, each with who; lists, states and refusals are not', async () => {
  const { hospital, request } = running();
  const { id } = await received(running());
  const get = async (path: string, key: string) => (await request('GET', path, { key })).status;
  const { practitioner, keys } = hospital;
  expect(await get(`/v1/documents/${id}`, keys.admin)).toBe(200);
  expect(await get('/v1/documents', keys.admin)).toBe(200);
  expect(await get(`/v1/documents/${id}/content`, `${keys.admin}x`)).toBe(401);
  expect(await readings(id)).toEqual([]);

  expect(await get(`/v1/documents/${id}/content`, practitioner.apiKey)).toBe(200);
  expect(await get(`/v1/documents/${id}/pdf`, keys.admin)).toBe(200);
  expect(await readings(id)).toEqual([
    { by: `person ${practitioner.clinician}`, part: 'content', revision: 1 },
    { by: `api-key ${keys.admin.split('_')[1]}`, part: 'pdf', revision: 1 },
  ]);
});
