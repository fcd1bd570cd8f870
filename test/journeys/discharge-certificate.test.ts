/** Start reading here: what the product does, told once. */
import { expect, test } from 'vitest';
import { validate } from '../../src/engines/pades/index.ts';
import { dischargeCertificate, settle, useAntin } from '../support/antin.ts';

const running = useAntin();

test('a discharge certificate: taken in, signed by two people, sealed, made long-lived, locked, fetched, looked up', async () => {
  const { antin, hospital, request } = running();

  // The hospital's system hands in the finalized content. It is rendered to PDF/A at once; nobody has signed yet.
  const intake = {
    key: hospital.keys.intake,
    json: dischargeCertificate(running()),
    headers: { 'idempotency-key': 'his-4711' },
  };
  const received = await request('POST', '/v1/documents', intake);
  expect(received.status).toBe(201);
  const document = await received.json();
  expect(document).toMatchObject({
    state: 'rendered',
    slots: [{ field: 'NguoiHanhNghe' }, { field: 'DaiDienDonVi' }, { field: 'DauDonVi' }],
  });

  // A repeated request is answered, not done again.
  const again = await request('POST', '/v1/documents', intake);
  expect((await again.json()).id).toBe(document.id);

  // The representative must wait for the practitioner. Each signs with their own key under their own PIN.
  const sign = async (person: typeof hospital.practitioner) => {
    const { apiKey: key, credential, pin } = person;
    const json = { credential, pin, documents: [{ id: document.id, renditionSha256: document.renditionSha256 }] };
    return (await (await request('POST', '/v1/sessions', { key, json })).json()).results[0];
  };
  expect(await sign(hospital.representative)).toMatchObject({ signed: false, code: 'NOT_YOUR_TURN' });
  expect(await sign(hospital.practitioner)).toMatchObject({ signed: true, level: 'B-T' });
  expect(await sign(hospital.representative)).toMatchObject({ signed: true, level: 'B-T' });

  // Nobody has to press anything for the rest: seal, validation data, archive time-stamp, write-once storage.
  await settle(running());
  const key = hospital.keys.recordsOfficer;
  const archived = await (await request('GET', `/v1/documents/${document.id}`, { key })).json();
  expect(archived).toMatchObject({ state: 'archived', level: 'B-LTA', timestampsOwed: 0 });
  expect(archived.archive.keptUntil.vi).toBe('31/12/2036'); // discharged in 2026, ordinary record: ten years

  // What is fetched is re-hashed, and proves itself without us.
  const fetched = await request('GET', `/v1/documents/${document.id}/pdf`, { key });
  const pdf = new Uint8Array(await fetched.arrayBuffer());
  const anchors = antin.anchors.signers;
  const report = validate(pdf, { file: 'a.pdf', anchors, timestampAnchors: antin.anchors.tsa, at: new Date() });
  expect(report.verdict).toBe('TOTAL-PASSED');
  expect(report.signatures.map((one) => one.field)).toEqual(
    expect.arrayContaining(['NguoiHanhNghe', 'DaiDienDonVi', 'DauDonVi']),
  );

  // Whoever holds the paper can ask whether it is genuine, and learns nothing about the patient.
  const page = await (await request('GET', `/tra-cuu/${document.lookup.code}`)).text();
  expect(page).toContain('Còn giá trị');
  expect(page).not.toContain('Ví Dụ');

  // The store refuses to let go before the law does.
  await expect(antin.archive.fsck()).resolves.toMatchObject({ verdict: 'sound', registered: 1, ok: 1 });
});
