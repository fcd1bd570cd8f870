/** Paths a hospital really meets, and heaps of certificates made to exhaust whoever searches them. (RFC 5280 itself: nist-pkits.test.ts.) */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Certificate,
  encode,
  findPath,
  OID,
  parseCertificate,
  parsePem,
  toPem,
} from '../../../src/engines/crypto/index.ts';
import { ecKeys, extension, issue, NOW, type Party, rsaKeys } from './support/pki.ts';

let neac: Party;
let government: Party;
let ca: Party;
let doctor: Party;

beforeAll(async () => {
  neac = await issue({ subject: 'NEAC mẫu' });
  government = await issue({ subject: 'Chính phủ mẫu' });
  ca = await issue({ subject: 'CA công cộng mẫu', issuer: neac, ca: true, pathLength: 0 });
  doctor = await issue({ subject: 'BS. Trần Văn Mẫu', issuer: ca });
});

function path(party: Party | Certificate, anchors: Party[], intermediates: Party[], at = NOW) {
  return findPath('certificate' in party ? party.certificate : party, {
    anchors: anchors.map(({ certificate }) => certificate),
    intermediates: intermediates.map(({ certificate }) => certificate),
    at,
  });
}
const names = (certificates: readonly Certificate[] | undefined) =>
  certificates?.map(({ subject }) => subject.attributes.get('CN')?.[0]);

describe('a path', () => {
  it('leads from the doctor to the right one of several anchors, and says which', () => {
    const result = path(doctor, [government, neac], [ca]);
    expect(result.problems).toEqual([]);
    expect(names(result.path)).toEqual(['BS. Trần Văn Mẫu', 'CA công cộng mẫu', 'NEAC mẫu']);
    expect(result.anchor?.fingerprint).toBe(neac.certificate.fingerprint);
    expect(result.revocation).toEqual([]);
  });

  it('is missing when no anchor, or not the right one, is known', () => {
    expect(path(doctor, [government], [ca]).problems).toEqual(['NO_CHAIN']);
    expect(path(doctor, [neac], []).problems).toEqual(['NO_CHAIN']);
    expect(path(government, [neac], [government]).problems).toEqual(['NO_CHAIN']);
  });

  it('is no path when the name fits but the key did not sign', async () => {
    const impostor = await issue({ subject: 'CA công cộng mẫu', issuer: government, ca: true });
    expect(path(doctor, [government], [impostor]).problems).toEqual(['BAD_SIGNATURE']);
  });

  it('may end at an authority below the root, or be a trusted certificate alone', () => {
    expect(path(doctor, [ca], []).path).toHaveLength(2);
    expect(path(neac, [neac], []).problems).toEqual([]);
    expect(path(neac, [neac], [], new Date('2050-01-01')).problems).toEqual(['EXPIRED']);
  });

  it('finds its way through an authority with a new key, and through a cross-certificate', async () => {
    const renewed = await issue({ subject: 'CA công cộng mẫu', issuer: neac, ca: true });
    const young = await issue({ subject: 'BS. Lê Thị Mẫu', issuer: renewed });
    expect(path(young, [neac], [ca, renewed]).problems).toEqual([]);
    expect(path(doctor, [neac], [renewed, ca]).problems).toEqual([]);
    const cross = await issue({ subject: 'NEAC mẫu', issuer: government, ca: true, keys: neac.keys });
    expect(names(path(doctor, [government], [ca, cross]).path)).toEqual([
      'BS. Trần Văn Mẫu',
      'CA công cộng mẫu',
      'NEAC mẫu',
      'Chính phủ mẫu',
    ]);
  });

  it('is judged at the moment asked for', () => {
    expect(path(doctor, [neac], [ca], new Date('2025-06-01')).problems).toEqual(['NOT_YET_VALID']);
    expect(path(doctor, [neac], [ca], new Date('2040-06-01')).problems).toEqual(['EXPIRED']);
  });

  it('prefers the branch without fault', async () => {
    const expired = await issue({
      subject: 'CA công cộng mẫu',
      issuer: neac,
      ca: true,
      keys: ca.keys,
      notAfter: new Date('2026-02-01'),
    });
    expect(path(doctor, [neac], [expired, ca]).problems).toEqual([]);
    expect(path(doctor, [neac], [expired]).problems).toEqual(['EXPIRED']);
  });

  it('does not lead through people, nor deeper than an authority allows', async () => {
    const byPerson = await issue({ subject: 'Con', issuer: doctor });
    expect(path(byPerson, [neac], [ca, doctor]).problems).toEqual(['NOT_A_CA', 'KEY_USAGE', 'PATH_LENGTH']);
    const below = await issue({ subject: 'CA con', issuer: ca, ca: true });
    expect(path(await issue({ subject: 'Xa', issuer: below }), [neac], [ca, below]).problems).toEqual(['PATH_LENGTH']);
  });

  it('stops at a critical extension nobody knows', async () => {
    const strange = await issue({ subject: 'Lạ', issuer: ca, extensions: [extension('1.2.3.4', encode.null(), true)] });
    expect(path(strange, [neac], [ca]).problems).toEqual(['UNKNOWN_CRITICAL_EXTENSION']);
    const harmless = await issue({ subject: 'Lạ', issuer: ca, extensions: [extension('1.2.3.4', encode.null())] });
    expect(path(harmless, [neac], [ca]).problems).toEqual([]);
  });

  it('serves a purpose only if the certificate states it', async () => {
    const tsa = await issue({
      subject: 'TSA',
      issuer: ca,
      extendedKeyUsage: { oids: [OID.timeStamping], critical: true },
    });
    const anything = await issue({
      subject: 'Mọi thứ',
      issuer: ca,
      extendedKeyUsage: { oids: [OID.anyExtendedKeyUsage], critical: false },
    });
    const judge = ({ certificate }: Party) =>
      findPath(certificate, {
        anchors: [neac.certificate],
        intermediates: [ca.certificate],
        at: NOW,
        extendedKeyUsage: OID.timeStamping,
      }).problems;
    expect(judge(tsa)).toEqual([]);
    expect(judge(anything)).toEqual(['EXTENDED_KEY_USAGE']);
    expect(judge(doctor)).toEqual(['EXTENDED_KEY_USAGE']);
  });

  it('obeys constraints on IP addresses', async () => {
    const permitted = encode.sequence(encode.contextPrimitive(7, new Uint8Array([10, 0, 0, 0, 255, 0, 0, 0])));
    const constraints = extension(OID.nameConstraints, encode.sequence(encode.context(0, permitted)), true);
    const inner = await issue({ subject: 'CA mạng', issuer: neac, ca: true, extensions: [constraints] });
    const server = async (...address: number[]) =>
      issue({
        subject: 'Máy chủ',
        issuer: inner,
        extensions: [
          extension(OID.subjectAltName, encode.sequence(encode.contextPrimitive(7, new Uint8Array(address)))),
        ],
      });
    expect(path(await server(10, 1, 2, 3), [neac], [inner]).problems).toEqual([]);
    expect(path(await server(11, 1, 2, 3), [neac], [inner]).problems).toEqual(['NAME_CONSTRAINTS']);
    expect(path(await server(...new Array(16).fill(10)), [neac], [inner]).problems).toEqual(['NAME_CONSTRAINTS']);
  });

  it('names the certificates too weak to rely on', async () => {
    const weak = await issue({ subject: 'Khoá ngắn', issuer: ca, keys: rsaKeys(1024) });
    const result = path(weak, [neac], [ca]);
    expect(result.problems).toEqual([]);
    expect(names(result.weak)).toEqual(['Khoá ngắn']);
    expect(path(doctor, [neac], [ca]).weak).toEqual([]);
  });
});

describe('hostile heaps', () => {
  it('of authorities that certify each other in circles end', async () => {
    const keys = [ecKeys(), ecKeys(), ecKeys()];
    const circle: Party[] = [];
    for (const [i, mine] of keys.entries())
      for (const [j, other] of keys.entries()) {
        if (i === j) continue;
        const issuer = await issue({ subject: `Vòng ${j}`, keys: other });
        circle.push(await issue({ subject: `Vòng ${i}`, keys: mine, issuer, ca: true }));
      }
    const start = circle[0];
    if (start === undefined) throw new Error('no circle');
    const victim = await issue({ subject: 'Nạn nhân', issuer: start });
    expect(path(victim, [neac], circle).problems).toEqual(['NO_CHAIN']);
  });

  it('of many look-alikes stop at the limit', async () => {
    // Each level has several authorities of one name and key: paths multiply.
    const levels: Party[][] = [];
    let issuer: Party | undefined;
    for (let level = 0; level < 8; level++) {
      const keys = ecKeys();
      const row: Party[] = [];
      for (let i = 0; i < 5; i++) {
        const parent: Party = issuer ?? (await issue({ subject: 'Không ai tin', keys }));
        row.push(await issue({ subject: `Tầng ${level}`, issuer: parent, keys, ca: true }));
      }
      levels.push(row);
      issuer = row[0];
    }
    const last = levels.at(-1)?.[0];
    if (last === undefined) throw new Error('no levels');
    const victim = await issue({ subject: 'Nạn nhân', issuer: last });
    expect(path(victim, [neac], levels.flat()).problems).toEqual(['SEARCH_LIMIT']);
  });
});

describe('a certificate', () => {
  it('shows Vietnamese names as RFC 4514 writes them', async () => {
    const { certificate } = await issue({
      subject: [
        ['C', 'VN'],
        ['O', 'Bệnh viện Đa khoa Minh Hoạ'],
        ['UID', 'CCCD:001099000001'],
        ['CN', 'BS. Trần Văn Mẫu, "Trưởng khoa"'],
      ],
      issuer: ca,
    });
    expect(certificate.subject.text).toBe(
      'CN=BS. Trần Văn Mẫu\\, \\"Trưởng khoa\\",UID=CCCD:001099000001,O=Bệnh viện Đa khoa Minh Hoạ,C=VN',
    );
    expect(certificate.subject.attributes.get('UID')).toEqual(['CCCD:001099000001']);
  });

  it('travels as PEM, is the same object for the same bytes, and keeps no larger buffer alive', () => {
    const [again, issuer] = parsePem(`Chuỗi:\n${toPem(doctor.certificate, ca.certificate)}`);
    expect(again).toBe(doctor.certificate);
    expect(issuer?.fingerprint).toBe(ca.certificate.fingerprint);
    const large = new Uint8Array(100_000);
    large.set(doctor.certificate.der, 500);
    expect(parseCertificate(large.subarray(500, 500 + doctor.certificate.der.length))).toBe(doctor.certificate);
    expect(doctor.certificate.der.buffer.byteLength).toBe(doctor.certificate.der.length);
  });

  it('that is none is refused', () => {
    expect(() => parseCertificate(new Uint8Array([0x30, 0]))).toThrow('CERTIFICATE_MALFORMED');
    expect(() => parsePem('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toThrow(
      'CERTIFICATE_MALFORMED',
    );
    expect(parsePem('không có gì')).toEqual([]);
  });
});
