/** A corrected document takes the place of an archived one; the paper that is out there says so when it is asked. */
import { expect, test } from 'vitest';
import { dischargeCertificate, type RunningAntin, settle, useAntin } from '../support/antin.ts';
import { fetchPdf, look, receive, type Shown, signAll, walkToArchive } from '../support/journey.ts';

const running = useAntin();

interface Parcel {
  readonly type: string;
  readonly record: { readonly number: string; readonly causes?: readonly string[] };
  readonly content: Record<string, unknown>;
  readonly supersedes?: string;
}

const pneumonia = [{ code: 'J18.9', name: 'Viêm phổi, tác nhân không xác định' }];
const bronchitis = [{ code: 'J20.9', name: 'Viêm phế quản cấp, không xác định' }];

function certificate(change: Record<string, unknown> = {}): Parcel {
  return dischargeCertificate(running(), { diagnoses: pneumonia, ...change });
}

const correctionOf = (old: Shown, sent: Parcel, change: Record<string, unknown> = {}): Parcel => ({
  ...sent,
  content: { ...sent.content, ...change },
  supersedes: old.id,
});

/** Another form of the same record. */
function summaryOf({ content, record }: Parcel): Parcel {
  const form = running()
    .antin.forms.list()
    .find((one) => one.id === 'tom-tat-ho-so-benh-an');
  const { recordNumber, patient, admittedAt, dischargedAt, diagnoses } = content;
  const same = { recordNumber, patient, admittedAt, dischargedAt, diagnoses };
  return { type: 'tom-tat-ho-so-benh-an', record, content: { ...form?.sample(), ...same } };
}

async function factsOf({ request, hospital }: RunningAntin, { record }: Shown) {
  const answer = await request('GET', `/v1/records/${record.id}`, { key: hospital.keys.admin });
  return (await answer.json()).facts;
}

async function page(document: Shown): Promise<string> {
  return (await running().request('GET', `/tra-cuu/${document.lookup.code}`)).text();
}

async function mistakes(sent: Parcel): Promise<unknown[]> {
  const { request, hospital } = running();
  const answer = await request('POST', '/v1/documents', { key: hospital.keys.intake, json: sent });
  const problem = await answer.json();
  expect({ status: answer.status, code: problem.code }).toEqual({ status: 422, code: 'CONTENT_INVALID' });
  return problem.mistakes.map((one: { path: string; code: string }) => `${one.path} ${one.code}`);
}

async function withdraw({ id }: Shown): Promise<void> {
  const { request, hospital } = running();
  const json = { reason: 'Nhầm người bệnh' };
  expect((await request('POST', `/v1/documents/${id}/withdraw`, { key: hospital.keys.intake, json })).status).toBe(200);
}

test('once the correction is archived, the old one is superseded, still kept, and the record says what the new one says', async () => {
  const { hospital } = running();
  const sent = certificate({ causes: ['traffic-accident'] });
  const old = await walkToArchive(running(), sent);
  expect(await factsOf(running(), old)).toMatchObject({ diagnoses: ['J18.9'], causes: ['traffic-accident'] });

  const correction = await receive(running(), correctionOf(old, sent, { diagnoses: bronchitis, causes: [] }));
  expect(await signAll(running(), hospital.practitioner, [correction.id])).toMatchObject([{ signed: true }]);
  // Until the new paper is worth something, the old one is.
  expect(await look(running(), old.id)).toMatchObject({ state: 'archived' });
  expect(await page(old)).toContain('Còn giá trị');
  expect(await signAll(running(), hospital.representative, [correction.id])).toMatchObject([{ signed: true }]);
  await settle(running());

  const replaced = await look(running(), old.id);
  expect(replaced).toMatchObject({ state: 'superseded', sha256: old.sha256 });
  expect(await page(old)).toContain('Đã được thay thế');
  expect(await page(old)).not.toContain('Còn giá trị');
  expect(await look(running(), correction.id)).toMatchObject({ state: 'archived', supersedes: old.id });
  expect(await page(correction)).toContain('Còn giá trị');
  expect(await factsOf(running(), correction)).toMatchObject({ diagnoses: ['J20.9'], causes: [] });
  // What was promised to the archive never shrinks, and the replaced bytes are still there.
  expect(replaced.archive).toEqual(old.archive);
  expect((await fetchPdf(running(), old.id)).length).toBeGreaterThan(10_000);
});

test('only an archived document of the same form and record can be replaced', async () => {
  const sent = certificate();
  const waiting = await receive(running(), sent);
  expect(await mistakes(correctionOf(waiting, sent))).toEqual(['/supersedes NOT_ARCHIVED']);
  await withdraw(waiting);
  expect(await mistakes(correctionOf(waiting, sent))).toEqual(['/supersedes NOT_ARCHIVED']);

  const old = await walkToArchive(running(), sent);
  expect(await mistakes({ ...certificate(), supersedes: old.id })).toEqual(['/supersedes RECORD_DIFFERS']);
  expect(await mistakes({ ...summaryOf(sent), supersedes: old.id })).toEqual(['/supersedes FORM_DIFFERS']);
  // With every other mistake of the same request.
  const bad = await mistakes(correctionOf(waiting, sent, { department: '' }));
  expect(bad).toEqual(
    expect.arrayContaining(['/supersedes NOT_ARCHIVED', expect.stringMatching(/^\/content\/department /)]),
  );
});

test('one correction at a time: of eight sent at once, one goes on; withdrawn, it makes room and its facts are forgotten', async () => {
  const { request, hospital } = running();
  const sent = certificate();
  const old = await walkToArchive(running(), sent);
  const json = correctionOf(old, sent, { diagnoses: bronchitis });
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => request('POST', '/v1/documents', { key: hospital.keys.intake, json })),
  );
  expect(answers.filter((one) => one.status === 201)).toHaveLength(1);
  expect(answers.filter((one) => one.status === 422)).toHaveLength(7);
  expect(await mistakes(json)).toEqual(['/supersedes ALREADY_REPLACED']);
  expect(await factsOf(running(), old)).toMatchObject({ diagnoses: ['J20.9'] });

  const correction: Shown = await answers.find((one) => one.status === 201)?.json();
  await withdraw(correction);
  expect(await factsOf(running(), old)).toMatchObject({ diagnoses: ['J18.9'] });
  expect(await look(running(), old.id)).toMatchObject({ state: 'archived' });
  expect(await walkToArchive(running(), json)).toMatchObject({ state: 'archived' });
  expect(await mistakes(json)).toEqual(['/supersedes ALREADY_REPLACED']);
});

test('while a correction is under way, other documents of the record are compared with it, not with what it corrects', async () => {
  const { request, hospital } = running();
  const sent = certificate();
  const old = await walkToArchive(running(), sent);
  const json = correctionOf(old, sent, { diagnoses: bronchitis });
  await receive(running(), json);
  const stale = await request('POST', '/v1/documents', { key: hospital.keys.intake, json: summaryOf(sent) });
  expect(await stale.json()).toMatchObject({ code: 'FACTS_DISAGREE', mistakes: [{ path: '/facts/diagnoses' }] });
  expect(await receive(running(), summaryOf(json))).toMatchObject({ state: 'rendered' });
});
