import { beforeAll, describe, expect, it } from 'vitest';
import { parseTimestampToken } from '../../../src/engines/crypto/index.ts';
import { addDocumentTimestamp, extend, sign, survives } from '../../../src/engines/pades/index.ts';
import { openPdf, signatureDictionaries, signatureFields } from '../../../src/engines/pdf/index.ts';
import { localSigner, testAuthority } from '../../support/authority.ts';
import { KINDS } from '../pdf/build-pdf.ts';
import { extendTo, record, signRecord, type Tester, verdictOn } from './record.ts';

describe('extending signatures', () => {
  let tester: Tester;
  beforeAll(async () => {
    tester = await testAuthority();
  });

  const options = () => ({
    anchors: tester.anchors,
    at: tester.clock.now(),
    timestamp: tester.timestamp,
    material: tester.material,
  });
  const tokens = () => tester.timestamp.usage().reduce((sum, { tokens: count }) => sum + count, 0);

  for (const kind of KINDS) {
    it(`brings three signatures to B-LTA by appending (${kind})`, async () => {
      const signed = await signRecord(tester, record(kind));
      const { pdf, reached, reasons } = await extend(signed, 'B-LTA', options());
      expect({ reached, reasons }).toEqual({ reached: 'B-LTA', reasons: [] });
      expect(Buffer.compare(pdf.subarray(0, signed.length), signed)).toBe(0);
      const report = verdictOn(tester, pdf);
      expect(report.verdict).toBe('TOTAL-PASSED');
      expect(report.signatures.map(({ level }) => level)).toEqual(['B-LTA', 'B-LTA', 'B-LTA', null]);
      expect(report.signatures.map(({ laterChanges }) => laterChanges)).toEqual(['signing', 'signing', 'ltv', 'none']);
      expect(report.signatures.at(-1)).toMatchObject({ kind: 'document-timestamp', coversWholeFile: true });
    });
  }

  it('leaves no byte outside the last time-stamp, so that nothing can be altered unseen', async () => {
    const pdf = await extendTo(tester, await signRecord(tester, record()), 'B-LTA');
    expect(openPdf(pdf).revisions).toHaveLength(6);
    expect(verdictOn(tester, pdf).signatures.flatMap(({ notices }) => notices)).toEqual([]);
  });

  it('holds as much room for the archive time-stamp as a token of the same authority takes, and asks for one token only', async () => {
    const signed = await signRecord(tester, record());
    const before = tokens();
    const { pdf } = await extend(signed, 'B-LTA', options());
    expect(tokens() - before).toBe(1);
    const [archive] = signatureDictionaries(openPdf(pdf)).filter(({ type }) => type === 'document-timestamp');
    const held = archive?.contents?.length ?? 0;
    const token = parseTimestampToken(archive?.contents ?? new Uint8Array()).raw.length;
    expect(held - token).toBeGreaterThan(0);
    expect(held - token).toBeLessThanOrEqual(1100);
  });

  it('pays the debt of signatures without time-stamps with a single document time-stamp', async () => {
    const owed = await signRecord(tester, record(), { count: 2, timestamps: false });
    expect(verdictOn(tester, owed).signatures.map(({ level }) => level)).toEqual(['B-B', 'B-B']);
    const before = tokens();
    const { pdf, reached } = await extend(owed, 'B-T', options());
    expect(reached).toBe('B-T');
    expect(tokens() - before).toBe(1);
    expect(verdictOn(tester, pdf).signatures.map(({ level }) => level)).toEqual(['B-T', 'B-T', null]);
  });

  it('needs one token a document where the policy says so, even if no token in the file tells its authority', async () => {
    const owed = await signRecord(tester, record(), { timestamps: false });
    const before = tokens();
    const { tsa, issuing } = tester.authority;
    const { pdf, reached } = await extend(owed, 'B-LTA', {
      ...options(),
      oneTimestamp: true,
      timestampChain: [tsa, issuing],
    });
    expect(reached).toBe('B-LTA');
    expect(tokens() - before).toBe(1);
    expect(verdictOn(tester, pdf).signatures.at(-1)?.coversWholeFile).toBe(true);
  });

  it('signs lower while the time-stamp authority is down, shows it, and catches up when it is back', async () => {
    const own = await testAuthority();
    own.authority.setFaults({ tsa: 'down' });
    const doctor = await sign(record(), localSigner(own.cast.practitioner), {
      field: 'BacSi',
      claimedTime: own.clock.now(),
      timestamp: own.timestamp,
      allowWithoutTimestamp: true,
    });
    expect(doctor).toMatchObject({ level: 'B-B', debt: 'TSA_UNAVAILABLE' });
    const later = { anchors: own.anchors, at: own.clock.now(), timestamp: own.timestamp, material: own.material };
    const stuck = await extend(doctor.pdf, 'B-LTA', later);
    expect(stuck).toMatchObject({ reached: 'B-B', reasons: ['TSA_UNAVAILABLE'] });
    expect(Buffer.compare(stuck.pdf, doctor.pdf)).toBe(0);

    own.authority.setFaults({});
    own.clock.advance(3_600_000);
    const paid = await extend(doctor.pdf, 'B-LTA', { ...later, at: own.clock.now() });
    expect(paid.reached).toBe('B-LTA');
    const [signature] = verdictOn(own, paid.pdf).signatures;
    expect(signature).toMatchObject({ indication: 'TOTAL-PASSED', level: 'B-LTA' });
    expect(signature?.timestamps.map(({ kind }) => kind)).toEqual(['document-timestamp', 'document-timestamp']);
  });

  it('stays at T while only answers from before the signature exist', async () => {
    const own = await testAuthority();
    const signed = await signRecord(own, record(), { count: 1 });
    own.authority.setFaults({ ocspAgeMs: 3_600_000, crlAgeMs: 3_600_000 });
    const { reached, reasons } = await extend(signed, 'B-LT', {
      anchors: own.anchors,
      at: own.clock.now(),
      timestamp: own.timestamp,
      material: own.material,
    });
    expect({ reached, reasons }).toEqual({ reached: 'B-T', reasons: ['TRY_LATER'] });
  });

  it('renews: a new archive time-stamp over everything, nothing of the store dropped', async () => {
    const old = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    const entries = (pdf: Uint8Array) => {
      const { latest } = openPdf(pdf);
      const store = latest.dict(latest.root.get('DSS'));
      return ['Certs', 'OCSPs', 'CRLs'].map((key) => latest.array(store?.get(key))?.length ?? 0);
    };
    tester.clock.advance(365 * 24 * 3_600_000);
    const renewed = await extend(old, 'B-LTA', { ...options(), renew: true });
    expect(renewed.reached).toBe('B-LTA');
    const before = entries(old);
    for (const [index, count] of entries(renewed.pdf).entries())
      expect(count).toBeGreaterThanOrEqual(before[index] ?? 0);
    expect(verdictOn(tester, renewed.pdf).verdict).toBe('TOTAL-PASSED');
  });

  it('does nothing where the level is there already, and refuses a file without signatures', async () => {
    const pdf = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    expect((await extend(pdf, 'B-LT', options())).pdf).toBe(pdf);
    await expect(extend(record(), 'B-T', options())).rejects.toMatchObject({ code: 'NOTHING_SIGNED' });
  });

  it('gives each time-stamp field a name of its own and an empty appearance', async () => {
    const once = await addDocumentTimestamp(await signRecord(tester, record(), { count: 1 }), tester.timestamp);
    const twice = await addDocumentTimestamp(once, tester.timestamp, { reserve: 16 });
    const fields = signatureFields(openPdf(twice).latest).filter(({ name }) => name.startsWith('DauThoiGian'));
    expect(fields.map(({ name }) => name)).toEqual(['DauThoiGian1', 'DauThoiGian2']);
    for (const { dict } of fields) expect([dict.get('F'), dict.has('AP')]).toEqual([132, true]);
  });

  it('refuses a token that is about something else', async () => {
    const signed = await signRecord(tester, record(), { count: 1 });
    const elsewhere = await tester.timestamp(new Uint8Array(32), 'SHA-256');
    await expect(addDocumentTimestamp(signed, async () => elsewhere)).rejects.toMatchObject({
      code: 'TIMESTAMP_WRONG',
    });
  });

  it('vouches for survival before a new revision is stored, and refuses what harms a signature', async () => {
    const before = await signRecord(tester, record(), { count: 1 });
    const after = await addDocumentTimestamp(before, tester.timestamp);
    const check = { file: 'ho-so.pdf', anchors: tester.anchors, at: tester.clock.now() };
    expect(survives(before, after, check).signatures).toHaveLength(2);
    const flipped = Uint8Array.from(after);
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    const refusal = expect.objectContaining({ code: 'SIGNATURE_SURVIVAL', kind: 'integrity' });
    expect(() => survives(before, flipped, check)).toThrow(refusal);
    expect(() => survives(after, before, check)).toThrow(refusal);
    expect(() => survives(before, Buffer.concat([after, Buffer.from('%more')]), check)).toThrow(refusal);
  });
});
