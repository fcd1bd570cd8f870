/** Was it revoked at that moment? Answers and lists of a real authority, and of impostors. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildCrl,
  buildOcspFailure,
  buildOcspRequest,
  buildOcspResponse,
  checkOcsp,
  encode,
  findPath,
  OID,
  ocspCertId,
  parseCrl,
  parseOcspRequest,
  parseOcspResponse,
  type RevocationMaterial,
} from '../../../src/engines/crypto/index.ts';
import { extension, issue, NOW, type Party, signerOf } from './support/pki.ts';

const HOUR = 3_600_000;
const later = (hours: number) => new Date(NOW.getTime() + hours * HOUR);
const OCSP_PURPOSE = { oids: [OID.ocspSigning], critical: false };
const NO_CHECK = extension(OID.ocspNoCheck, encode.null());

let root: Party;
let ca: Party;
let doctor: Party;
let responder: Party;

beforeAll(async () => {
  root = await issue({ subject: 'Gốc' });
  ca = await issue({ subject: 'CA', issuer: root, ca: true });
  doctor = await issue({ subject: 'BS. Trần Văn Mẫu', issuer: ca });
  responder = await issue({ subject: 'OCSP', issuer: ca, extendedKeyUsage: OCSP_PURPOSE, extensions: [NO_CHECK] });
});

interface Answer {
  readonly revokedAt?: Date;
  readonly reason?: number;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  readonly about?: Party;
  readonly issuer?: Party;
  readonly nonce?: Uint8Array;
  readonly digest?: 'SHA-1' | 'SHA-256';
}

async function answer(by: Party, options: Answer = {}) {
  const { revokedAt, reason, thisUpdate = NOW, nextUpdate = new Date(thisUpdate.getTime() + 24 * HOUR) } = options;
  const certId = ocspCertId(
    (options.about ?? doctor).certificate,
    (options.issuer ?? ca).certificate,
    options.digest ?? 'SHA-1',
  );
  const status =
    revokedAt === undefined ? ({ kind: 'good' } as const) : ({ kind: 'revoked', at: revokedAt, reason } as const);
  const der = await buildOcspResponse(
    {
      answers: [{ certId, status, thisUpdate, nextUpdate }],
      producedAt: thisUpdate,
      ...(options.nonce === undefined ? {} : { nonce: options.nonce }),
    },
    { ...signerOf(by), send: [by.certificate] },
  );
  return parseOcspResponse(der);
}

async function list(by: Party, revoked: { party: Party; at: Date; reason?: number }[] = [], thisUpdate = NOW) {
  return parseCrl(
    await buildCrl({
      issuer: by.certificate,
      thisUpdate,
      nextUpdate: new Date(thisUpdate.getTime() + 24 * HOUR),
      crlNumber: 7n,
      revoked: revoked.map(({ party, ...entry }) => ({ serial: party.certificate.serial, ...entry })),
      scheme: by.scheme,
      sign: signerOf(by).sign,
    }),
  );
}

function judge(material: Partial<RevocationMaterial>, at = later(1), party = doctor) {
  return findPath(party.certificate, {
    anchors: [root.certificate],
    intermediates: [ca.certificate],
    at,
    revocation: { ocsps: [], crls: [], ...material },
  });
}

describe('OCSP', () => {
  const check = async (by: Party, options: Answer = {}, at = later(1)) =>
    checkOcsp(await answer(by, options), doctor.certificate, ca.certificate, at).problems;

  it('is asked with a nonce, and the authority reads whom it is about', () => {
    const nonce = new Uint8Array([1, 2, 3]);
    for (const digest of ['SHA-1', 'SHA-256'] as const) {
      const request = parseOcspRequest(buildOcspRequest(doctor.certificate, ca.certificate, { nonce, digest }));
      expect(request).toEqual({ certIds: [ocspCertId(doctor.certificate, ca.certificate, digest)], nonce });
    }
  });

  it('counts from the issuer itself and from whom it delegated to', async () => {
    expect(await check(ca)).toEqual([]);
    expect(await check(responder)).toEqual([]);
    expect(await check(responder, { digest: 'SHA-256' })).toEqual([]);
    expect((await answer(responder, { nonce: new Uint8Array([9]) })).nonce).toEqual(new Uint8Array([9]));
  });

  it('does not count from others', async () => {
    const noPurpose = await issue({ subject: 'OCSP', issuer: ca });
    const otherAuthority = await issue({ subject: 'CA khác', issuer: root, ca: true });
    const foreign = await issue({ subject: 'OCSP', issuer: otherAuthority, extendedKeyUsage: OCSP_PURPOSE });
    const sameName = await issue({ subject: 'CA', ca: true });
    const forged = await issue({ subject: 'OCSP', issuer: sameName, extendedKeyUsage: OCSP_PURPOSE });
    const expired = await issue({
      subject: 'OCSP',
      issuer: ca,
      extendedKeyUsage: OCSP_PURPOSE,
      notAfter: new Date('2026-02-01'),
    });
    for (const impostor of [noPurpose, foreign, forged, expired, doctor, root])
      expect(await check(impostor)).toEqual(['RESPONDER_NOT_AUTHORIZED']);
    expect(await check({ ...responder, keys: doctor.keys })).toEqual(['BAD_SIGNATURE']);
  });

  it('does not count for another certificate, or another authority of the same name', async () => {
    const other = await issue({ subject: 'Người khác', issuer: ca });
    expect(await check(responder, { about: other })).toEqual(['NO_MATCHING_ANSWER']);
    const twin = await issue({ subject: 'CA', issuer: root, ca: true });
    expect(await check(responder, { issuer: twin })).toEqual(['NO_MATCHING_ANSWER']);
  });

  it('grows stale, unless it says revoked', async () => {
    expect(await check(responder, {}, later(30))).toEqual(['NOT_TIMELY']);
    expect(await check(responder, { revokedAt: NOW, reason: 1 }, later(30))).toEqual([]);
    expect(await check(responder, { revokedAt: NOW, reason: 6 }, later(30))).toEqual(['NOT_TIMELY']);
  });

  it('given after the certificate ended does not prove that it was good', async () => {
    const after = new Date(doctor.certificate.notAfter.getTime() + 24 * HOUR);
    expect(await check(ca, { thisUpdate: after })).toEqual(['NOT_TIMELY']);
  });

  it('may fail in words', () => {
    const response = parseOcspResponse(buildOcspFailure('try-later'));
    expect(response.status).toBe('try-later');
    expect(checkOcsp(response, doctor.certificate, ca.certificate, NOW).problems).toEqual(['NOT_SUCCESSFUL']);
    expect(() => parseOcspResponse(new TextEncoder().encode('<html>'))).toThrow('OCSP_MALFORMED');
  });
});

describe('a path with revocation', () => {
  it('needs evidence for every certificate but the anchor', async () => {
    const ofDoctor = await answer(responder);
    const ofCa = await list(root);
    expect(judge({ ocsps: [ofDoctor], crls: [ofCa] }).problems).toEqual([]);
    expect(judge({ ocsps: [ofDoctor] }).problems).toEqual(['REVOCATION_UNKNOWN']);
    expect(judge({ crls: [ofCa] }).problems).toEqual(['REVOCATION_UNKNOWN']);
    const { revocation } = judge({ ocsps: [ofDoctor], crls: [ofCa] });
    expect(revocation.map(({ source, status }) => `${source} ${status}`)).toEqual([
      'ocsp good',
      'crl good',
      'anchor good',
      'no-check good',
    ]);
    expect(revocation[0]?.evidence).toEqual(ofDoctor.raw);
    expect(revocation[0]?.evidenceCertificates?.[0]?.fingerprint).toBe(responder.certificate.fingerprint);
    expect(revocation[3]?.vouchesFor?.fingerprint).toBe(doctor.certificate.fingerprint);
  });

  it('is judged at a moment: good before the revocation, revoked after it', async () => {
    const crls = [await list(root), await list(ca, [{ party: doctor, at: later(2), reason: 1 }], later(3))];
    const before = judge({ crls }, later(1));
    expect(before.problems).toEqual([]);
    expect(before.revocation[0]).toMatchObject({ status: 'good', revokedAt: later(2), reason: 1 });
    expect(judge({ crls }, later(2)).problems).toEqual(['REVOKED']);
    expect(judge({ crls }, later(10)).revocation[0]).toMatchObject({
      source: 'crl',
      status: 'revoked',
      revokedAt: later(2),
    });
  });

  it('of a revoked authority is revoked', async () => {
    const crls = [await list(root, [{ party: ca, at: NOW }]), await list(ca)];
    expect(judge({ crls }).problems).toEqual(['REVOKED']);
  });

  it('believes a revocation although a newer answer says good, except for a hold that ended', async () => {
    const ofCa = await list(root);
    const newer = await answer(responder, { thisUpdate: later(5) });
    const revoked = await list(ca, [{ party: doctor, at: NOW, reason: 1 }]);
    expect(judge({ ocsps: [newer], crls: [ofCa, revoked] }, later(6)).problems).toEqual(['REVOKED']);
    const held = await list(ca, [{ party: doctor, at: NOW, reason: 6 }]);
    expect(judge({ ocsps: [newer], crls: [ofCa, held] }, later(6)).problems).toEqual([]);
    expect(judge({ crls: [ofCa, held] }, later(6)).problems).toEqual(['REVOKED']);
  });

  it('does not believe a responder that was revoked', async () => {
    const plain = await issue({ subject: 'OCSP 2', issuer: ca, extendedKeyUsage: OCSP_PURPOSE });
    const ocsps = [await answer(plain)];
    const ofCa = await list(root);
    expect(judge({ ocsps, crls: [ofCa, await list(ca, [{ party: plain, at: NOW }])] }).revocation[0]?.source).toBe(
      'crl',
    );
    const good = judge({ ocsps, crls: [ofCa] });
    expect(good.problems).toEqual([]);
    expect(good.revocation.at(-1)).toMatchObject({ source: 'none', status: 'unknown', certificate: plain.certificate });
    const vouched = await answer(ca, { about: plain });
    expect(judge({ ocsps: [...ocsps, vouched], crls: [ofCa] }).revocation.at(-1)).toMatchObject({
      source: 'ocsp',
      status: 'good',
    });
  });

  it('does not believe a list by the wrong key', async () => {
    const impostor: Party = { ...ca, keys: doctor.keys };
    expect(judge({ crls: [await list(root), await list(impostor)] }).problems).toEqual(['REVOCATION_UNKNOWN']);
  });
});

describe('a list', () => {
  it('finds each of its many serials, and no other', async () => {
    const revoked = Array.from({ length: 3000 }, (_, i) => ({
      serial: (0x7f00 + i * 3).toString(16),
      at: NOW,
      ...(i % 3 === 0 ? { reason: i % 11 } : {}),
    }));
    const crl = parseCrl(
      await buildCrl({
        issuer: ca.certificate,
        thisUpdate: NOW,
        nextUpdate: later(24),
        crlNumber: 1n << 70n,
        revoked,
        scheme: ca.scheme,
        sign: signerOf(ca).sign,
      }),
    );
    expect(crl.crlNumber).toBe(1n << 70n);
    expect(crl.unknownCriticalExtension).toBe(false);
    for (const { serial, reason } of revoked.map((entry) => ({ reason: undefined, ...entry })))
      expect(crl.find(serial)).toEqual({ at: NOW, reason });
    for (let serial = 0x7f01; serial < 0x8000; serial += 3) expect(crl.find(serial.toString(16))).toBeUndefined();
    expect(crl.find('-1')).toBeUndefined();
  });

  it('that is no list is refused', () => {
    expect(() => parseCrl(doctor.certificate.der)).toThrow('CRL_MALFORMED');
  });
});
