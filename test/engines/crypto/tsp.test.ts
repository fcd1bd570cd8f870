/** A time-stamp token: asked for, made, read, and refused for everything RFC 3161 tells a client to refuse. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildTimestampRequest,
  buildTimestampResponse,
  buildTimestampToken,
  checkTimestampToken,
  OID,
  parseTimestampRequest,
  parseTimestampResponse,
  parseTimestampToken,
  sameNonce,
  type TstInfo,
} from '../../../src/engines/crypto/index.ts';
import { digest } from '../../../src/shared/index.ts';
import { issue, NOW, type Party, signerOf } from './support/pki.ts';

const IMPRINT = digest('SHA-256', new TextEncoder().encode('chữ ký'));
const NONCE = new Uint8Array([0, 0x80, 1, 2, 3, 4, 5, 6, 7]);
const INFO: TstInfo = { policy: '1.3.6.1.4.1.99999.1', digest: 'SHA-256', imprint: IMPRINT, serial: 'a1', time: NOW };
const TSA_PURPOSE = { oids: [OID.timeStamping], critical: true };

let root: Party;
let tsa: Party;

beforeAll(async () => {
  root = await issue({ subject: 'Gốc' });
  tsa = await issue({ subject: 'Dấu thời gian', issuer: root, extendedKeyUsage: TSA_PURPOSE });
});

const stamp = async (info: Partial<TstInfo> = {}, party = tsa) =>
  parseTimestampToken(await buildTimestampToken({ ...INFO, ...info }, signerOf(party, root)));

describe('a time-stamp', () => {
  it('is asked for with imprint, nonce and policy, and the authority reads the same', () => {
    const request = { digest: 'SHA-256', imprint: IMPRINT, nonce: NONCE, policy: INFO.policy, certReq: true } as const;
    expect(parseTimestampRequest(buildTimestampRequest(request))).toEqual({ ...request, nonce: NONCE.subarray(1) });
    const bare = { digest: 'SHA-512', imprint: new Uint8Array(64), certReq: false } as const;
    expect(parseTimestampRequest(buildTimestampRequest(bare))).toEqual(bare);
  });

  it('says when, with which accuracy, under which policy', async () => {
    const time = new Date('2026-11-25T08:00:00.123Z');
    const token = await stamp({ time, accuracyMs: 1500, ordering: true, nonce: NONCE });
    expect(token).toMatchObject({ time, accuracyMs: 1500, ordering: true, policy: INFO.policy, serial: 'a1' });
    expect(sameNonce(token, NONCE)).toBe(true);
    expect(sameNonce(token, new Uint8Array([1]))).toBe(false);
    expect((await stamp()).accuracyMs).toBeUndefined();
  });

  it('is good for its imprint only', async () => {
    const token = await stamp();
    expect(checkTimestampToken(token, IMPRINT)).toMatchObject({ intact: true, signatureValid: true, reasons: [] });
    expect(checkTimestampToken(token, () => IMPRINT).reasons).toEqual([]);
    expect(checkTimestampToken(token, digest('SHA-256', IMPRINT))).toMatchObject({
      intact: false,
      reasons: ['IMPRINT_MISMATCH'],
    });
  });

  it('without its certificates inside needs them from elsewhere', async () => {
    const token = parseTimestampToken(await buildTimestampToken(INFO, signerOf(tsa), false));
    expect(checkTimestampToken(token, IMPRINT).reasons).toEqual(['SIGNER_CERTIFICATE_MISSING']);
    expect(checkTimestampToken(token, IMPRINT, { certificates: [tsa.certificate] }).reasons).toEqual([]);
  });

  it.each([
    ['has no extended key usage', undefined],
    ['has it not critical', { oids: [OID.timeStamping], critical: false }],
    ['has a second purpose', { oids: [OID.timeStamping, OID.ocspSigning], critical: true }],
  ])('is refused from an authority whose certificate %s', async (_name, extendedKeyUsage) => {
    const party = await issue({
      subject: 'Không được cấp dấu',
      issuer: root,
      ...(extendedKeyUsage === undefined ? {} : { extendedKeyUsage }),
    });
    expect(checkTimestampToken(await stamp({}, party), IMPRINT).reasons).toEqual(['TSA_EKU']);
  });

  it('with a SHA-1 imprint is weak', async () => {
    const token = await stamp({ digest: 'SHA-1', imprint: new Uint8Array(20) });
    expect(checkTimestampToken(token, new Uint8Array(20)).reasons).toEqual(['WEAK_ALGORITHM']);
  });

  it('does not survive a changed byte of its information', async () => {
    const bytes = await buildTimestampToken(INFO, signerOf(tsa, root));
    const at = Buffer.from(bytes).indexOf('20261125080000Z');
    bytes[at + 3] = 0x35;
    const check = checkTimestampToken(parseTimestampToken(bytes), IMPRINT);
    expect(check).toMatchObject({ intact: false, reasons: ['MESSAGE_DIGEST_MISMATCH'] });
  });
});

describe('an answer of the authority', () => {
  it('brings a token when granted, and a reason when not', async () => {
    const token = await buildTimestampToken(INFO, signerOf(tsa, root));
    expect(parseTimestampResponse(buildTimestampResponse({ status: 'granted', token }))).toEqual({
      status: 'granted',
      token,
    });
    const refusal = { status: 'rejection', failInfo: 'badAlg' } as const;
    expect(parseTimestampResponse(buildTimestampResponse(refusal))).toEqual(refusal);
  });

  it('that grants without a token, or refuses with one, is malformed', async () => {
    const token = await buildTimestampToken(INFO, signerOf(tsa, root));
    for (const answer of [{ status: 'granted' }, { status: 'rejection', token }] as const)
      expect(() => parseTimestampResponse(buildTimestampResponse(answer))).toThrow('TIMESTAMP_MALFORMED');
    expect(() => parseTimestampResponse(new TextEncoder().encode('<html>502</html>'))).toThrow('TIMESTAMP_MALFORMED');
    expect(() => parseTimestampToken(root.certificate.der)).toThrow('TIMESTAMP_MALFORMED');
  });
});
