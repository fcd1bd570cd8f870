/** Signatures whose value is right, by keys that have no business to sign a document or to vouch for one. */
import { beforeAll, describe, expect, it } from 'vitest';
import { extend, sign, validate } from '../../src/engines/pades/index.ts';
import {
  authorityTransport,
  createAuthority,
  type Identity,
  issueDemoCast,
} from '../../src/platform/trust/authority/index.ts';
import { createTimestampSource } from '../../src/platform/trust/index.ts';
import { record, type Tester, verdictOn } from '../engines/pades/record.ts';
import { localSigner, testAuthority } from '../support/authority.ts';

describe('signatures by the wrong key', () => {
  let tester: Tester;
  /** Another authority, with all the names of the real one. */
  let double: Awaited<ReturnType<typeof createAuthority>>;
  beforeAll(async () => {
    tester = await testAuthority();
    double = await createAuthority({ clock: tester.clock });
    await issueDemoCast(double);
  });
  const signed = async (identity: Identity, timestamp = tester.timestamp): Promise<Uint8Array> => {
    const claimedTime = tester.clock.now();
    const { pdf } = await sign(record(), localSigner(identity), { field: 'BacSi', claimedTime, timestamp });
    const { anchors, clock, material } = tester;
    return (await extend(pdf, 'B-LTA', { anchors, at: clock.now(), timestamp: tester.timestamp, material })).pdf;
  };

  it('the certificate of the time-stamp authority, of the OCSP responder or of the authority signs no document', async () => {
    const { tsa, ocsp, issuing, root } = tester.authority.snapshot();
    for (const holder of [tsa, ocsp, issuing]) {
      const rsa = holder.privateKey.asymmetricKeyType === 'rsa';
      const pdf = await signed({
        ...tester.cast.practitioner,
        certificate: holder.certificate,
        privateKey: holder.privateKey,
        chain: [issuing.certificate, root.certificate],
        scheme: { scheme: rsa ? 'rsa-pss' : 'ecdsa', digest: 'SHA-256' },
      });
      const report = verdictOn(tester, pdf);
      expect(report.verdict).toBe('INDETERMINATE');
      expect(report.signatures[0]).toMatchObject({ subIndication: 'SIG_CONSTRAINTS_FAILURE', signatureValid: true });
      expect(report.signatures[0]?.reasons).toContain('KEY_USAGE');
    }
  });

  it('names alone do not make a chain', async () => {
    const report = verdictOn(tester, await signed(double.identity('practitioner')));
    expect(report.signatures[0]).toMatchObject({
      indication: 'INDETERMINATE',
      subIndication: 'NO_CERTIFICATE_CHAIN_FOUND',
      trusted: false,
    });
  });

  it('a time-stamp of the double proves nothing', async () => {
    const source = createTimestampSource({
      urls: [double.timestampUrl],
      transport: authorityTransport(double),
      clock: tester.clock,
      anchors: [double.root],
    });
    const claimedTime = tester.clock.now();
    const { pdf } = await sign(record(), localSigner(tester.cast.practitioner), {
      field: 'BacSi',
      claimedTime,
      timestamp: source,
    });
    const report = verdictOn(tester, pdf);
    expect(report.signatures[0]).toMatchObject({ level: 'B-B', bestSignatureTime: null });
    expect(report.signatures[0]?.timestamps).toMatchObject([{ subIndication: 'NO_CERTIFICATE_CHAIN_FOUND' }]);
  });

  it('an anchor for signers is none for time-stamps, nor the other way round', async () => {
    const pdf = await signed(tester.cast.practitioner);
    const at = tester.clock.now();
    const judge = (anchors: readonly (typeof double.root)[], timestampAnchors: readonly (typeof double.root)[]) =>
      validate(pdf, { file: 'ho-so.pdf', at, anchors, timestampAnchors });
    expect(judge(tester.anchors, tester.anchors).verdict).toBe('TOTAL-PASSED');
    expect(judge([double.root], tester.anchors).signatures[0]).toMatchObject({ trusted: false });
    expect(judge([double.root], tester.anchors).verdict).toBe('INDETERMINATE');
    expect(judge(tester.anchors, [double.root])).toMatchObject({
      verdict: 'INDETERMINATE',
      reasons: ['NO_CERTIFICATE_CHAIN_FOUND'],
    });
  });
});
