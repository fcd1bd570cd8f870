/** The steps of the main road as a client of the API walks them. */
import { expect } from 'vitest';
import { type ValidationReport, validate } from '../../src/engines/pades/index.ts';
import { type RunningAntin, settle } from './antin.ts';

/** A document as the API shows it; only what the stories look at. */
export interface Shown {
  readonly id: string;
  readonly state: string;
  readonly sha256: string;
  readonly level: string | null;
  readonly record: { readonly id: string; readonly number: string };
  readonly lookup: { readonly code: string };
  readonly slots: readonly { readonly field: string; readonly kind: string; readonly signedAt: string | null }[];
  readonly revisions: readonly { readonly n: number; readonly kind: string; readonly sha256: string }[];
  readonly timestampsOwed: number;
  readonly archive: { readonly objectKey: string; readonly retainUntil: string } | null;
}

/** Hands a document in. @throws if it is refused. */
export async function receive(running: RunningAntin, sent: object): Promise<Shown> {
  const { request, hospital } = running;
  const parcel = 'body' in sent ? (sent as { body: FormData }) : { json: sent };
  const answer = await request('POST', '/v1/documents', { key: hospital.keys.intake, ...parcel });
  expect(answer.status, await answer.clone().text()).toBe(201);
  return answer.json();
}

export async function look({ request, hospital }: RunningAntin, id: string): Promise<Shown> {
  return (await request('GET', `/v1/documents/${id}`, { key: hospital.keys.admin })).json();
}

export async function fetchPdf({ request, hospital }: RunningAntin, id: string): Promise<Uint8Array> {
  const answer = await request('GET', `/v1/documents/${id}/pdf`, { key: hospital.keys.admin });
  expect(answer.status).toBe(200);
  return new Uint8Array(await answer.arrayBuffer());
}

export interface SessionLine {
  readonly document: string;
  readonly signed: boolean;
  readonly code?: string;
}

/** Signs documents under a key that is kept here; one line each. */
export async function signAll(
  { request }: RunningAntin,
  by: { readonly apiKey: string; readonly credential: string; readonly pin: string },
  ids: readonly string[],
): Promise<SessionLine[]> {
  const json = { credential: by.credential, pin: by.pin, documents: ids.map((id) => ({ id })) };
  return (await (await request('POST', '/v1/sessions', { key: by.apiKey, json })).json()).results;
}

export function judge({ antin }: RunningAntin, pdf: Uint8Array): ValidationReport {
  const { signers, tsa } = antin.anchors;
  return validate(pdf, { file: 'a.pdf', anchors: signers, timestampAnchors: tsa, at: antin.options.clock.now() });
}

/** Practitioner and representative sign, the rest happens by itself. */
export async function walkToArchive(running: RunningAntin, sent: object): Promise<Shown> {
  const { id } = await receive(running, sent);
  const { practitioner, representative } = running.hospital;
  for (const person of [practitioner, representative]) {
    expect(await signAll(running, person, [id])).toMatchObject([{ signed: true }]);
  }
  await settle(running);
  return look(running, id);
}

/** Archived exactly once, every needed signature made exactly once, each of them passes, and the store agrees with the database. */
export async function expectArchivedOnce(running: RunningAntin, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const shown = await look(running, id);
    expect(shown).toMatchObject({ state: 'archived', level: 'B-LTA', timestampsOwed: 0 });
    const kinds = shown.revisions.map((one) => one.kind);
    const people = shown.slots.filter((slot) => slot.kind === 'person');
    expect(kinds.filter((kind) => kind === 'signature')).toHaveLength(people.length);
    expect(kinds.filter((kind) => kind === 'seal')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'extension')).toHaveLength(1);
    const report = judge(running, await fetchPdf(running, id));
    expect(report).toMatchObject({ verdict: 'TOTAL-PASSED', sha256: shown.sha256 });
    const signed = report.signatures.filter((one) => one.kind === 'signature').map((one) => one.field);
    expect(signed.toSorted()).toEqual(shown.slots.map((slot) => slot.field).toSorted());
  }
  const registered = await running.antin.database.db
    .selectFrom('archive_object')
    .select('document_id')
    .where('document_id', 'in', [...ids])
    .execute();
  expect(registered.map((row) => row.document_id).toSorted()).toEqual([...ids].toSorted());
  expect(await running.antin.archive.fsck()).toMatchObject({ verdict: 'sound', findings: [] });
}
