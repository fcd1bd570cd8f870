/** Signing in two steps over HTTP: what is to be signed goes out, a signature comes back, and nothing else changes the document. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  addUnsignedAttribute,
  buildSignedData,
  type Certificate,
  OID,
  parseSignedData,
  rawSigner,
} from '../../src/engines/crypto/index.ts';
import { validate } from '../../src/engines/pades/index.ts';
import { digest, settableClock } from '../../src/shared/index.ts';
import {
  dischargeCertificate,
  openAntin,
  type RunningAntin,
  STORY_BEGINS,
  settle,
  useAntin,
} from '../support/antin.ts';
import { testAuthority } from '../support/authority.ts';
import { temporaryFolder } from '../support/database.ts';
import { hire, type Person, type PersonOptions } from '../support/people.ts';
import { tokenSign } from '../support/token.ts';

const clock = settableClock(STORY_BEGINS);
const running = useAntin({ clock });

interface Turn {
  readonly id: string;
  readonly toSign: {
    readonly signedAttributes: string;
    readonly digest: string;
    readonly scheme: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa';
  };
  readonly leaseUntil: string;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const unbase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

async function receive(at: RunningAntin = running()): Promise<string> {
  const answer = await at.request('POST', '/v1/documents', {
    key: at.hospital.keys.intake,
    json: dischargeCertificate(at),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()).id;
}

async function look(id: string, { request, hospital }: RunningAntin = running()) {
  return (await request('GET', `/v1/documents/${id}`, { key: hospital.keys.admin })).json();
}

const open = (id: string, by: Person, at: RunningAntin = running()): Promise<Response> =>
  at.request('POST', `/v1/documents/${id}/turns`, { key: by.apiKey, json: { credential: by.credential } });

async function opened(id: string, by: Person, at: RunningAntin = running()): Promise<Turn> {
  const answer = await open(id, by, at);
  expect(answer.status).toBe(201);
  return answer.json();
}

const complete = (
  turn: Turn,
  by: { apiKey: string },
  json: { signature: string } | { cms: string },
  { at = running(), idempotencyKey }: { at?: RunningAntin; idempotencyKey?: string } = {},
): Promise<Response> =>
  at.request('POST', `/v1/turns/${turn.id}/complete`, {
    key: by.apiKey,
    json,
    ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
  });

async function signedBy(turn: Turn, by: Person): Promise<Uint8Array> {
  const sign = rawSigner(by.identity.privateKey, { scheme: turn.toSign.scheme, digest: 'SHA-256' });
  return sign(unbase64(turn.toSign.signedAttributes));
}

async function cmsOf(turn: Turn, by: Person, certificates?: readonly Certificate[]): Promise<Uint8Array> {
  return buildSignedData({
    attributes: unbase64(turn.toSign.signedAttributes),
    signature: await signedBy(turn, by),
    scheme: { scheme: turn.toSign.scheme, digest: 'SHA-256' },
    certificates: certificates ?? [by.identity.certificate, ...by.identity.chain],
  });
}

async function refused(answer: Response, status: number, code: string): Promise<void> {
  const problem = await answer.json();
  expect({ status: answer.status, code: problem.code }).toEqual({ status, code });
  expect(problem.vi).not.toBe('');
  expect(problem.en).not.toBe('');
}

/** The representative signs too; then the document goes all the way, and every signature in it holds. */
async function finish(id: string): Promise<string[]> {
  const { request, hospital, antin } = running();
  const { representative } = hospital;
  const json = { credential: representative.credential, pin: representative.pin, documents: [{ id }] };
  const session = await request('POST', '/v1/sessions', { key: representative.apiKey, json });
  expect((await session.json()).results).toMatchObject([{ signed: true }]);
  await settle(running());
  expect(await look(id)).toMatchObject({ state: 'archived', level: 'B-LTA', timestampsOwed: 0 });
  const answer = await request('GET', `/v1/documents/${id}/pdf`, { key: hospital.keys.admin });
  const report = validate(new Uint8Array(await answer.arrayBuffer()), {
    file: 'a.pdf',
    anchors: antin.anchors.signers,
    timestampAnchors: antin.anchors.tsa,
    at: clock.now(),
  });
  expect(report.verdict).toBe('TOTAL-PASSED');
  return report.signatures.map((one) => one.signatureAlgorithm ?? '');
}

let doctor: Person;
let colleague: Person;
beforeAll(async () => {
  doctor = await hire(running(), { staffCode: 'BS201' });
  colleague = await hire(running(), { staffCode: 'BS202' });
});

const KEYS: readonly (readonly [name: string, person: PersonOptions, algorithm: string])[] = [
  ['RSA-PSS', { staffCode: 'BS211', keyType: 'RSA-2048' }, 'RSASSA-PSS-2048'],
  [
    'PKCS#1 v1.5',
    { staffCode: 'BS212', keyType: 'RSA-2048', scheme: 'rsa-pkcs1', external: true },
    'RSASSA-PKCS1-v1_5-2048',
  ],
  ['ECDSA', { staffCode: 'BS213', keyType: 'P-256', external: true }, 'ECDSA-P-256'],
];

test.each(KEYS)('%s: a signer of messages and a token that only signs digests', async (_, options, algorithm) => {
  const person = await hire(running(), options);
  const [byMessage, byDigest] = [await receive(), await receive()];
  const first = await opened(byMessage, person);
  const done = await complete(first, person, { signature: base64(await signedBy(first, person)) });
  expect(done.status).toBe(200);
  expect(await done.json()).toMatchObject({ document: byMessage, field: 'NguoiHanhNghe', level: 'B-T' });

  const second = await opened(byDigest, person);
  expect(unbase64(second.toSign.digest)).toEqual(digest('SHA-256', unbase64(second.toSign.signedAttributes)));
  const { scheme, digest: toSign } = second.toSign;
  const value = tokenSign(person.identity.privateKey, scheme, unbase64(toSign));
  expect((await complete(second, person, { signature: base64(value) })).status).toBe(200);

  expect(await finish(byMessage)).toContain(algorithm);
  expect(await finish(byDigest)).toContain(algorithm);
});

test('a whole CMS from the signer’s own service gets its time-stamp from us', async () => {
  const person = await hire(running(), { staffCode: 'BS221', external: true });
  const id = await receive();
  const turn = await opened(id, person);
  const answer = await complete(turn, person, { cms: base64(await cmsOf(turn, person)) });
  expect(await answer.json()).toMatchObject({ level: 'B-T', timestampOwed: false });
  expect(await finish(id)).toContain('ECDSA-P-256');
});

test('a service that sends a long chain finds room; one too large for the room is refused', async () => {
  const person = await hire(running(), { staffCode: 'BS222', external: true });
  const id = await receive();
  const before = await look(id);
  const turn = await opened(id, person);
  const [issuing, root] = person.identity.chain;
  if (issuing === undefined || root === undefined) throw new Error('the chain has two issuers');
  const chained = (times: number) => [
    person.identity.certificate,
    ...Array.from({ length: times }, () => [issuing, root]).flat(),
  ];
  const tooLarge = await complete(turn, person, { cms: base64(await cmsOf(turn, person, chained(30))) });
  expect((await tooLarge.json()).code).toBe('SIGNATURE_TOO_LARGE');
  expect(await look(id)).toEqual(before);
  const cms = await cmsOf(turn, person, chained(10));
  expect(cms.length).toBeGreaterThan(15_000);
  expect(await (await complete(turn, person, { cms: base64(cms) })).json()).toMatchObject({ level: 'B-T' });
});

test('a CMS for another document, under another certificate, without one, with a time-stamp that proves nothing, or no CMS', async () => {
  const [id, other] = [await receive(), await receive()];
  const [turn, otherTurn] = [await opened(id, doctor), await opened(other, doctor)];
  const before = await look(id);
  const send = async (cms: Uint8Array) => complete(turn, doctor, { cms: base64(cms) });

  await refused(await send(await cmsOf(otherTurn, doctor)), 422, 'SIGNATURE_VALUE_WRONG');
  await refused(await send(await cmsOf(turn, colleague)), 422, 'SIGNATURE_VALUE_WRONG');
  await refused(await send(await cmsOf(turn, doctor, doctor.identity.chain)), 422, 'SIGNATURE_VALUE_WRONG');
  const { identity } = colleague;
  await refused(
    await send(await cmsOf(turn, doctor, [identity.certificate, ...identity.chain])),
    422,
    'SIGNATURE_VALUE_WRONG',
  );

  const good = await cmsOf(turn, doctor);
  const stranger = await testAuthority();
  const value = parseSignedData(good).signerInfos[0]?.signature ?? new Uint8Array();
  const token = await stranger.timestamp(digest('SHA-256', value), 'SHA-256');
  await refused(await send(addUnsignedAttribute(good, OID.signatureTimestamp, token)), 422, 'SIGNATURE_VALUE_WRONG');
  const wrongToken = await running().antin.timestamp(digest('SHA-256', unbase64('AAAA')), 'SHA-256');
  await refused(
    await send(addUnsignedAttribute(good, OID.signatureTimestamp, wrongToken)),
    422,
    'SIGNATURE_VALUE_WRONG',
  );

  await refused(await send(good.subarray(0, good.length - 1)), 422, 'CMS_MALFORMED');
  await refused(await send(Uint8Array.of(0x30, 0x00)), 422, 'CMS_MALFORMED');
  expect(await look(id)).toEqual(before);
  // Nothing of all that spoilt the turn.
  expect((await send(good)).status).toBe(200);
});

test('what is no base 64, an empty value, and the value of another turn', async () => {
  const [id, other] = [await receive(), await receive()];
  const [turn, otherTurn] = [await opened(id, doctor), await opened(other, doctor)];
  const before = await look(id);
  for (const signature of ['not base 64!', 'AAA', base64(await signedBy(turn, doctor)).replace(/.$/, '*')]) {
    await refused(await complete(turn, doctor, { signature }), 422, 'CONTENT_INVALID');
  }
  await refused(await complete(turn, doctor, { signature: '' }), 422, 'SIGNATURE_VALUE_WRONG');
  const elsewhere = base64(await signedBy(otherTurn, doctor));
  await refused(await complete(turn, doctor, { signature: elsewhere }), 422, 'SIGNATURE_VALUE_WRONG');
  expect(await look(id)).toEqual(before);
});

test('a turn given back frees the document unchanged; what is signed for it later is refused', async () => {
  const { request } = running();
  const id = await receive();
  const before = await look(id);
  const turn = await opened(id, doctor);
  await refused(await open(id, colleague), 423, 'TURN_TAKEN');
  // Only whose turn it is can give it back, or complete it.
  await refused(await request('DELETE', `/v1/turns/${turn.id}`, { key: colleague.apiKey }), 404, 'TURN_UNKNOWN');
  const signature = base64(await signedBy(turn, doctor));
  await refused(await complete(turn, colleague, { signature }), 404, 'TURN_UNKNOWN');

  expect((await request('DELETE', `/v1/turns/${turn.id}`, { key: doctor.apiKey })).status).toBe(204);
  await refused(await request('DELETE', `/v1/turns/${turn.id}`, { key: doctor.apiKey }), 410, 'TURN_CLOSED');
  await refused(await complete(turn, doctor, { signature }), 410, 'TURN_CLOSED');
  expect(await look(id)).toEqual(before);
  expect((await open(id, colleague)).status).toBe(201);
});

test('what was prepared leaves the database when the turn is over; what was told about the certificate stays', async () => {
  const id = await receive();
  const rows = () =>
    running()
      .antin.database.db.selectFrom('signing_turn')
      .select(['state', 'prepared', 'revocation_answers'])
      .where('document_id', '=', id)
      .orderBy('opened_at')
      .execute();
  const late = await opened(id, colleague);
  expect(await rows()).toMatchObject([{ state: 'open', prepared: { field: 'NguoiHanhNghe' } }]);
  clock.set(new Date(late.leaseUntil));
  const turn = await opened(id, doctor);
  expect((await complete(turn, doctor, { signature: base64(await signedBy(turn, doctor)) })).status).toBe(200);
  expect(await rows()).toMatchObject([
    { state: 'expired', prepared: null, revocation_answers: expect.arrayContaining([expect.any(String)]) },
    { state: 'completed', prepared: null, revocation_answers: expect.arrayContaining([expect.any(String)]) },
  ]);
});

test('a colleague’s turn holds the document until it expires; completed late, it changes nothing', async () => {
  const id = await receive();
  const before = await look(id);
  const late = await opened(id, colleague);
  const signature = base64(await signedBy(late, colleague));
  await refused(await open(id, doctor), 423, 'TURN_TAKEN');
  clock.set(new Date(late.leaseUntil));
  await refused(await complete(late, colleague, { signature }), 410, 'TURN_CLOSED');
  const turn = await opened(id, doctor);
  await refused(await complete(late, colleague, { signature }), 410, 'TURN_CLOSED');
  expect(await look(id)).toEqual(before);
  expect((await complete(turn, doctor, { signature: base64(await signedBy(turn, doctor)) })).status).toBe(200);
  expect(await finish(id)).toContain('ECDSA-P-256');
});

test('whoever opens their own turn again gets it back: an approval under way keeps its worth', async () => {
  const id = await receive();
  const turn = await opened(id, doctor);
  clock.advance(5 * 60_000);
  const again = await opened(id, doctor);
  expect(again).toMatchObject({ id: turn.id, toSign: turn.toSign });
  clock.advance(9 * 60_000);
  const signature = base64(await signedBy(turn, doctor));
  expect((await complete(turn, doctor, { signature })).status).toBe(200);
  await refused(await open(id, doctor), 403, 'SIGNER_ROLE_REQUIRED');
});

test('a repeated answer is told what came of it, with a key; without one, that the turn is over', async () => {
  const id = await receive();
  const turn = await opened(id, doctor);
  const signature = base64(await signedBy(turn, doctor));
  const idempotencyKey = 'turn-1';
  const first = await complete(turn, doctor, { signature }, { idempotencyKey });
  expect(first.status).toBe(200);
  const said = await first.json();
  const replay = await complete(turn, doctor, { signature }, { idempotencyKey });
  expect(replay.headers.get('idempotency-replayed')).toBe('true');
  expect(await replay.json()).toEqual(said);
  await refused(await complete(turn, doctor, { signature }), 410, 'TURN_CLOSED');
  expect((await look(id)).revisions).toHaveLength(2);
});

test('If-Match: returned or withdrawn only as it was looked at', async () => {
  const { request, hospital } = running();
  const id = await receive();
  const key = hospital.keys.recordsOfficer;
  const seen = (await request('GET', `/v1/documents/${id}`, { key })).headers.get('etag') ?? '';
  const turn = await opened(id, doctor);
  await complete(turn, doctor, { signature: base64(await signedBy(turn, doctor)) });
  const before = await look(id);
  const json = { reason: 'Sai ngày ra viện' };
  for (const verb of ['return', 'withdraw']) {
    const path = `/v1/documents/${id}/${verb}`;
    await refused(await request('POST', path, { key, json, headers: { 'if-match': seen } }), 412, 'ETAG_MISMATCH');
  }
  expect(await look(id)).toEqual(before);
  const now = (await request('GET', `/v1/documents/${id}`, { key })).headers.get('etag') ?? '';
  const withdrawn = await request('POST', `/v1/documents/${id}/withdraw`, { key, json, headers: { 'if-match': now } });
  expect(await withdrawn.json()).toMatchObject({ state: 'withdrawn', reason: json.reason });
});

test('returned with a reason while a turn is open: the turn ends without a signature', async () => {
  const { request } = running();
  const id = await receive();
  const turn = await opened(id, doctor);
  const json = { reason: 'Thiếu chẩn đoán kèm theo' };
  const returned = await request('POST', `/v1/documents/${id}/return`, { key: colleague.apiKey, json });
  expect(await returned.json()).toMatchObject({ state: 'returned', reason: json.reason });
  const before = await look(id);
  const signature = base64(await signedBy(turn, doctor));
  await refused(await complete(turn, doctor, { signature }), 409, 'STATE_FORBIDS');
  await refused(await open(id, doctor), 409, 'STATE_FORBIDS');
  expect(await look(id)).toEqual(before);
});

test('what was prepared survives a restart', async () => {
  const folder = temporaryFolder();
  try {
    const dataDir = join(folder.path, 'data');
    const first = await openAntin(dataDir, { clock, jobs: false });
    let person: Person;
    let turn: Turn;
    let id: string;
    try {
      person = await hire(first, { staffCode: 'BS231' });
      id = await receive(first);
      turn = await opened(id, person, first);
    } finally {
      await first.antin.close();
    }
    const second = await openAntin(dataDir, { clock, jobs: false });
    try {
      const signature = base64(await signedBy(turn, person));
      const done = await complete(turn, person, { signature }, { at: second });
      expect(await done.json()).toMatchObject({ document: id, level: 'B-T' });
      expect(await look(id, second)).toMatchObject({ state: 'in-signing' });
    } finally {
      await second.antin.close();
    }
  } finally {
    rmSync(folder.path, { recursive: true, force: true });
  }
});
