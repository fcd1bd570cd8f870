/** The throw-away authority issues, revokes, stamps and answers as the standards want, and can misbehave on request. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  buildOcspRequest,
  buildTimestampRequest,
  checkTimestampToken,
  findPath,
  openPkcs12,
  parseCrl,
  parseOcspResponse,
  parseTimestampResponse,
  parseTimestampToken,
} from '../../../src/engines/crypto/index.ts';
import {
  createAuthority,
  loadAuthority,
  saveAuthority,
  serveAuthority,
} from '../../../src/platform/trust/authority/index.ts';
import { createHttpTransport, isDevelopmentAnchor, loadTrust } from '../../../src/platform/trust/index.ts';
import { digest } from '../../../src/shared/index.ts';
import { TEST_NOW, testAuthority } from '../../support/authority.ts';

const imprint = digest('SHA-256', new TextEncoder().encode('giấy ra viện'));

async function withDirectory(story: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'antin-authority-'));
  try {
    await story(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe('certificates', () => {
  test('everybody leads to the root', async () => {
    const { authority, anchors, clock } = await testAuthority();
    const certificates = [
      authority.tsa,
      authority.ocspResponder,
      ...authority.identities().map((one) => one.certificate),
    ];
    for (const certificate of certificates) {
      const found = findPath(certificate, { anchors, intermediates: [authority.issuing], at: clock.now() });
      expect(found.problems).toEqual([]);
      expect(found.anchor?.fingerprint).toBe(authority.root.fingerprint);
    }
  });

  test('a person is known by UID, and names are Vietnamese', async () => {
    const { cast } = await testAuthority();
    const { attributes } = cast.representative.certificate.subject;
    expect(attributes.get('CN')).toEqual(['Phạm Thị Minh Hoạ']);
    expect(attributes.get('UID')).toEqual(['MST:0100000001', 'CCCD:001000000003']);
    expect(cast.practitioner.scheme).toEqual({ scheme: 'rsa-pss', digest: 'SHA-256' });
    expect(cast.head.scheme).toEqual({ scheme: 'ecdsa', digest: 'SHA-256' });
  });

  test('two people of the same name get different files, serials and keys', async () => {
    const { authority } = await testAuthority();
    const one = await authority.issuePerson({ commonName: 'Lê Văn Thử', uid: 'CCCD:001000000010', keyType: 'P-256' });
    const two = await authority.issuePerson({ commonName: 'Lê Văn Thử', uid: 'CCCD:001000000011', keyType: 'P-256' });
    expect([one.slug, two.slug]).toEqual(['le-van-thu', 'le-van-thu-2']);
    expect(one.certificate.serial).not.toBe(two.certificate.serial);
    expect(Buffer.from(one.certificate.spki).equals(two.certificate.spki)).toBe(false);
  });
});

describe('time-stamps', () => {
  test('a token says the time of the clock and checks out', async () => {
    const { authority, clock } = await testAuthority();
    clock.set(new Date('2026-06-01T02:00:00.700Z'));
    const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const request = buildTimestampRequest({ digest: 'SHA-256', imprint, nonce, certReq: true });
    const reply = parseTimestampResponse(await authority.timestamp(request));
    const token = parseTimestampToken(reply.token ?? new Uint8Array());
    expect(reply.status).toBe('granted');
    expect(token.time).toEqual(TEST_NOW);
    expect(checkTimestampToken(token, imprint)).toMatchObject({ intact: true, signatureValid: true, reasons: [] });
  });

  test('SHA-1, another policy and rubbish are rejected with the reason', async () => {
    const { authority } = await testAuthority();
    const ask = async (request: Uint8Array) => parseTimestampResponse(await authority.timestamp(request)).failInfo;
    const sha1 = buildTimestampRequest({ digest: 'SHA-1', imprint: new Uint8Array(20), certReq: true });
    const policy = buildTimestampRequest({ digest: 'SHA-256', imprint, policy: '2.999.7', certReq: true });
    expect(await ask(sha1)).toBe('badAlg');
    expect(await ask(policy)).toBe('unacceptedPolicy');
    expect(await ask(new TextEncoder().encode('rubbish'))).toBe('badDataFormat');
  });
});

describe('revocation', () => {
  test('good, then revoked; OCSP and CRL agree', async () => {
    const { authority, cast, clock } = await testAuthority();
    const { certificate } = cast.practitioner;
    const ask = async () => {
      const der = await authority.ocsp(buildOcspRequest(certificate, authority.issuing, {}));
      return parseOcspResponse(der).responses[0]?.status;
    };
    const listed = async () => parseCrl(await authority.crl('issuing')).find(certificate.serial);
    expect(await ask()).toEqual({ kind: 'good' });
    expect(await listed()).toBeUndefined();
    authority.revoke(certificate.serial, clock.now(), 'keyCompromise');
    expect(await ask()).toEqual({ kind: 'revoked', at: TEST_NOW, reason: 1 });
    expect(await listed()).toEqual({ at: TEST_NOW, reason: 1 });
  });

  test('a serial that was never issued is unknown, and cannot be revoked', async () => {
    const { authority, cast } = await testAuthority();
    const stranger = { ...cast.practitioner.certificate, serial: '1234' };
    const der = await authority.ocsp(buildOcspRequest(stranger, authority.issuing, {}));
    expect(parseOcspResponse(der).responses[0]?.status).toEqual({ kind: 'unknown' });
    expect(() => authority.revoke('1234', TEST_NOW)).toThrow(RangeError);
  });

  test('certificates of other issuers are not its business; rubbish is malformed', async () => {
    const { authority } = await testAuthority();
    const der = await authority.ocsp(buildOcspRequest(authority.issuing, authority.root, {}));
    expect(parseOcspResponse(der).status).toBe('unauthorized');
    const rubbish = await authority.ocsp(new TextEncoder().encode('rubbish'));
    expect(parseOcspResponse(rubbish).status).toBe('malformed-request');
  });

  test('the number of a CRL grows with time, and times have no fractions', async () => {
    const { authority, clock } = await testAuthority();
    const first = parseCrl(await authority.crl('root'));
    clock.advance(1_500);
    const second = parseCrl(await authority.crl('root'));
    expect(second.crlNumber ?? 0n).toBeGreaterThan(first.crlNumber ?? 0n);
    expect(second.thisUpdate.getMilliseconds()).toBe(0);
    const der = await authority.ocsp(buildOcspRequest(authority.tsa, authority.issuing, {}));
    expect(parseOcspResponse(der).producedAt?.getMilliseconds()).toBe(0);
  });
});

describe('as a directory', () => {
  test('everything comes back: people with their keys, revocations, services', async () => {
    const { authority, cast, clock } = await testAuthority();
    authority.revoke(cast.head.certificate.serial, clock.now(), 'cessationOfOperation');
    await withDirectory(async (dir) => {
      await saveAuthority(authority, dir);
      const again = await loadAuthority(dir, { clock });
      expect(again.baseUrl).toBe(authority.baseUrl);
      expect(again.identities().map(({ slug }) => slug)).toEqual(['practitioner', 'head', 'representative', 'seal']);
      expect(again.identity('head').privateKey.equals(cast.head.privateKey)).toBe(true);
      const list = parseCrl(await again.crl('issuing'));
      expect(list.find(cast.head.certificate.serial)).toEqual({ at: TEST_NOW, reason: 5 });
      const der = await again.ocsp(buildOcspRequest(cast.head.certificate, again.issuing, {}));
      expect(parseOcspResponse(der).responses[0]?.status).toMatchObject({ kind: 'revoked', reason: 5 });
    });
  });

  test('keys and PINs are for the owner only; the PIN opens the PKCS#12 file', async () => {
    const { authority, cast } = await testAuthority();
    await withDirectory(async (dir) => {
      await saveAuthority(authority, dir);
      for (const file of ['ca/root.key', 'tsa/tsa.key', 'people/seal.p12', 'people/seal.pin']) {
        expect((await stat(join(dir, file))).mode & 0o077).toBe(0);
      }
      const people = await readdir(join(dir, 'people'));
      expect(people.filter((name) => name.endsWith('.new'))).toEqual([]);
      const pin = await readFile(join(dir, 'people', 'seal.pin'), 'utf8');
      const opened = await openPkcs12(await readFile(join(dir, 'people', 'seal.p12')), pin);
      expect(opened.certificate.fingerprint).toBe(cast.seal.certificate.fingerprint);
      expect(opened.chain.map(({ fingerprint }) => fingerprint)).toEqual(
        cast.seal.chain.map(({ fingerprint }) => fingerprint),
      );
    });
  });

  test('its trust folder loads, marked as development anchors', async () => {
    const { authority } = await testAuthority();
    await withDirectory(async (dir) => {
      await saveAuthority(authority, dir);
      const trust = await loadTrust(join(dir, 'trust'));
      expect(trust.signers.map(({ fingerprint }) => fingerprint)).toEqual([authority.root.fingerprint]);
      expect(trust.tsa.map(({ fingerprint }) => fingerprint)).toEqual([authority.root.fingerprint]);
      expect(trust.development.map(({ fingerprint }) => fingerprint)).toEqual([authority.root.fingerprint]);
      expect(isDevelopmentAnchor(authority.root)).toBe(true);
    });
  });

  test('a directory that is not one says so', async () => {
    const { clock } = await testAuthority();
    await withDirectory(async (dir) => {
      await expect(loadAuthority(dir, { clock })).rejects.toMatchObject({ code: 'AUTHORITY_DIR_INVALID' });
    });
  });
});

test('over HTTP it answers with the content types of the standards', async () => {
  const { authority, cast } = await testAuthority();
  const running = await serveAuthority(authority, { port: 0 });
  const transport = createHttpTransport({ allowPrivate: ['127.0.0.1'] });
  try {
    const common = { maxBytes: 100_000 };
    const stamp = await transport({
      ...common,
      method: 'POST',
      url: `${running.url}/tsa`,
      body: buildTimestampRequest({ digest: 'SHA-256', imprint, certReq: true }),
    });
    expect(stamp).toMatchObject({ status: 200, contentType: 'application/timestamp-reply' });
    expect(parseTimestampResponse(stamp.body).status).toBe('granted');
    const question = buildOcspRequest(cast.seal.certificate, authority.issuing, {});
    const path = encodeURIComponent(Buffer.from(question).toString('base64'));
    const ocsp = await transport({ ...common, method: 'GET', url: `${running.url}/ocsp/${path}` });
    expect(ocsp.contentType).toBe('application/ocsp-response');
    expect(parseOcspResponse(ocsp.body).responses[0]?.status).toEqual({ kind: 'good' });
    const crl = await transport({ ...common, method: 'GET', url: `${running.url}/crl/root.crl` });
    expect(crl.contentType).toBe('application/pkix-crl');
    const issuer = await transport({ ...common, method: 'GET', url: `${running.url}/ca/issuing.cer` });
    expect(Buffer.from(issuer.body).equals(authority.issuing.der)).toBe(true);
    expect((await transport({ ...common, method: 'GET', url: `${running.url}/etc/passwd` })).status).toBe(404);
  } finally {
    await transport.close();
    await running.close();
  }
});

test('under a path of its own it answers there and nowhere else', async () => {
  const { clock } = await testAuthority();
  const authority = await createAuthority({ clock, baseUrl: 'http://127.0.0.1:9480/pki/' });
  const running = await serveAuthority(authority, { port: 0 });
  const transport = createHttpTransport({ allowPrivate: ['127.0.0.1'] });
  const get = (url: string) => transport({ method: 'GET', maxBytes: 10_000, url });
  try {
    expect(authority.issuing.caIssuersUrls).toEqual(['http://127.0.0.1:9480/pki/ca/root.cer']);
    expect((await get(`${running.url}/ca/root.cer`)).status).toBe(200);
    expect((await get(`${new URL(running.url).origin}/ca/root.cer`)).status).toBe(404);
  } finally {
    await transport.close();
    await running.close();
  }
});
