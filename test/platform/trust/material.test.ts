/** Revocation answers are fetched, checked, remembered while current, and fresh where a signature needs it. */
import { describe, expect, test } from 'vitest';
import { authorityTransport } from '../../../src/platform/trust/authority/index.ts';
import { createMaterialSource, type Transport, type TransportRequest } from '../../../src/platform/trust/index.ts';
import { TEST_NOW, testAuthority } from '../../support/authority.ts';

/** A test authority whose requests are written down (`POST /ocsp`), and may be broken by path. */
async function observedAuthority() {
  const base = await testAuthority();
  const requests: string[] = [];
  const broken = new Set<string>();
  const inner = authorityTransport(base.authority);
  const transport: Transport = async (request: TransportRequest) => {
    const { pathname } = new URL(request.url);
    const name = `${request.method} /${pathname
      .split('/')
      .slice(1, request.method === 'GET' ? 2 : 3)
      .join('/')}`;
    requests.push(name);
    if (broken.has(name)) return { status: 405, body: new Uint8Array(), contentType: undefined };
    return inner(request);
  };
  const material = createMaterialSource({
    transport,
    clock: base.clock,
    anchors: base.anchors,
    wait: async (milliseconds) => base.clock.advance(milliseconds),
  });
  return { ...base, transport, material, requests, broken };
}

describe('collecting for a signature', () => {
  test('a signer alone is completed to the root, with an answer for each link', async () => {
    const { material, cast, authority } = await observedAuthority();
    const { ocsps, crls, certificates } = await material.collect([cast.practitioner.certificate], {});
    expect(certificates.map(({ subject }) => subject.attributes.get('CN')?.[0])).toEqual([
      'Trần Văn Mẫu',
      'Ấn Tín Issuing CA (thử)',
      'Ấn Tín Root CA (thử)',
      'Ấn Tín OCSP (thử)',
    ]);
    expect(ocsps.map(({ responses }) => responses[0]?.certId.serial)).toEqual([cast.practitioner.certificate.serial]);
    expect(crls.map(({ issuer }) => issuer.text)).toEqual([authority.root.subject.text]);
  });

  test('the time-stamp authority gets its answers too', async () => {
    const { material, authority } = await observedAuthority();
    const { ocsps } = await material.collect([authority.tsa, authority.issuing, authority.root], {});
    expect(ocsps[0]?.responses[0]?.status).toEqual({ kind: 'good' });
  });

  test('answers are remembered while current, and asked for again after that', async () => {
    const { material, cast, requests, clock } = await observedAuthority();
    const chain = [cast.seal.certificate, ...cast.seal.chain];
    await material.collect(chain, {});
    await material.collect(chain, {});
    expect(requests.sort()).toEqual(['GET /crl', 'POST /ocsp']);
    clock.advance(6 * 60_000);
    await material.collect(chain, {});
    expect(requests.filter((request) => request === 'POST /ocsp')).toHaveLength(2);
    clock.advance(60 * 60_000);
    await material.collect(chain, {});
    expect(requests.filter((request) => request === 'GET /crl')).toHaveLength(2);
  });

  test('one list serves everybody of its issuer, and is fetched once though many wait for it', async () => {
    const { material, cast, authority, requests } = await observedAuthority();
    authority.setFaults({ ocsp: 'down' });
    await Promise.all(Object.values(cast).map(({ certificate }) => material.collect([certificate], {})));
    // One of the issuing CA and one of the root.
    expect(requests.filter((request) => request === 'GET /crl')).toHaveLength(2);
  });

  test('an answer from before the signature is not fresh enough: a new one is fetched', async () => {
    const { material, cast, clock, requests } = await observedAuthority();
    const chain = [cast.seal.certificate, ...cast.seal.chain];
    await material.collect(chain, {});
    clock.advance(10_000);
    const notBefore = clock.now();
    const { ocsps } = await material.collect(chain, { notBefore });
    expect(ocsps[0]?.producedAt).toEqual(notBefore);
    const asked = requests.length;
    await material.collect(chain, { notBefore });
    expect(requests).toHaveLength(asked);
  });

  test('a time-stamp with a fraction waits for the next whole second of the responder', async () => {
    const { material, cast, clock } = await observedAuthority();
    clock.advance(700);
    const { ocsps } = await material.collect([cast.seal.certificate], { notBefore: clock.now() });
    expect(ocsps[0]?.producedAt).toEqual(new Date(TEST_NOW.getTime() + 1_000));
  });

  test('a responder that serves old answers: TRY_LATER', async () => {
    const { material, cast, authority, clock } = await observedAuthority();
    authority.setFaults({ ocspAgeMs: 3_600_000, crlAgeMs: 3_600_000 });
    const collecting = material.collect([cast.seal.certificate], { notBefore: clock.now() });
    await expect(collecting).rejects.toMatchObject({ code: 'TRY_LATER' });
  });

  test('only a CRL from before the signature: TRY_LATER; the next CRL settles it', async () => {
    const { material, cast, authority, clock } = await observedAuthority();
    authority.setFaults({ ocsp: 'down', crlAgeMs: 3_600_000 });
    const notBefore = clock.now();
    await expect(material.collect([cast.seal.certificate], { notBefore })).rejects.toMatchObject({ code: 'TRY_LATER' });
    clock.advance(3_600_000);
    const { crls, ocsps } = await material.collect([cast.seal.certificate], { notBefore });
    expect(ocsps).toEqual([]);
    expect(crls.map(({ issuer }) => issuer.attributes.get('CN')?.[0])).toContain('Ấn Tín Issuing CA (thử)');
  });

  test('for a CA an older list is enough as long as it is current', async () => {
    const { material, cast, authority, clock } = await observedAuthority();
    authority.setFaults({ crlAgeMs: 7 * 24 * 3_600_000 });
    const { crls } = await material.collect([cast.seal.certificate], { notBefore: clock.now() });
    expect(crls[0]?.thisUpdate.getTime()).toBeLessThan(clock.now().getTime());
  });

  test('a revoked certificate is told as such, not hidden', async () => {
    const { material, cast, authority, clock } = await observedAuthority();
    authority.revoke(cast.seal.certificate.serial, clock.now(), 'keyCompromise');
    const { ocsps } = await material.collect([cast.seal.certificate], {});
    expect(ocsps[0]?.responses[0]?.status).toMatchObject({ kind: 'revoked', reason: 1 });
  });
});

describe('answers that cannot be believed', () => {
  test.each(['down', 'garbage', 'try-later', 'wrong-nonce', 'unauthorized-responder', 'broken-signature'] as const)(
    'OCSP %s: the CRL takes over',
    async (ocsp) => {
      const { material, cast, authority } = await observedAuthority();
      authority.setFaults({ ocsp });
      const { ocsps, crls } = await material.collect([cast.head.certificate], {});
      // The GET form has no nonce, so a wrong one cannot spoil it.
      expect(ocsps).toHaveLength(ocsp === 'wrong-nonce' ? 1 : 0);
      expect(crls).toHaveLength(ocsp === 'wrong-nonce' ? 1 : 2);
    },
  );

  test('neither OCSP nor CRL: OCSP_UNAVAILABLE', async () => {
    const { material, cast, authority } = await observedAuthority();
    authority.setFaults({ ocsp: 'down', crl: 'down' });
    await expect(material.collect([cast.head.certificate], {})).rejects.toMatchObject({ code: 'OCSP_UNAVAILABLE' });
  });

  test('a responder that takes no POST is asked by GET', async () => {
    const { material, cast, broken, requests } = await observedAuthority();
    broken.add('POST /ocsp');
    const { ocsps } = await material.collect([cast.head.certificate], {});
    expect(ocsps).toHaveLength(1);
    expect(requests).toContain('GET /ocsp');
  });

  test('LDAP addresses are passed over', async () => {
    const { material, cast, requests } = await observedAuthority();
    const ldapFirst = {
      ...cast.head.certificate,
      ocspUrls: [],
      crlUrls: ['ldap://ldap.example.vn/cn=ca', ...cast.head.certificate.crlUrls],
    };
    const { crls } = await material.collect([ldapFirst, ...cast.head.chain], {});
    expect(crls).toHaveLength(2);
    expect(requests.every((request) => request.startsWith('GET /crl'))).toBe(true);
  });
});

describe('the check before signing', () => {
  test('good: with the evidence to be stored', async () => {
    const { material, cast, clock } = await observedAuthority();
    const check = await material.checkBeforeSigning(cast.practitioner.certificate, cast.practitioner.chain);
    expect(check).toMatchObject({ status: 'good', refusal: undefined, checkedAt: clock.now() });
    expect(check.path).toHaveLength(3);
    expect(check.evidence.map(({ kind }) => kind).sort()).toEqual([
      'certificate',
      'certificate',
      'certificate',
      'certificate',
      'crl',
      'ocsp',
    ]);
  });

  test('revoked', async () => {
    const { material, cast, authority, clock } = await observedAuthority();
    authority.revoke(cast.practitioner.certificate.serial, clock.now(), 'keyCompromise');
    const check = await material.checkBeforeSigning(cast.practitioner.certificate, []);
    expect(check).toMatchObject({ status: 'revoked', refusal: { code: 'CERTIFICATE_REVOKED' } });
    expect(check.evidence.some(({ kind }) => kind === 'ocsp')).toBe(true);
  });

  test('revoked since the last check: seen within five minutes', async () => {
    const { material, cast, authority, clock } = await observedAuthority();
    const { certificate, chain } = cast.practitioner;
    expect((await material.checkBeforeSigning(certificate, chain)).status).toBe('good');
    authority.revoke(certificate.serial, clock.now());
    clock.advance(5 * 60_000);
    expect((await material.checkBeforeSigning(certificate, chain)).status).toBe('revoked');
  });

  test('issuing CA revoked', async () => {
    const { material, cast, authority, clock } = await observedAuthority();
    authority.revoke(authority.issuing.serial, clock.now(), 'superseded');
    const check = await material.checkBeforeSigning(cast.practitioner.certificate, []);
    expect(check.refusal?.code).toBe('CERTIFICATE_REVOKED');
  });

  test('expired, and not yet valid: nobody needs to be asked', async () => {
    const { material, authority, requests } = await observedAuthority();
    const person = (from: string, to: string) =>
      authority.issuePerson({
        commonName: 'Lê Văn Thử',
        uid: 'CCCD:001000000012',
        keyType: 'P-256',
        validity: { from: new Date(from), to: new Date(to) },
      });
    const expired = await person('2023-01-01', '2026-05-31');
    const early = await person('2026-06-02', '2029-01-01');
    expect(await material.checkBeforeSigning(expired.certificate, expired.chain)).toMatchObject({
      status: 'expired',
      refusal: { code: 'CERTIFICATE_EXPIRED' },
    });
    expect(await material.checkBeforeSigning(early.certificate, early.chain)).toMatchObject({
      status: 'not-yet-valid',
      refusal: { code: 'CERTIFICATE_NOT_YET_VALID' },
    });
    expect(requests).toEqual([]);
  });

  test.each([[{ ocsp: 'down', crl: 'down' }], [{ ocsp: 'unknown' }]] as const)(
    'status cannot be had (%j): unknown, which blocks by default',
    async (faults) => {
      const { material, cast, authority } = await observedAuthority();
      authority.setFaults(faults);
      const check = await material.checkBeforeSigning(cast.head.certificate, cast.head.chain);
      expect(check).toMatchObject({ status: 'unknown', refusal: { code: 'REVOCATION_UNKNOWN' } });
    },
  );

  test('a certificate of somebody else', async () => {
    const { clock, transport, cast } = await observedAuthority();
    const stranger = createMaterialSource({ transport, clock, anchors: [] });
    const check = await stranger.checkBeforeSigning(cast.head.certificate, cast.head.chain);
    expect(check).toMatchObject({ status: 'untrusted', path: [], refusal: { code: 'CERTIFICATE_UNTRUSTED' } });
  });

  test('an anchor for time-stamps does not make a signer', async () => {
    const { clock, transport, cast, anchors, authority } = await observedAuthority();
    const stamping = createMaterialSource({ transport, clock, anchors: [], timestampAnchors: anchors });
    expect((await stamping.checkBeforeSigning(cast.head.certificate, cast.head.chain)).status).toBe('untrusted');
    const { ocsps } = await stamping.collect([authority.tsa], {});
    expect(ocsps).toHaveLength(1);
  });
});
