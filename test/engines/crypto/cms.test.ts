/** One signed content, then everything that can be wrong with a signature: each has its own reason, and none passes. */
import { constants, createPrivateKey, generateKeyPairSync, hash, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { pssParameters } from '../../../src/engines/crypto/algorithms.ts';
import {
  addUnsignedAttribute,
  buildSignedData,
  type Certificate,
  checkSignedData,
  children,
  contextTag,
  encode,
  OID,
  parseSignedData,
  rawSigner,
  readDer,
  type SigningScheme,
  schemeFor,
  signedAttributes,
  toDer,
} from '../../../src/engines/crypto/index.ts';
import { digest } from '../../../src/shared/index.ts';
import { ecKeys, issue, type Keys, type Party, rsaKeys } from './support/pki.ts';

const CONTENT = new TextEncoder().encode('Giấy ra viện');
const PKCS1: SigningScheme = { scheme: 'rsa-pkcs1', digest: 'SHA-256' };

let root: Party;
let rsa: Party;

beforeAll(async () => {
  root = await issue({ subject: 'Gốc' });
  rsa = await issue({ subject: 'BS. Trần Văn Mẫu', issuer: root, keys: rsaKeys() });
});

/** What a test may change before and after the signing. */
interface Twist {
  readonly scheme?: SigningScheme;
  readonly messageDigest?: Uint8Array;
  /** Signed attributes as written into the CMS; the signature is over `signedOver` if given, else over their DER. */
  readonly attributes?: (der: Uint8Array) => Uint8Array;
  readonly signedOver?: (attributes: Uint8Array) => Uint8Array;
  readonly certificates?: readonly Certificate[];
  readonly content?: Uint8Array;
  readonly contentType?: string;
}

async function signed(party: Party, twist: Twist = {}): Promise<Uint8Array> {
  const scheme = twist.scheme ?? party.scheme;
  const { certificate } = party;
  const messageDigest = twist.messageDigest ?? digest(scheme.digest, CONTENT);
  const der = signedAttributes({ messageDigest, certificate, scheme });
  const attributes = twist.attributes?.(der) ?? der;
  const over = twist.signedOver?.(attributes) ?? toDer(attributes);
  return buildSignedData({
    attributes,
    signature: await rawSigner(party.keys.privateKey, scheme)(over),
    scheme,
    certificates: twist.certificates ?? [certificate, root.certificate],
    ...(twist.content === undefined ? {} : { content: twist.content }),
    ...(twist.contentType === undefined ? {} : { contentType: twist.contentType }),
  });
}

const check = (cms: Uint8Array) => checkSignedData(parseSignedData(cms), CONTENT);
const without = (oid: string) => (attributes: Uint8Array) =>
  encode.setOf(
    children(readDer(attributes)).flatMap(({ raw, content }) => (indexOf(content, encode.oid(oid)) === 0 ? [] : [raw])),
  );
const adding = (oid: string, value: Uint8Array) => (attributes: Uint8Array) =>
  encode.setOf([
    ...children(readDer(attributes)).map(({ raw }) => raw),
    encode.sequence(encode.oid(oid), encode.setOf([value])),
  ]);
const indexOf = (bytes: Uint8Array, part: Uint8Array) => Buffer.from(bytes).indexOf(part);

describe('a good signature', () => {
  const GOOD = { intact: true, signatureValid: true, reasons: [], notices: [] };

  it.each<[string, () => Keys, SigningScheme]>([
    ['RSA PKCS #1 v1.5 with SHA-256', rsaKeys, PKCS1],
    ['RSA PKCS #1 v1.5 with SHA-512', rsaKeys, { scheme: 'rsa-pkcs1', digest: 'SHA-512' }],
    ['RSA-PSS with SHA-256', rsaKeys, { scheme: 'rsa-pss', digest: 'SHA-256' }],
    ['RSA-PSS with SHA-384', rsaKeys, { scheme: 'rsa-pss', digest: 'SHA-384' }],
    ['ECDSA P-256', () => ecKeys('P-256'), { scheme: 'ecdsa', digest: 'SHA-256' }],
    ['ECDSA P-384', () => ecKeys('P-384'), { scheme: 'ecdsa', digest: 'SHA-384' }],
    ['ECDSA P-521', () => ecKeys('P-521'), { scheme: 'ecdsa', digest: 'SHA-512' }],
  ])('verifies: %s', async (_name, keys, scheme) => {
    const party = await issue({ subject: 'Người ký', issuer: root, keys: keys() });
    const cms = await signed(party, { scheme });
    expect(check(cms)).toMatchObject(GOOD);
    expect(check(cms).signer?.fingerprint).toBe(party.certificate.fingerprint);
    expect(readDer(cms).ber).toBe(false);
  });

  it('carries exactly the four attributes of a PAdES signature, and the whole chain', async () => {
    const { signerInfos, certificates } = parseSignedData(await signed(rsa));
    expect(signerInfos[0]?.signedAttributes.map(({ oid }) => oid).toSorted()).toEqual(
      [OID.contentType, OID.messageDigest, OID.signingCertificateV2, OID.algorithmProtection].toSorted(),
    );
    expect(certificates).toHaveLength(2);
  });

  it('takes the digest of the content from a function, for contents of several parts', async () => {
    const { reasons } = checkSignedData(parseSignedData(await signed(rsa)), (name) =>
      digest(name === 'SHA-1' ? 'SHA-256' : name, CONTENT),
    );
    expect(reasons).toEqual([]);
  });

  it('stays as it is when an unsigned attribute is added', async () => {
    const before = await signed(rsa);
    const after = addUnsignedAttribute(
      addUnsignedAttribute(before, OID.signatureTimestamp, encode.integer(1)),
      OID.signatureTimestamp,
      encode.integer(2),
    );
    expect(check(after)).toMatchObject(GOOD);
    expect(parseSignedData(after).signerInfos[0]?.unsignedAttributes.map(({ oid }) => oid)).toEqual([
      OID.signatureTimestamp,
      OID.signatureTimestamp,
    ]);
    expect(parseSignedData(after).signerInfos[0]?.signature).toEqual(parseSignedData(before).signerInfos[0]?.signature);
  });

  it('may be padded with zeros, as /Contents pads it; anything else is counted', async () => {
    const cms = await signed(rsa);
    expect(parseSignedData(Buffer.concat([cms, Buffer.alloc(500)])).trailing).toBe(0);
    const noisy = parseSignedData(Buffer.concat([cms, Buffer.from([0, 0, 7, 0])]));
    expect(noisy.trailing).toBe(3);
    expect(checkSignedData(noisy, CONTENT).notices).toContain('TRAILING_BYTES_IN_CMS');
  });

  it('may stand in BER, with a notice', async () => {
    const cms = await signed(rsa);
    // ContentInfo and its explicit tag with indefinite lengths.
    const [type, content] = children(readDer(cms));
    const [signedData] = content === undefined ? [] : children(content);
    const end = new Uint8Array(2);
    const ber = Buffer.concat([
      Buffer.from('3080', 'hex'),
      type?.raw ?? end,
      Buffer.from('a080', 'hex'),
      signedData?.raw ?? end,
      end,
      end,
    ]);
    expect(check(ber)).toMatchObject({ ...GOOD, notices: ['BER_ENCODING'] });
    expect(check(addUnsignedAttribute(ber, OID.signatureTimestamp, encode.null()))).toMatchObject(GOOD);
  });

  it('may state a signing time, with a notice', async () => {
    const cms = await signed(rsa, { attributes: adding(OID.signingTime, encode.time(new Date('2026-11-25'))) });
    expect(check(cms)).toMatchObject({ ...GOOD, notices: ['SIGNING_TIME_PRESENT'] });
  });

  it('without a signing-certificate attribute is a signature, but no PAdES one', async () => {
    expect(check(await signed(rsa, { attributes: without(OID.signingCertificateV2) }))).toMatchObject({
      ...GOOD,
      notices: ['SIGNING_CERTIFICATE_ABSENT'],
    });
    expect(check(await signed(rsa, { attributes: without(OID.algorithmProtection) }))).toMatchObject(GOOD);
  });
});

describe('a bad signature', () => {
  it('over other content', async () => {
    const cms = parseSignedData(await signed(rsa));
    expect(checkSignedData(cms, new TextEncoder().encode('Giấy vào viện'))).toMatchObject({
      intact: false,
      signatureValid: true,
      reasons: ['MESSAGE_DIGEST_MISMATCH'],
    });
    expect(checkSignedData(cms, undefined).reasons).toEqual(['CONTENT_MISSING']);
  });

  it('with one bit of its value flipped', async () => {
    const cms = await signed(rsa);
    cms[cms.length - 1] = (cms.at(-1) ?? 0) ^ 1;
    expect(check(cms)).toMatchObject({ intact: true, signatureValid: false, reasons: ['SIGNATURE_VALUE_WRONG'] });
  });

  it('by another key under the same certificate', async () => {
    const impostor = { ...rsa, keys: rsaKeys() };
    expect(check(await signed(impostor)).reasons).toEqual(['SIGNATURE_VALUE_WRONG']);
  });

  it('whose certificate was swapped for another one of the same key', async () => {
    const twin = await issue({
      subject: 'BS. Trần Văn Mẫu',
      issuer: root,
      keys: rsa.keys,
      serial: rsa.certificate.serial,
      notAfter: new Date('2040-01-01'),
    });
    const result = check(await signed(rsa, { certificates: [twin.certificate, root.certificate] }));
    expect(result).toMatchObject({ signatureValid: true, reasons: ['SIGNING_CERTIFICATE_MISMATCH'] });
  });

  it('finds its signer beside a look-alike of the same issuer and serial', async () => {
    const twin = await issue({
      subject: 'BS. Trần Văn Mẫu',
      issuer: root,
      keys: rsaKeys(),
      serial: rsa.certificate.serial,
    });
    const result = check(await signed(rsa, { certificates: [rsa.certificate, twin.certificate] }));
    expect(result.signer?.fingerprint).toBe(rsa.certificate.fingerprint);
    expect(result.reasons).toEqual([]);
  });

  it('without the certificate of its signer, unless the caller has it', async () => {
    const cms = await signed(rsa);
    const bare = parseSignedData(cms);
    const stripped = { ...bare, certificates: [root.certificate] };
    expect(checkSignedData(stripped, CONTENT).reasons).toEqual(['SIGNER_CERTIFICATE_MISSING']);
    expect(checkSignedData(stripped, CONTENT, { certificates: [rsa.certificate] }).reasons).toEqual([]);
  });

  it('that holds content although it is to be detached', async () => {
    expect(check(await signed(rsa, { content: CONTENT })).reasons).toEqual(['CONTENT_NOT_DETACHED']);
  });

  it('about another type of content', async () => {
    expect(check(await signed(rsa, { contentType: OID.tstInfo })).reasons).toEqual(['CONTENT_TYPE_MISMATCH']);
  });

  it('with an attribute twice, or none of those CMS demands', async () => {
    const twice = adding(OID.messageDigest, encode.octetString(digest('SHA-256', CONTENT)));
    expect(check(await signed(rsa, { attributes: twice })).reasons).toEqual(['ATTRIBUTE_MALFORMED']);
    expect(check(await signed(rsa, { attributes: without(OID.messageDigest) })).reasons).toEqual([
      'ATTRIBUTE_MALFORMED',
    ]);
    const bare = parseSignedData(await signed(rsa));
    const signerInfos = bare.signerInfos.map((info) => ({
      ...info,
      signedAttributesDer: undefined,
      signedAttributes: [],
    }));
    expect(checkSignedData({ ...bare, signerInfos }, CONTENT).reasons).toEqual(['SIGNED_ATTRIBUTES_MISSING']);
  });

  it('with no signer or with two', async () => {
    const one = parseSignedData(await signed(rsa));
    expect(checkSignedData({ ...one, signerInfos: [] }, CONTENT).reasons).toEqual(['SIGNER_COUNT']);
    expect(checkSignedData({ ...one, signerInfos: [...one.signerInfos, ...one.signerInfos] }, CONTENT).reasons).toEqual(
      ['SIGNER_COUNT'],
    );
  });

  it('whose algorithm was changed after signing (RFC 6211)', async () => {
    const scheme: SigningScheme = { scheme: 'rsa-pss', digest: 'SHA-256' };
    const cms = parseSignedData(await signed(rsa, { scheme }));
    const signerInfos = cms.signerInfos.map((info) => ({
      ...info,
      signatureAlgorithm: { ...scheme, mgfDigest: 'SHA-256', saltLength: 20 } as const,
    }));
    expect(checkSignedData({ ...cms, signerInfos }, CONTENT).reasons).toContain('ALGORITHM_PROTECTION_MISMATCH');
  });

  it('whose attributes are no DER: judged over their DER (RFC 5652 §5.4)', async () => {
    const unsorted = (attributes: Uint8Array) =>
      encode.element(
        0x31,
        ...children(readDer(attributes))
          .map(({ raw }) => raw)
          .toReversed(),
      );
    const right = check(await signed(rsa, { attributes: unsorted }));
    expect(right).toMatchObject({ signatureValid: true, reasons: [], notices: ['SIGNED_ATTRIBUTES_NOT_DER'] });
    const rawOnly = check(await signed(rsa, { attributes: unsorted, signedOver: (raw) => raw }));
    expect(rawOnly).toMatchObject({ signatureValid: false, reasons: ['FORMAT_FAILURE'] });
  });
});

describe('algorithms', () => {
  /** A CMS with a signature made by hand, in an algorithm the product itself never signs with. */
  function signedBy(party: Party, name: string, algorithm: Uint8Array, digestOid: string, options: object): Uint8Array {
    const contentDigest =
      name === 'sha1' ? new Uint8Array(hash('sha1', CONTENT, 'buffer')) : digest('SHA-256', CONTENT);
    const attributes = encode.setOf([
      encode.sequence(encode.oid(OID.contentType), encode.setOf([encode.oid(OID.data)])),
      encode.sequence(encode.oid(OID.messageDigest), encode.setOf([encode.octetString(contentDigest)])),
    ]);
    const value = new Uint8Array(sign(name, attributes, { key: party.keys.privateKey, ...options }));
    const implicit = new Uint8Array(attributes);
    implicit[0] = contextTag(0);
    const digestAlgorithm = encode.sequence(encode.oid(digestOid));
    const { issuer, serial, der: certificate } = party.certificate;
    const sid = encode.sequence(issuer.der, encode.integerHex(serial));
    const signerInfo = encode.sequence(
      encode.integer(1),
      sid,
      digestAlgorithm,
      implicit,
      algorithm,
      encode.octetString(value),
    );
    const signedData = encode.sequence(
      encode.integer(1),
      encode.setOf([digestAlgorithm]),
      encode.sequence(encode.oid(OID.data)),
      encode.context(0, certificate),
      encode.setOf([signerInfo]),
    );
    return encode.sequence(encode.oid(OID.signedData), encode.context(0, signedData));
  }

  const pss = (mgf: 'SHA-1' | 'SHA-256', salt: number) =>
    encode.sequence(encode.oid(OID.rsaPss), pssParameters('SHA-256', mgf, salt));
  const pssOptions = (saltLength: number) => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

  it('PSS whose mask uses another digest than the message verifies under exactly these parameters', () => {
    // OpenSSL signs so only with a key that is wrapped as id-RSASSA-PSS; the certificate keeps the plain one.
    const [version, , key] = children(
      readDer(new Uint8Array(rsa.keys.privateKey.export({ format: 'der', type: 'pkcs8' }))),
    );
    const pkcs8 = encode.sequence(version?.raw ?? CONTENT, pss('SHA-1', 32), key?.raw ?? CONTENT);
    const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
    const wrapped = { ...rsa, keys: { ...rsa.keys, privateKey } };
    const make = (mgf: 'SHA-1' | 'SHA-256', salt: number) =>
      signedBy(wrapped, 'sha256', pss(mgf, salt), OID.sha256, pssOptions(32));
    expect(check(make('SHA-1', 32))).toMatchObject({ signatureValid: true, reasons: [] });
    expect(check(make('SHA-256', 32)).reasons).toEqual(['SIGNATURE_VALUE_WRONG']);
    expect(check(make('SHA-1', 20)).reasons).toEqual(['SIGNATURE_VALUE_WRONG']);
  });

  it('that a PSS key does not allow are refused, although the value is right', async () => {
    const keys = generateKeyPairSync('rsa-pss', {
      modulusLength: 2048,
      hashAlgorithm: 'sha256',
      mgf1HashAlgorithm: 'sha256',
    });
    const party = await issue({ subject: 'Khoá PSS', issuer: root, keys });
    expect(schemeFor(party.certificate)).toEqual({ scheme: 'rsa-pss', digest: 'SHA-256' });
    const make = (mgf: 'SHA-1' | 'SHA-256', salt: number) =>
      signedBy(party, 'sha256', pss(mgf, salt), OID.sha256, pssOptions(salt));
    expect(check(make('SHA-256', 32))).toMatchObject({ signatureValid: true, reasons: [] });
    expect(check(make('SHA-1', 32)).reasons).toEqual(['SIGNATURE_VALUE_WRONG']);
    const plainAlgorithm = encode.sequence(encode.oid(OID.sha256WithRsa), encode.null());
    expect(check(signedBy(party, 'sha256', plainAlgorithm, OID.sha256, pssOptions(32))).reasons).toEqual([
      'SIGNATURE_VALUE_WRONG',
    ]);
  });

  it('SHA-1 and RSA below 2048 bits verify, but are called weak', async () => {
    const sha1 = encode.sequence(encode.oid(OID.sha1WithRsa), encode.null());
    expect(check(signedBy(rsa, 'sha1', sha1, OID.sha1, {}))).toMatchObject({
      signatureValid: true,
      reasons: ['WEAK_ALGORITHM'],
    });
    const small = await issue({ subject: 'Khoá ngắn', issuer: root, keys: rsaKeys(1024) });
    expect(check(await signed(small, { scheme: PKCS1 }))).toMatchObject({
      signatureValid: true,
      reasons: ['WEAK_ALGORITHM'],
    });
    expect(() => schemeFor(small.certificate)).toThrow('KEY_UNSUPPORTED');
  });

  it('of two digests in one signature is a mismatch', async () => {
    const sha512 = encode.sequence(encode.oid(OID.sha512WithRsa), encode.null());
    expect(check(signedBy(rsa, 'sha512', sha512, OID.sha256, {})).reasons).toContain('DIGEST_ALGORITHM_MISMATCH');
  });

  it('unknown to us are named so', async () => {
    const unknown = encode.sequence(encode.oid('1.2.3.4'));
    expect(check(signedBy(rsa, 'sha256', unknown, OID.sha256, {}))).toMatchObject({
      signatureValid: false,
      reasons: ['ALGORITHM_UNSUPPORTED'],
    });
    expect(check(signedBy(rsa, 'sha256', unknown, '1.2.3.4', {})).reasons).toContain('ALGORITHM_UNSUPPORTED');
  });

  it('to sign with follow the key: PSS for RSA, the digest of the curve for ECDSA', async () => {
    expect(schemeFor(rsa.certificate)).toEqual({ scheme: 'rsa-pss', digest: 'SHA-256' });
    for (const [curve, name] of [
      ['P-256', 'SHA-256'],
      ['P-384', 'SHA-384'],
      ['P-521', 'SHA-512'],
    ] as const) {
      const { certificate } = await issue({ subject: curve, issuer: root, keys: ecKeys(curve) });
      expect(schemeFor(certificate)).toEqual({ scheme: 'ecdsa', digest: name });
    }
    expect(() => rawSigner(root.keys.privateKey, PKCS1)(CONTENT)).toThrow('KEY_UNSUPPORTED');
  });
});

it('what is no SignedData is refused', () => {
  for (const bytes of [
    new Uint8Array(),
    CONTENT,
    encode.sequence(encode.oid(OID.data), encode.context(0, encode.octetString(CONTENT))),
  ])
    expect(() => parseSignedData(bytes)).toThrow('CMS_MALFORMED');
  expect(() => addUnsignedAttribute(CONTENT, OID.signatureTimestamp, CONTENT)).toThrow('CMS_MALFORMED');
});
