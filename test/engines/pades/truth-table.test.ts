/** The truth table of validation, row by row. */
import { beforeAll, describe, expect, it } from 'vitest';
import { addDocumentTimestamp, sign, type ValidationReport, validate } from '../../../src/engines/pades/index.ts';
import {
  beginUpdate,
  name,
  openPdf,
  type PdfObject,
  type PdfUpdate,
  ref,
  signatureDictionaries,
  signatureFields,
} from '../../../src/engines/pdf/index.ts';
import { localSigner, testAuthority } from '../../support/authority.ts';
import { extendTo, record, signRecord, type Tester, verdictOn } from './record.ts';

const bytes = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));
const string = (value: string): PdfObject => ({ kind: 'string', bytes: bytes(value), hex: false });

/** The file with one more revision. */
function updated(pdf: Uint8Array, change: (update: PdfUpdate) => void): Uint8Array {
  const update = beginUpdate(openPdf(pdf));
  change(update);
  return update.finish().bytes;
}

// Objects of the record.
const PAGE = ref(3);
const CONTENT = ref(6);
const NOTE = ref(13);
const INFO = ref(32);
const XMP = ref(33);
const fillIn = (update: PdfUpdate): void => void update.edit(NOTE).set('V', string('da uong thuoc'));
const comment = (update: PdfUpdate): void => {
  const note = update.add(
    new Map<string, PdfObject>([
      ['Type', name('Annot')],
      ['Subtype', name('Text')],
      ['Rect', [10, 10, 30, 30]],
      ['Contents', string('xem lai')],
    ]),
  );
  update.edit(PAGE).set('Annots', [...(update.view.array(update.view.dict(PAGE)?.get('Annots')) ?? []), note]);
};

describe('the truth table', () => {
  let tester: Tester;
  /** One signature, B-LT: everything after it is our doing. */
  let signed: Uint8Array;
  beforeAll(async () => {
    tester = await testAuthority();
    signed = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LT');
  });
  const first = (report: ValidationReport) => report.signatures[0];

  it('a forbidden later change: TOTAL-FAILED / FORMAT_FAILURE, CHANGED_AFTER_SIGNING', () => {
    const report = verdictOn(
      tester,
      updated(signed, (update) => update.set(CONTENT, null)),
    );
    expect(first(report)).toMatchObject({
      indication: 'TOTAL-FAILED',
      subIndication: 'FORMAT_FAILURE',
      reasons: ['CHANGED_AFTER_SIGNING'],
      laterChanges: 'forbidden',
      intact: true,
      signatureValid: true,
    });
  });

  describe('later changes within what DocMDP, FieldMDP and Lock allow', () => {
    const certifiedFor = async (certify: 1 | 2 | 3) =>
      extendTo(tester, await signRecord(tester, record(), { count: 1, certify }), 'B-LT');
    const cases = [
      { p: 1, change: fillIn, what: 'form-filling', allowed: false },
      { p: 2, change: fillIn, what: 'form-filling', allowed: true },
      { p: 3, change: fillIn, what: 'form-filling', allowed: true },
      { p: 1, change: comment, what: 'annotations', allowed: false },
      { p: 2, change: comment, what: 'annotations', allowed: false },
      { p: 3, change: comment, what: 'annotations', allowed: true },
    ] as const;
    for (const { p, change, what, allowed } of cases) {
      it(`P=${p} ${allowed ? 'allows' : 'forbids'} ${what}`, async () => {
        const report = verdictOn(tester, updated(await certifiedFor(p), change));
        expect(first(report)).toMatchObject({
          docMdp: p,
          laterChanges: what,
          indication: allowed ? 'TOTAL-PASSED' : 'TOTAL-FAILED',
        });
        if (!allowed) expect(first(report)?.reasons).toEqual(['CHANGED_AFTER_SIGNING', 'DOCMDP_VIOLATED']);
      });
    }

    it('P=1 allows time-stamps and validation data, and no further signature', async () => {
      const certified = await certifiedFor(1);
      const stamped = await addDocumentTimestamp(certified, tester.timestamp);
      expect(verdictOn(tester, stamped).verdict).toBe('TOTAL-PASSED');
      await expect(
        sign(certified, localSigner(tester.cast.head), { field: 'DaiDien', claimedTime: tester.clock.now() }),
      ).rejects.toMatchObject({ code: 'CERTIFIED_NO_CHANGES' });
    });

    it('no DocMDP counts as P=2: filling in is allowed, commenting is not', () => {
      expect(first(verdictOn(tester, updated(signed, fillIn)))).toMatchObject({
        docMdp: null,
        indication: 'TOTAL-PASSED',
        laterChanges: 'form-filling',
      });
      expect(first(verdictOn(tester, updated(signed, comment)))).toMatchObject({
        indication: 'TOTAL-FAILED',
        laterChanges: 'annotations',
      });
    });

    it('a Lock forbids what it names, by whole names', async () => {
      const lock = (fields: string) => ({
        10: `<< /Type /Annot /Subtype /Widget /FT /Sig /T (BacSi) /Rect [50 100 210 160] /F 132 /P 3 0 R /Lock << /Type /SigFieldLock /Action /Include /Fields [${fields}] >> >>`,
      });
      const locking = async (fields: string) =>
        extendTo(tester, await signRecord(tester, record('table', lock(fields)), { count: 1 }), 'B-LT');
      const locked = verdictOn(tester, updated(await locking('(GhiChu)'), fillIn));
      expect(first(locked)?.reasons).toEqual(['CHANGED_AFTER_SIGNING', 'FIELD_LOCK_VIOLATED']);
      expect(verdictOn(tester, updated(await locking('(Ghi) (GhiChu2)'), fillIn)).verdict).toBe('TOTAL-PASSED');
    });
  });

  it('last revision unsigned but only validation data or metadata: unaffected, a notice', () => {
    expect(first(verdictOn(tester, signed))).toMatchObject({
      indication: 'TOTAL-PASSED',
      notices: ['LAST_REVISION_UNSIGNED'],
    });
    const touched = updated(signed, (update) => {
      update.edit(INFO).set('ModDate', string("D:20260602090000+07'00'"));
      update.set(XMP, {
        kind: 'stream',
        dict: new Map<string, PdfObject>([
          ['Type', name('Metadata')],
          ['Length', 1],
        ]),
        raw: bytes(' '),
      });
    });
    expect(first(verdictOn(tester, touched))).toMatchObject({
      indication: 'TOTAL-PASSED',
      laterChanges: 'ltv',
      notices: ['METADATA_CHANGED', 'LAST_REVISION_UNSIGNED'],
    });
  });

  it('bytes after the last %%EOF: INDETERMINATE, TRAILING_BYTES; line ends and NULs are none', () => {
    const report = verdictOn(tester, Buffer.concat([signed, bytes('thua')]));
    expect(report).toMatchObject({ verdict: 'INDETERMINATE', reasons: ['TRAILING_BYTES'], trailingBytes: 4 });
    expect(first(report)).toMatchObject({ subIndication: 'TRAILING_BYTES', intact: true });
    expect(verdictOn(tester, Buffer.concat([signed, bytes('\r\n\0\0')])).verdict).toBe('TOTAL-PASSED');
  });

  it('two fields share one signature dictionary: one signature, two field names', async () => {
    const twoFields = record('table', {
      10: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (BacSi) /Rect [50 100 210 160] /F 132 /P 3 0 R >>',
    });
    const one = await signRecord(tester, twoFields, { count: 1 });
    const { latest } = openPdf(one);
    const value = signatureFields(latest).find((field) => field.name === 'BacSi')?.valueRef;
    const both = updated(one, (update) => void update.edit(ref(11)).set('V', value ?? null));
    const report = verdictOn(tester, both);
    expect(report.signatures).toHaveLength(1);
    expect(first(report)?.fields).toEqual(['BacSi', 'DaiDien']);
  });

  it('a later signature appearance lies over earlier content: reported, not forbidden', async () => {
    const { pdf } = await sign(signed, localSigner(tester.cast.seal), {
      field: 'DauGiapLai',
      newField: { page: 1, rect: [60, 690, 300, 720] },
      newFieldAfterSignature: true,
      claimedTime: tester.clock.now(),
      timestamp: tester.timestamp,
    });
    const report = verdictOn(tester, await extendTo(tester, pdf, 'B-LTA'));
    expect(report.verdict).toBe('TOTAL-PASSED');
    expect(first(report)).toMatchObject({ laterChanges: 'signing', notices: ['APPEARANCE_OVER_CONTENT'] });
  });

  it('B-T claimed by a token that does not verify: level B-B, the failure listed', async () => {
    const { pdf } = await sign(record(), localSigner(tester.cast.practitioner), {
      field: 'BacSi',
      claimedTime: tester.clock.now(),
      timestamp: tester.timestamp,
    });
    // The last digits of the CMS are those of the token's own signature.
    const text = Buffer.from(pdf).toString('latin1');
    const { contentsSpan } = signatureDictionaries(openPdf(pdf))[0] ?? {};
    const digits = text.slice((contentsSpan?.start ?? 0) + 1, contentsSpan?.end).replace(/(00)*>$/, '').length;
    const at = (contentsSpan?.start ?? 0) + digits - 1;
    const broken = bytes(text.slice(0, at) + (text[at] === '1' ? '2' : '1') + text.slice(at + 1));
    expect(first(verdictOn(tester, broken))).toMatchObject({
      level: 'B-B',
      bestSignatureTime: null,
      signatureValid: true,
      notices: ['TIMESTAMP_NOT_VALID'],
      timestamps: [{ kind: 'signature-timestamp', indication: 'TOTAL-FAILED', subIndication: 'SIG_CRYPTO_FAILURE' }],
    });
  });

  it('no chain to an anchor, no revocation data: INDETERMINATE with its sub-indication', async () => {
    const plain = await signRecord(tester, record(), { count: 1 });
    expect(first(verdictOn(tester, plain))).toMatchObject({
      indication: 'INDETERMINATE',
      subIndication: 'CERTIFICATE_CHAIN_GENERAL_FAILURE',
      reasons: ['NO_REVOCATION_DATA'],
      trusted: true,
      level: 'B-T',
    });
    const report = validate(plain, { file: 'x.pdf', anchors: [], at: tester.clock.now() });
    expect(first(report)).toMatchObject({
      subIndication: 'NO_CERTIFICATE_CHAIN_FOUND',
      trusted: false,
      signatureValid: true,
    });
  });

  it('files that hold nothing to judge are described', () => {
    const at = tester.clock.now();
    const judge = (pdf: Uint8Array) => validate(pdf, { file: 'x.pdf', anchors: tester.anchors, at });
    expect(judge(record())).toMatchObject({ verdict: 'NO-SIGNATURE', reasons: [], signatures: [] });
    expect(judge(bytes('GIF89a'))).toMatchObject({ verdict: 'NOT-A-PDF', reasons: ['NOT_A_PDF'], revisions: 0 });
    expect(judge(new Uint8Array())).toMatchObject({ verdict: 'NOT-A-PDF', bytes: 0 });
    expect(judge(signed.subarray(0, 400))).toMatchObject({ verdict: 'UNREADABLE' });
    const encrypted = Buffer.from(record())
      .toString('latin1')
      .replace('/Root 1 0 R', '/Root 1 0 R /Encrypt << /Filter /Standard >>');
    expect(judge(bytes(encrypted))).toMatchObject({ verdict: 'UNREADABLE', reasons: ['ENCRYPTED'] });
  });

  it('reports every key in the promised order', () => {
    const report = verdictOn(tester, signed);
    expect(Object.keys(report)).toEqual([
      'file',
      'sha256',
      'bytes',
      'revisions',
      'trailingBytes',
      'verdict',
      'reasons',
      'validatedAt',
      'signatures',
    ]);
    expect(Object.keys(first(report) ?? {}).slice(0, 8)).toEqual([
      'field',
      'fields',
      'kind',
      'subFilter',
      'level',
      'indication',
      'subIndication',
      'reasons',
    ]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});
