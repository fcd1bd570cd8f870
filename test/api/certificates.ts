/** A right certificate, what is changed to make bad ones, and who asks. */
import { expect } from 'vitest';
import { dischargeCertificate, type RunningAntin } from '../support/antin.ts';
import { type BadInput, post, type Sent } from './support.ts';

export type Json = Record<string, unknown>;
export const REFUSED = { status: 422, code: 'CONTENT_INVALID' } as const;

/** A certificate with some fields of its content changed; `undefined` leaves a field out. */
export const certificate =
  (change: Json) =>
  (antin: RunningAntin): Sent => ({ json: dischargeCertificate(antin, change) });

/** A certificate whose patient is changed. */
export const patient =
  (change: Json) =>
  (antin: RunningAntin): Sent => {
    const intake = dischargeCertificate(antin);
    const { patient: person } = intake.content as { patient?: object };
    return { json: { ...intake, content: { ...intake.content, patient: { ...person, ...change } } } };
  };

/** The request around the content is changed. */
export const around =
  (change: Json) =>
  (antin: RunningAntin): Sent => ({ json: { ...dischargeCertificate(antin), ...change } });

/** A body of text, as it stands. */
export const text = (body: string | Uint8Array<ArrayBuffer>) => (): Sent => ({
  body,
  headers: { 'content-type': 'application/json' },
});

/** A certificate whose JSON text is spoiled. */
export const spoiled =
  (spoil: (json: string) => string) =>
  (antin: RunningAntin): Sent =>
    text(spoil(JSON.stringify(dischargeCertificate(antin))))();

export const one = (path: string, code: string): Pick<BadInput, 'mistakes'> => ({ mistakes: [[path, code]] });

/** A document of the demo hospital, waiting for its signers. */
export async function received(
  antin: RunningAntin,
  headers: Record<string, string> = {},
): Promise<{ id: string; recordId: string }> {
  const answer = await post(antin, { json: dischargeCertificate(antin), headers });
  expect(answer.status).toBe(201);
  const { id, record } = (await answer.json()) as { id: string; record: { id: string } };
  return { id, recordId: record.id };
}

/** A request of the demo hospital’s administrator, or of its practitioner. */
export const admin = (method: string, path: string, json?: unknown): BadInput['send'] => {
  return ({ hospital }): Sent => ({ method, path, key: hospital.keys.admin, ...(json === undefined ? {} : { json }) });
};
export const clinician = (method: string, path: string, json?: unknown): BadInput['send'] => {
  return ({ hospital }): Sent => ({
    method,
    path,
    key: hospital.practitioner.apiKey,
    ...(json === undefined ? {} : { json }),
  });
};
