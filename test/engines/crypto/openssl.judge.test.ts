/** OpenSSL judges what we make, and we read what OpenSSL makes. Each judge also refuses a planted bad one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildCrl,
  buildOcspResponse,
  buildSignedData,
  buildTimestampRequest,
  buildTimestampResponse,
  buildTimestampToken,
  createPkcs12,
  encode,
  OID,
  ocspCertId,
  openPkcs12,
  openPkcs12Key,
  parseCrl,
  parseOcspRequest,
  rawSigner,
  type SigningScheme,
  signedAttributes,
  toPem,
} from '../../../src/engines/crypto/index.ts';
import { digest } from '../../../src/shared/index.ts';
import { ecKeys, extension, issue, type Party, rsaKeys, signerOf } from './support/pki.ts';

const CONTENT = new TextEncoder().encode('Giấy ra viện');
const PASSWORD = 'mật khẩu Ấn Tín';
let folder: string;
let root: Party;
let doctor: Party;
let tsa: Party;

const file = (name: string) => join(folder, name);
const put = (name: string, content: Uint8Array | string): string => {
  writeFileSync(file(name), content);
  return file(name);
};
/** Exit status and everything it printed. */
function openssl(...options: string[]): { status: number | null; text: string } {
  const run = spawnSync('openssl', options, { encoding: 'utf8' });
  return { status: run.status, text: run.stdout + run.stderr };
}
const flipped = (bytes: Uint8Array, at = bytes.length - 1): Uint8Array => {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'antin-openssl-'));
  // OpenSSL wants key identifiers on authorities that sign lists and answers.
  root = await issue({
    subject: 'Gốc',
    extensions: [extension(OID.subjectKeyIdentifier, encode.octetString(new Uint8Array(20).fill(7)))],
  });
  doctor = await issue({ subject: 'BS. Trần Văn Mẫu', issuer: root, keys: rsaKeys() });
  tsa = await issue({
    subject: 'TSA',
    issuer: root,
    keyUsage: [0],
    extendedKeyUsage: { oids: [OID.timeStamping], critical: true },
  });
  put('root.pem', toPem(root.certificate));
  put('doctor.pem', toPem(doctor.certificate));
  put('doctor.key', doctor.keys.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  put('content', CONTENT);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('openssl cms -verify -cades', () => {
  it.each<[string, () => ReturnType<typeof rsaKeys>, SigningScheme]>([
    ['RSA PKCS #1 v1.5', rsaKeys, { scheme: 'rsa-pkcs1', digest: 'SHA-256' }],
    ['RSA-PSS SHA-256', rsaKeys, { scheme: 'rsa-pss', digest: 'SHA-256' }],
    ['RSA-PSS SHA-512', rsaKeys, { scheme: 'rsa-pss', digest: 'SHA-512' }],
    ['ECDSA P-256', ecKeys, { scheme: 'ecdsa', digest: 'SHA-256' }],
    ['ECDSA P-384', () => ecKeys('P-384'), { scheme: 'ecdsa', digest: 'SHA-384' }],
  ])('accepts %s, and not with one bit changed', async (_name, makeKeys, scheme) => {
    const party = await issue({ subject: 'Người ký', issuer: root, keys: makeKeys() });
    const { certificate } = party;
    const attributes = signedAttributes({ messageDigest: digest(scheme.digest, CONTENT), certificate, scheme });
    const signature = await rawSigner(party.keys.privateKey, scheme)(attributes);
    const cms = buildSignedData({ attributes, signature, scheme, certificates: [certificate, root.certificate] });
    const verify = (der: Uint8Array) =>
      openssl(
        'cms',
        '-verify',
        '-cades',
        '-binary',
        '-inform',
        'DER',
        '-in',
        put('a.cms', der),
        '-content',
        file('content'),
        '-CAfile',
        file('root.pem'),
        '-purpose',
        'any',
        '-out',
        file('out'),
      );
    expect(verify(cms)).toMatchObject({ status: 0, text: expect.stringContaining('successful') });
    expect(verify(flipped(cms)).status).not.toBe(0);
  });
});

describe('openssl ts', () => {
  it('asks as we ask, and accepts our answer for its data only', async () => {
    const imprint = digest('SHA-256', CONTENT);
    const nonce = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    const query = put('a.tsq', buildTimestampRequest({ digest: 'SHA-256', imprint, nonce, certReq: true }));
    expect(openssl('ts', '-query', '-in', query, '-text').text).toContain('Certificate required: yes');
    const token = await buildTimestampToken(
      {
        policy: '1.3.6.1.4.1.99999.1',
        digest: 'SHA-256',
        imprint,
        serial: 'a1',
        time: new Date('2026-11-25T08:00:00.5Z'),
        accuracyMs: 1250,
        nonce,
      },
      signerOf(tsa, root),
    );
    const response = put('a.tsr', buildTimestampResponse({ status: 'granted', token }));
    expect(openssl('ts', '-reply', '-in', response, '-text').text).toContain('Accuracy: 0x01 seconds, 0xFA millis');
    const verify = (...how: string[]) => openssl('ts', '-verify', '-in', response, '-CAfile', file('root.pem'), ...how);
    expect(verify('-queryfile', query)).toMatchObject({ status: 0, text: expect.stringContaining('Verification: OK') });
    expect(verify('-data', file('content')).status).toBe(0);
    expect(verify('-data', file('root.pem')).status).not.toBe(0);
  });
});

describe('openssl ocsp and crl', () => {
  it('ask about the certificate we would ask about, and accept our answer', async () => {
    const request = file('a.orq');
    const about = ['-issuer', file('root.pem'), '-cert', file('doctor.pem'), '-CAfile', file('root.pem')];
    expect(openssl('ocsp', ...about, '-no_nonce', '-reqout', request).text).not.toContain('rror');
    const certId = ocspCertId(doctor.certificate, root.certificate);
    expect(parseOcspRequest(readFileSync(request)).certIds).toEqual([certId]);

    const now = new Date(Math.floor(Date.now() / 1000) * 1000);
    const answer = (status: Parameters<typeof buildOcspResponse>[0]['answers'][number]['status']) =>
      buildOcspResponse(
        {
          answers: [{ certId, status, thisUpdate: now, nextUpdate: new Date(now.getTime() + 3_600_000) }],
          producedAt: now,
        },
        { ...signerOf(root), send: [] },
      );
    const verify = (der: Uint8Array) => openssl('ocsp', ...about, '-respin', put('a.ors', der), '-no_nonce');
    expect(verify(await answer({ kind: 'good' })).text).toMatch(/: good[\s\S]*Response verify OK/);
    expect(verify(await answer({ kind: 'revoked', at: now, reason: 1 })).text).toMatch(
      /: revoked[\s\S]*keyCompromise[\s\S]*Response verify OK/,
    );
    expect(verify(flipped(await answer({ kind: 'good' }))).text).not.toContain('Response verify OK');
  });

  it('verify our list and read its entries', async () => {
    const at = new Date('2026-11-25T08:00:00Z');
    const revoked = [
      { serial: doctor.certificate.serial, at, reason: 1 },
      { serial: 'ff00', at },
    ];
    const crl = await buildCrl({
      issuer: root.certificate,
      thisUpdate: at,
      nextUpdate: new Date('2026-12-25'),
      crlNumber: 3n,
      revoked,
      scheme: root.scheme,
      sign: signerOf(root).sign,
    });
    const verify = (der: Uint8Array) =>
      openssl('crl', '-inform', 'DER', '-in', put('a.crl', der), '-CAfile', file('root.pem'), '-noout', '-text');
    expect(verify(crl).text).toMatch(/verify OK/);
    expect(verify(crl).text).toMatch(/Serial Number: FF00/);
    expect(verify(crl).text).toMatch(/Key Compromise/);
    expect(verify(flipped(crl)).text).toMatch(/verify failure/);
    expect(parseCrl(crl).find('ff00')).toEqual({ at, reason: undefined });
  });
});

describe('openssl pkcs12', () => {
  it.each([
    ['as OpenSSL 3 makes it', []],
    ['with RC2-40 and 3DES', ['-legacy']],
    ['with 3DES alone', ['-legacy', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ['with two-key 3DES', ['-legacy', '-keypbe', 'PBE-SHA1-2DES', '-certpbe', 'PBE-SHA1-2DES']],
    ['with RC2-128', ['-legacy', '-keypbe', 'PBE-SHA1-RC2-128', '-certpbe', 'PBE-SHA1-RC2-128']],
    ['with AES-128 and a SHA-512 MAC', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512']],
    ['without a MAC', ['-nomac']],
    ['with nothing encrypted', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ])('makes key stores we open: %s', async (_name, options) => {
    const store = file('a.p12');
    execFileSync(
      'openssl',
      [
        'pkcs12',
        '-export',
        '-inkey',
        file('doctor.key'),
        '-in',
        file('doctor.pem'),
        '-certfile',
        file('root.pem'),
        '-passout',
        `pass:${PASSWORD}`,
        '-out',
        store,
        ...options,
      ],
      { stdio: 'pipe' },
    );
    const opened = await openPkcs12(readFileSync(store), PASSWORD);
    expect(opened.certificate.fingerprint).toBe(doctor.certificate.fingerprint);
    expect(opened.chain.map(({ fingerprint }) => fingerprint)).toEqual([root.certificate.fingerprint]);
    expect(opened.privateKey.asymmetricKeyType).toBe('rsa');
    const key = await openPkcs12Key(readFileSync(store), PASSWORD, opened.certificate);
    expect(key.equals(opened.privateKey)).toBe(true);
    await expect(openPkcs12(readFileSync(store), 'sai')).rejects.toMatchObject({ code: 'P12_PIN_WRONG' });
  });

  it('opens the key stores we make, and not with another password', () => {
    const store = put(
      'own.p12',
      createPkcs12({
        privateKey: doctor.keys.privateKey,
        certificate: doctor.certificate,
        chain: [root.certificate],
        password: PASSWORD,
        friendlyName: 'BS. Trần Văn Mẫu',
      }),
    );
    const open = (password: string) => openssl('pkcs12', '-in', store, '-passin', `pass:${password}`, '-noenc');
    expect(open(PASSWORD)).toMatchObject({ status: 0, text: expect.stringContaining('BEGIN PRIVATE KEY') });
    expect(open('sai').status).not.toBe(0);
  });
});
