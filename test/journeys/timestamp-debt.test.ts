/** No time-stamp authority answers while the doctor signs: the signature stands, the debt is shown, and paid when one answers again. */
import { expect, test } from 'vitest';
import { validate } from '../../src/engines/pades/index.ts';
import { settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, STORY_BEGINS, settle, useAntin } from '../support/antin.ts';

const clock = settableClock(STORY_BEGINS);
const running = useAntin({ clock });

test('doctor signs without time-stamp, head signs with one, the debt is paid by a document time-stamp', async () => {
  const { antin, hospital, request } = running();
  const key = hospital.keys.admin;
  const read = async (id: string) => (await request('GET', `/v1/documents/${id}`, { key })).json();
  const bytes = async (id: string) =>
    new Uint8Array(await (await request('GET', `/v1/documents/${id}/pdf`, { key })).arrayBuffer());
  const sign = async (id: string, person: typeof hospital.practitioner) => {
    const json = { credential: person.credential, pin: person.pin, documents: [{ id }] };
    return (await (await request('POST', '/v1/sessions', { key: person.apiKey, json })).json()).results[0];
  };
  const received = await request('POST', '/v1/documents', {
    key: hospital.keys.intake,
    json: dischargeCertificate(running()),
  });
  const { id } = await received.json();

  antin.authority?.setFaults({ tsa: 'down' });
  expect(await sign(id, hospital.practitioner)).toMatchObject({ signed: true, level: 'B-B', timestampOwed: true });
  expect(await read(id)).toMatchObject({ state: 'in-signing', timestampsOwed: 1 });
  const afterDoctor = await bytes(id);

  // The head signs while the authority is still away; then it is back.
  expect(await sign(id, hospital.representative)).toMatchObject({ signed: true, level: 'B-B', timestampOwed: true });
  // The seal follows by itself, and owes its own.
  await expect.poll(() => read(id), { timeout: 20_000 }).toMatchObject({ state: 'sealed', timestampsOwed: 3 });
  antin.authority?.setFaults({});
  // Waiting jobs fall due as time passes.
  for (let minute = 0; minute < 30; minute += 1) {
    clock.advance(60_000);
    await antin.runner.drain();
    if ((await read(id)).state === 'archived') break;
  }
  await settle(running());
  expect(await read(id)).toMatchObject({ state: 'archived', level: 'B-LTA', timestampsOwed: 0 });

  const final = await bytes(id);
  expect(Buffer.compare(final.subarray(0, afterDoctor.length), afterDoctor)).toBe(0);
  const { signers, tsa } = antin.anchors;
  const report = validate(final, { file: 'a.pdf', anchors: signers, timestampAnchors: tsa, at: clock.now() });
  expect(report.verdict).toBe('TOTAL-PASSED');
  const doctor = report.signatures.find((one) => one.field === 'NguoiHanhNghe');
  expect(doctor?.timestamps.filter((one) => one.kind === 'signature-timestamp')).toEqual([]);
  expect(doctor?.level).toBe('B-LTA');
});
