/** Who may not sign is told why, by its own code, and the document stays as it was. */
import { expect, test } from 'vitest';
import { createPkcs12, rawSigner } from '../../src/engines/crypto/index.ts';
import type { Identity, IssueOptions } from '../../src/platform/trust/authority/index.ts';
import { settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, type RunningAntin, useAntin } from '../support/antin.ts';

const clock = settableClock(new Date('2026-06-01T02:00:00Z'));
const running = useAntin({ clock, jobs: false });
const ACTOR = { kind: 'system', id: 'test' } as const;

/** A practitioner with a certificate of their own; `profile` and `certificate` say what is wrong with them. */
async function newcomer(
  { antin, hospital }: RunningAntin,
  staffCode: string,
  certificate: Partial<IssueOptions>,
  roles: string[] = ['practitioner'],
) {
  const authority = antin.authority;
  if (authority === undefined) throw new Error('demo mode has an authority');
  const uid = `CCCD:0010990${staffCode.replace(/\D/g, '').padStart(5, '0')}`;
  const identity = await authority.issuePerson({
    commonName: 'Trần Văn Mẫu',
    uid,
    keyType: 'P-256',
    slug: staffCode.toLowerCase(),
    ...certificate,
  });
  const clinician = await antin.parties.registerClinician(
    hospital.facility,
    {
      staffCode,
      name: 'BS. Trần Văn Mẫu',
      title: 'Bác sĩ',
      department: 'Khoa Nội tổng hợp',
      licence: { number: `${staffCode}/MH-CCHN`, validFrom: '2020-01-01' },
      roles,
    },
    ACTOR,
  );
  const credential = await enrol(running(), clinician.id, identity);
  const { token } = await antin.database.transaction((tx) =>
    antin.access.createApiKey(tx, {
      facilityId: hospital.facility,
      name: staffCode,
      roles: ['clinician'],
      clinicianId: clinician.id,
    }),
  );
  return { identity, clinician, credential, key: token, pin: identity.pin };
}

async function enrol({ antin, hospital }: RunningAntin, clinicianId: string, identity: Identity): Promise<string> {
  const { certificate, chain, privateKey } = identity;
  const credential = await antin.parties.enrolCredential(
    {
      facilityId: hospital.facility,
      clinicianId,
      certificate,
      chain,
      pkcs12: createPkcs12({ ...identity, password: identity.pin }),
      testSign: (scheme, message) => rawSigner(privateKey, scheme)(message),
    },
    ACTOR,
  );
  return credential.id;
}

async function received(): Promise<{ id: string; sha256: string }> {
  const { request, hospital } = running();
  const answer = await request('POST', '/v1/documents', {
    key: hospital.keys.intake,
    json: dischargeCertificate(running()),
  });
  return answer.json();
}

/** Tries to sign and returns the code of the refusal; the document must be what it was. */
async function refusal(
  document: { id: string; sha256: string },
  by: { key: string; credential: string; pin: string },
): Promise<string> {
  const { request, hospital } = running();
  const json = { credential: by.credential, pin: by.pin, documents: [{ id: document.id }] };
  const answer = await request('POST', '/v1/sessions', { key: by.key, json });
  const body = await answer.json();
  const after = await (await request('GET', `/v1/documents/${document.id}`, { key: hospital.keys.admin })).json();
  expect(after).toMatchObject({ sha256: document.sha256, state: 'rendered' });
  const said = answer.ok ? body.results[0] : body;
  expect(said.vi).not.toBe('');
  expect(said.en).not.toBe('');
  return said.code;
}

test('same name, other certificate: a credential is bound by serial, issuer and UID, never by name', async () => {
  const document = await received();
  const namesake = await newcomer(running(), 'BS101', {});
  const { hospital } = running();
  const { practitioner } = hospital;
  // The namesake's key with the practitioner's certificate, and the other way round.
  expect(
    await refusal(document, { key: namesake.key, credential: practitioner.credential, pin: practitioner.pin }),
  ).toBe('CREDENTIAL_NOT_YOURS');
  expect(
    await refusal(document, { key: practitioner.apiKey, credential: namesake.credential, pin: namesake.pin }),
  ).toBe('CREDENTIAL_NOT_YOURS');
});

test('a signature made with another key than the one that opened the turn', async () => {
  const document = await received();
  const { request, hospital } = running();
  const namesake = await newcomer(running(), 'BS102', {});
  const key = hospital.practitioner.apiKey;
  const opened = await request('POST', `/v1/documents/${document.id}/turns`, {
    key,
    json: { credential: hospital.practitioner.credential },
  });
  expect(opened.status).toBe(201);
  const turn = await opened.json();
  const value = await rawSigner(
    namesake.identity.privateKey,
    namesake.identity.scheme,
  )(Buffer.from(turn.toSign.signedAttributes, 'base64'));
  const answer = await request('POST', `/v1/turns/${turn.id}/complete`, {
    key,
    json: { signature: Buffer.from(value).toString('base64') },
  });
  expect(answer.status).toBe(422);
  expect((await answer.json()).code).toBe('SIGNATURE_VALUE_WRONG');
  const after = await (await request('GET', `/v1/documents/${document.id}`, { key })).json();
  expect(after.sha256).toBe(document.sha256);
});

test('a certificate that ends before the day of signing', async () => {
  const document = await received();
  const short = await newcomer(running(), 'BS103', {
    validity: { from: new Date('2026-05-01T00:00:00Z'), to: new Date('2026-06-02T00:00:00Z') },
  });
  clock.set(new Date('2026-06-03T02:00:00Z'));
  expect(await refusal(document, short)).toBe('CREDENTIAL_EXPIRED');
});

test('a revoked certificate', async () => {
  const document = await received();
  const revoked = await newcomer(running(), 'BS104', {});
  running().antin.authority?.revoke(revoked.identity.certificate.serial, clock.now(), 'keyCompromise');
  clock.advance(10 * 60_000);
  expect(await refusal(document, revoked)).toBe('CERTIFICATE_REVOKED');
});

test('no answer about the certificate: blocked, and said', async () => {
  const document = await received();
  const stranger = await newcomer(running(), 'BS105', {});
  running().antin.authority?.setFaults({ ocsp: 'down', crl: 'down' });
  try {
    expect(await refusal(document, stranger)).toBe('REVOCATION_UNKNOWN');
  } finally {
    running().antin.authority?.setFaults({});
  }
});

test('the wrong role, an ended licence, out of turn', async () => {
  const document = await received();
  const nurse = await newcomer(running(), 'DD106', {}, ['nurse']);
  expect(await refusal(document, nurse)).toBe('SIGNER_ROLE_REQUIRED');
  const retired = await newcomer(running(), 'BS107', {});
  await running().antin.parties.updateClinician(
    running().hospital.facility,
    retired.clinician.id,
    { licence: { number: 'BS107/MH-CCHN', validFrom: '2020-01-01', validTo: '2026-05-31' } },
    ACTOR,
  );
  expect(await refusal(document, retired)).toBe('LICENCE_EXPIRED');
  const { representative } = running().hospital;
  expect(await refusal(document, { ...representative, key: representative.apiKey })).toBe('NOT_YOUR_TURN');
});

test('a wrong PIN counts down, then locks', async () => {
  const document = await received();
  const forgetful = await newcomer(running(), 'BS108', {});
  const wrong = { ...forgetful, pin: 'not the pin' };
  for (let tries = 0; tries < 5; tries += 1) expect(await refusal(document, wrong)).toBe('PIN_REJECTED');
  expect(await refusal(document, wrong)).toBe('TOO_MANY_TRIES');
  expect(await refusal(document, forgetful)).toBe('TOO_MANY_TRIES');
  clock.advance(16 * 60_000);
  const { request } = running();
  const json = { credential: forgetful.credential, pin: forgetful.pin, documents: [{ id: document.id }] };
  const answer = await request('POST', '/v1/sessions', { key: forgetful.key, json });
  expect((await answer.json()).results[0]).toMatchObject({ signed: true });
});

test('many wrong PINs at once are told no more than as many one by one', async () => {
  const document = await received();
  const guesser = await newcomer(running(), 'BS109', {});
  const wrong = { ...guesser, pin: 'not the pin' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => refusal(document, wrong)));
  expect(answers.filter((code) => code === 'PIN_REJECTED')).toHaveLength(5);
  expect(answers.filter((code) => code === 'TOO_MANY_TRIES')).toHaveLength(15);
});
