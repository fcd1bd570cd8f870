/** Many documents under one PIN, when something goes wrong in the middle: what was signed is always told. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { cell } from '../support/cell.ts';
import { look, receive, signAll } from '../support/journey.ts';

const running = useAntin({ jobs: false });

async function receiveSome(count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push((await receive(running(), dischargeCertificate(running()))).id);
  return ids;
}

const workFolder = (id: string): string => {
  const { dataDir, hospital } = running();
  return join(dataDir, 'work', 'objects', hospital.facility, id);
};

// A folder can be broken from outside; a bucket cannot.
test.runIf(cell.store === 'filesystem')(
  'a failure of our own ends the session; the answer tells what was signed and what was not touched',
  async () => {
    const { hospital } = running();
    const ids = await receiveSome(4);
    const [, broken = ''] = ids;
    // Where the second document's bytes go nothing can be written any more.
    await rm(workFolder(broken), { recursive: true });
    await writeFile(workFolder(broken), '');

    const results = await signAll(running(), hospital.practitioner, ids);
    expect(results.map(({ signed, code }) => code ?? signed)).toEqual([
      true,
      'INTERNAL',
      'SESSION_BROKEN_OFF',
      'SESSION_BROKEN_OFF',
    ]);
    const states = await Promise.all(ids.map(async (id) => (await look(running(), id)).state));
    expect(states).toEqual(['in-signing', 'rendered', 'rendered', 'rendered']);

    // What was not touched is free for the next session.
    const again = await signAll(running(), hospital.practitioner, ids.slice(2));
    expect(again.map(({ signed }) => signed)).toEqual([true, true]);
  },
);

test('a session can be looked up with the lines of its answer', async () => {
  const { request, hospital } = running();
  const ids = await receiveSome(2);
  await signAll(running(), hospital.practitioner, ids.slice(1));
  const { apiKey: key, credential, pin } = hospital.practitioner;
  const json = { credential, pin, documents: ids.map((id) => ({ id })) };
  const session = await (await request('POST', '/v1/sessions', { key, json })).json();
  expect(session.results).toMatchObject([{ signed: true }, { signed: false, code: 'SIGNER_ROLE_REQUIRED' }]);
  expect(await (await request('GET', `/v1/sessions/${session.id}`, { key })).json()).toEqual(session);
});

test('the same document twice in one session is signed once', async () => {
  const [id = ''] = await receiveSome(1);
  const results = await signAll(running(), running().hospital.practitioner, [id, id]);
  expect(results.map(({ signed }) => signed)).toEqual([true, false]);
  expect((await look(running(), id)).revisions).toHaveLength(2);
});
