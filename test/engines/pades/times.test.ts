/** Certificates that expire and are revoked, seen from different moments (EN 319 102-1 §5.5, §5.6). */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  addDocumentTimestamp,
  extend,
  type SignatureReport,
  sign,
  validate,
} from '../../../src/engines/pades/index.ts';
import { localSigner, TEST_NOW, testAuthority } from '../../support/authority.ts';
import { extendTo, record, signRecord, type Tester, verdictOn } from './record.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const fromStart = (milliseconds: number): Date => new Date(TEST_NOW.getTime() + milliseconds);

describe('verdicts through time', () => {
  let tester: Tester;
  beforeEach(async () => {
    tester = await testAuthority();
  });
  const first = (pdf: Uint8Array, at: Date = tester.clock.now()): SignatureReport => {
    const [signature] = verdictOn(tester, pdf, at).signatures;
    if (signature === undefined) throw new Error('no signature');
    return signature;
  };
  /** With today's answers, as one who is online would ask. */
  const online = async (pdf: Uint8Array): Promise<SignatureReport> => {
    const { practitioner } = tester.cast;
    const material = await tester.material.collect([practitioner.certificate, ...practitioner.chain], {});
    const tsa = await tester.material.collect([tester.authority.tsa, tester.authority.issuing], {});
    const all = {
      certificates: [...material.certificates, ...tsa.certificates],
      ocsps: [...material.ocsps, ...tsa.ocsps],
      crls: [...material.crls, ...tsa.crls],
    };
    const [signature] = validate(pdf, {
      file: 'x.pdf',
      anchors: tester.anchors,
      at: tester.clock.now(),
      material: all,
    }).signatures;
    if (signature === undefined) throw new Error('no signature');
    return signature;
  };

  it('passes with embedded proof long after the signer certificate expired', async () => {
    const sealed = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    expect(first(sealed, fromStart(4 * 365 * DAY))).toMatchObject({ indication: 'TOTAL-PASSED', level: 'B-LTA' });
  });

  it('is open once nothing proves any more: the authority of the last time-stamp has expired too', async () => {
    const sealed = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    const late = verdictOn(tester, sealed, fromStart(6 * 365 * DAY));
    expect(late.verdict).toBe('INDETERMINATE');
    expect(late.signatures[0]).toMatchObject({ subIndication: 'OUT_OF_BOUNDS_NO_POE', bestSignatureTime: null });
    expect(late.signatures.at(-1)).toMatchObject({ kind: 'document-timestamp', subIndication: 'OUT_OF_BOUNDS_NO_POE' });
  });

  it('expired without proof: OUT_OF_BOUNDS_NO_POE', async () => {
    const plain = await signRecord(tester, record(), { count: 1, timestamps: false });
    expect(first(plain, fromStart(4 * 365 * DAY)).reasons).toContain('OUT_OF_BOUNDS_NO_POE');
  });

  it('not yet valid at the proven moment: NOT_YET_VALID', async () => {
    const early = await tester.authority.issuePerson({
      commonName: 'Lê Văn Sớm',
      uid: 'CCCD:001000000077',
      validity: { from: fromStart(10 * DAY), to: fromStart(100 * DAY) },
    });
    const { pdf } = await sign(record(), localSigner(early), {
      field: 'BacSi',
      claimedTime: tester.clock.now(),
      timestamp: tester.timestamp,
    });
    const stamped = await extend(pdf, 'B-LTA', {
      anchors: tester.anchors,
      at: tester.clock.now(),
      timestamp: tester.timestamp,
      material: tester.material,
    });
    expect(first(stamped.pdf)).toMatchObject({ indication: 'TOTAL-FAILED', subIndication: 'NOT_YET_VALID' });
  });

  it('revoked after the proven moment: passes', async () => {
    const signed = await signRecord(tester, record(), { count: 1 });
    tester.clock.advance(HOUR);
    tester.authority.revoke(tester.cast.practitioner.certificate.serial, tester.clock.now(), 'superseded');
    tester.clock.advance(HOUR);
    const signature = await online(signed);
    expect(signature).toMatchObject({ indication: 'TOTAL-PASSED', level: 'B-T' });
    expect(signature.revocation[0]).toMatchObject({ source: 'ocsp', embedded: false });
  });

  it('revoked before the proven moment: REVOKED_NO_POE, for nothing proves an earlier one', async () => {
    tester.authority.revoke(tester.cast.practitioner.certificate.serial, fromStart(-HOUR), 'keyCompromise');
    const signed = await signRecord(tester, record(), { count: 1 });
    expect(await online(signed)).toMatchObject({ indication: 'INDETERMINATE', subIndication: 'REVOKED_NO_POE' });
  });

  it('revoked without any time-stamp: REVOKED_NO_POE', async () => {
    const signed = await signRecord(tester, record(), { count: 1, timestamps: false });
    tester.clock.advance(HOUR);
    tester.authority.revoke(tester.cast.practitioner.certificate.serial, tester.clock.now());
    tester.clock.advance(HOUR);
    expect(await online(signed)).toMatchObject({ subIndication: 'REVOKED_NO_POE', level: 'B-B' });
  });

  it('revoked, and an earlier time-stamp in the signed bytes proves that the signature is younger: REVOKED', async () => {
    const { head, practitioner } = tester.cast;
    const doctor = await sign(record(), localSigner(head), {
      field: 'DaiDien',
      claimedTime: tester.clock.now(),
      timestamp: tester.timestamp,
    });
    const sealed = await extendTo(tester, doctor.pdf, 'B-LTA');
    tester.authority.revoke(practitioner.certificate.serial, fromStart(-HOUR), 'keyCompromise');
    tester.clock.advance(HOUR);
    const { pdf } = await sign(sealed, localSigner(practitioner), {
      field: 'BacSi',
      claimedTime: tester.clock.now(),
      timestamp: tester.timestamp,
    });
    const material = await tester.material.collect([practitioner.certificate, ...practitioner.chain], {});
    const report = validate(pdf, { file: 'x.pdf', anchors: tester.anchors, at: tester.clock.now(), material });
    expect(report.signatures.find(({ field }) => field === 'BacSi')).toMatchObject({
      indication: 'TOTAL-FAILED',
      subIndication: 'REVOKED',
    });
    expect(report.signatures.find(({ field }) => field === 'DaiDien')?.indication).toBe('TOTAL-PASSED');
  });

  it('an expired signer proven to have signed later: EXPIRED', async () => {
    const short = await tester.authority.issuePerson({
      commonName: 'Lê Văn Muộn',
      uid: 'CCCD:001000000078',
      validity: { from: fromStart(-DAY), to: fromStart(DAY) },
    });
    const sealed = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    tester.clock.advance(3 * DAY);
    const renewed = await extend(sealed, 'B-LTA', {
      anchors: tester.anchors,
      at: tester.clock.now(),
      timestamp: tester.timestamp,
      material: tester.material,
      renew: true,
    });
    const { pdf } = await sign(renewed.pdf, localSigner(short), {
      field: 'DaiDien',
      claimedTime: tester.clock.now(),
      timestamp: tester.timestamp,
    });
    const report = verdictOn(tester, pdf);
    expect(report.signatures.find(({ field }) => field === 'DaiDien')).toMatchObject({
      indication: 'TOTAL-FAILED',
      subIndication: 'EXPIRED',
    });
  });

  it('answers too old for the proven moment: TRY_LATER', async () => {
    const { practitioner } = tester.cast;
    const old = await tester.material.collect([practitioner.certificate, ...practitioner.chain], {});
    tester.clock.advance(60 * DAY);
    const plain = await signRecord(tester, record(), { count: 1, timestamps: false });
    const report = validate(plain, { file: 'x.pdf', anchors: tester.anchors, at: tester.clock.now(), material: old });
    expect(report.signatures[0]).toMatchObject({ indication: 'INDETERMINATE', subIndication: 'TRY_LATER' });
  });

  it('a time-stamp from the future contradicts the moment of validation: TIMESTAMP_ORDER_FAILURE', async () => {
    const sealed = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    const report = verdictOn(tester, sealed, fromStart(-HOUR));
    expect(report.signatures.at(-1)?.reasons).toContain('TIMESTAMP_ORDER_FAILURE');
    expect(report.verdict).not.toBe('TOTAL-PASSED');
  });

  it('each archive time-stamp is proven by the next one, beyond the life of its authority', async () => {
    const sealed = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    tester.clock.advance(365 * DAY);
    const renewed = await addDocumentTimestamp(sealed, tester.timestamp);
    const signatures = verdictOn(tester, renewed, tester.clock.now()).signatures;
    // Without newer answers about the authority the second one proves nothing yet, and takes nothing away.
    expect(signatures.map(({ indication }) => indication)).toEqual(['TOTAL-PASSED', 'TOTAL-PASSED', 'INDETERMINATE']);
    expect(signatures.at(-1)?.subIndication).toBe('TRY_LATER');
  });
});
