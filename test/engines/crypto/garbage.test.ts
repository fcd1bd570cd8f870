/** Whatever bytes come in, a parser answers with a typed error or with something that can be judged; it never crashes and never hangs. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildCrl,
  buildOcspRequest,
  buildOcspResponse,
  buildSignedData,
  buildTimestampRequest,
  buildTimestampResponse,
  buildTimestampToken,
  checkOcsp,
  checkSignedData,
  checkTimestampToken,
  createPkcs12,
  findPath,
  OID,
  ocspCertId,
  parseCertificate,
  parseCrl,
  parseOcspRequest,
  parseOcspResponse,
  parseSignedData,
  parseTimestampRequest,
  parseTimestampResponse,
  parseTimestampToken,
  signedAttributes,
} from '../../../src/engines/crypto/index.ts';
import { readPkcs12 } from '../../../src/engines/crypto/pkcs12-reader.ts';
import { AppError, digest } from '../../../src/shared/index.ts';
import { ECDSA, issue, NOW, type Party, signerOf } from './support/pki.ts';

const CONTENT = new Uint8Array([1, 2, 3]);
const IMPRINT = digest('SHA-256', CONTENT);

interface Kind {
  /** A good one to damage. */
  readonly sample: Uint8Array;
  /** Parses and judges; true if the answer was yes. */
  readonly judge: (bytes: Uint8Array) => boolean | Promise<boolean>;
}

let root: Party;
const kinds = new Map<string, Kind>();

beforeAll(async () => {
  root = await issue({ subject: 'Gốc' });
  const doctor = await issue({ subject: 'BS. Trần Văn Mẫu', issuer: root });
  const tsa = await issue({
    subject: 'TSA',
    issuer: root,
    extendedKeyUsage: { oids: [OID.timeStamping], critical: true },
  });
  const anchors = [root.certificate];
  const update = { thisUpdate: NOW, nextUpdate: new Date(NOW.getTime() + 86_400_000) };
  const attributes = signedAttributes({ messageDigest: IMPRINT, certificate: doctor.certificate, scheme: ECDSA });
  const cms = buildSignedData({
    attributes,
    signature: await signerOf(doctor).sign(attributes),
    scheme: ECDSA,
    certificates: [doctor.certificate],
  });
  const token = await buildTimestampToken(
    { policy: '1.2.3', digest: 'SHA-256', imprint: IMPRINT, serial: '1', time: NOW },
    signerOf(tsa),
  );
  const certId = ocspCertId(doctor.certificate, root.certificate);
  const ocsp = await buildOcspResponse(
    { answers: [{ certId, status: { kind: 'good' }, ...update }], producedAt: NOW },
    { ...signerOf(root), send: [] },
  );
  const crl = await buildCrl({
    issuer: root.certificate,
    ...update,
    crlNumber: 1n,
    revoked: [{ serial: '99', at: NOW, reason: 1 }],
    scheme: ECDSA,
    sign: signerOf(root).sign,
  });
  const path = (certificate = doctor.certificate, revocation = {}) =>
    findPath(certificate, { anchors, intermediates: [], at: NOW, revocation: { ocsps: [], crls: [], ...revocation } });
  const pathWithout = (bytes: Uint8Array) => findPath(parseCertificate(bytes), { anchors, intermediates: [], at: NOW });

  kinds.set('certificate', {
    sample: doctor.certificate.der,
    judge: (bytes) => pathWithout(bytes).problems.length === 0,
  });
  kinds.set('CMS', {
    sample: cms,
    judge(bytes) {
      const { intact, signatureValid, reasons } = checkSignedData(parseSignedData(bytes), CONTENT);
      return intact && signatureValid && reasons.length === 0;
    },
  });
  kinds.set('time-stamp token', {
    sample: token,
    judge(bytes) {
      const { intact, signatureValid, reasons } = checkTimestampToken(parseTimestampToken(bytes), IMPRINT);
      return intact && signatureValid && reasons.length === 0;
    },
  });
  kinds.set('time-stamp response', {
    sample: buildTimestampResponse({ status: 'granted', token }),
    judge: (bytes) => parseTimestampResponse(bytes) === undefined,
  });
  kinds.set('time-stamp request', {
    sample: buildTimestampRequest({ digest: 'SHA-256', imprint: IMPRINT, certReq: true }),
    judge: (bytes) => parseTimestampRequest(bytes) === undefined,
  });
  kinds.set('OCSP request', {
    sample: buildOcspRequest(doctor.certificate, root.certificate),
    judge: (bytes) => parseOcspRequest(bytes) === undefined,
  });
  kinds.set('OCSP response', {
    sample: ocsp,
    judge(bytes) {
      const response = parseOcspResponse(bytes);
      checkOcsp(response, doctor.certificate, root.certificate, NOW);
      return path(doctor.certificate, { ocsps: [response] }).problems.length === 0;
    },
  });
  kinds.set('CRL', {
    sample: crl,
    judge(bytes) {
      const list = parseCrl(bytes);
      list.find('99');
      return path(doctor.certificate, { crls: [list] }).problems.length === 0;
    },
  });
  const store = createPkcs12({
    privateKey: root.keys.privateKey,
    certificate: root.certificate,
    chain: [],
    password: 'x',
    iterations: 1,
  });
  kinds.set('key store', {
    sample: store,
    judge: async (bytes) => (await readPkcs12(bytes, 'x', async () => undefined)).keys.length === 0,
  });
});

const NAMES = [
  'certificate',
  'CMS',
  'time-stamp token',
  'time-stamp response',
  'time-stamp request',
  'OCSP request',
  'OCSP response',
  'CRL',
  'key store',
];

/** The judgement, or `undefined` for a typed refusal. Anything else thrown fails the test. */
async function outcome(kind: Kind, bytes: Uint8Array): Promise<boolean | undefined> {
  try {
    return await kind.judge(bytes);
  } catch (error) {
    if (error instanceof AppError && error.code !== 'INTERNAL') return undefined;
    throw error;
  }
}

describe.each(NAMES)('%s', (name) => {
  const kind = (): Kind => {
    const found = kinds.get(name);
    if (found === undefined) throw new Error(name);
    return found;
  };

  it('made of random bytes is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await outcome(kind(), bytes)).not.toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('cut short anywhere is refused', async () => {
    const { sample } = kind();
    for (let length = 0; length < sample.length; length += 7)
      expect(await outcome(kind(), sample.subarray(0, length))).toBeUndefined();
  });

  it('with bytes changed never crashes', async () => {
    const { sample } = kind();
    const change = fc.tuple(fc.nat(sample.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = new Uint8Array(sample);
        for (const [at, value] of changes) bytes[at] = value;
        await outcome(kind(), bytes);
      }),
      { numRuns: 400 },
    );
  });
});

describe('one flipped bit in what is signed', () => {
  it.each(['certificate', 'OCSP response', 'CRL'])('of a %s is never accepted', async (name) => {
    const kind = kinds.get(name);
    if (kind === undefined) throw new Error(name);
    expect(await outcome(kind, kind.sample)).toBe(true);
    for (let at = 0; at < kind.sample.length; at++) {
      const bytes = new Uint8Array(kind.sample);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      expect(await outcome(kind, bytes), `byte ${at}`).not.toBe(true);
    }
  });
});
