import { describe, expect, it } from 'vitest';
import { parseSignedData } from '../../../src/engines/crypto/index.ts';
import { embed, embedCms, prepare, sign, verifyPrepared } from '../../../src/engines/pades/index.ts';
import {
  checkObjects,
  checkPlaces,
  isStream,
  openPdf,
  type PdfFile,
  signatureDictionaries,
  signatureFields,
} from '../../../src/engines/pdf/index.ts';
import { loadFonts } from '../../../src/forms/index.ts';
import { AppError } from '../../../src/shared/index.ts';
import { localSigner, TEST_NOW, testAuthority } from '../../support/authority.ts';
import { buildPdf, KINDS, ONE_PAGE, withFields } from '../pdf/build-pdf.ts';

const { regular } = await loadFonts();
const { cast, timestamp, authority } = await testAuthority();
const [doctor, head, hospital] = Object.values(cast).map((identity) => localSigner(identity));
if (doctor === undefined || head === undefined || hospital === undefined) throw new Error('The cast is too small');

const stamp = { lines: ['BS. Trần Văn Mẫu', 'Người hành nghề', 'Ký số: 01/06/2026 09:00:00 +07:00'] };
const base = { claimedTime: TEST_NOW, fallbackFont: regular } as const;

async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.code;
    throw thrown;
  }
  return 'accepted';
}

function signaturesOf(file: PdfFile) {
  return signatureDictionaries(file).map(({ fields, coversRevision, byteRangeProblems }) => ({
    fields,
    coversRevision,
    byteRangeProblems,
  }));
}

describe('three people sign one after the other', () => {
  it.each(KINDS)('in a file with this kind of cross-reference: %s', async (kind) => {
    let pdf = buildPdf(withFields(['BacSi', 'TruongKhoa', 'DauDonVi']), kind);
    const kindBefore = openPdf(pdf).revisions[0]?.xrefKind;
    for (const [field, signer] of [
      ['BacSi', doctor],
      ['TruongKhoa', head],
      ['DauDonVi', hospital],
    ] as const) {
      const signed = await sign(pdf, signer, { ...base, field, appearance: stamp });
      expect(signed.level).toBe('B-B');
      expect(signed.pdf.subarray(0, pdf.length)).toEqual(pdf);
      pdf = signed.pdf;
    }
    const file = openPdf(pdf);
    expect(signaturesOf(file)).toEqual([
      { fields: ['BacSi'], coversRevision: 2, byteRangeProblems: [] },
      { fields: ['TruongKhoa'], coversRevision: 3, byteRangeProblems: [] },
      { fields: ['DauDonVi'], coversRevision: 4, byteRangeProblems: [] },
    ]);
    // A hybrid file goes on as a table: its pointer belongs to one section only.
    const kindAfter = kindBefore === 'hybrid' ? 'table' : kindBefore;
    expect(file.revisions.slice(1).map(({ xrefKind }) => xrefKind)).toEqual([kindAfter, kindAfter, kindAfter]);
    expect(file.latest.trailer.has('XRefStm')).toBe(false);
    checkPlaces(file);
    checkObjects(file);
  });

  it('keeps the first half of /ID and changes the second, the same way each time', async () => {
    const pdf = buildPdf(withFields(['BacSi']));
    const prepared = () => openPdf(join(pdf, prepare(pdf, { ...base, ...doctor, field: 'BacSi' })));
    const ids = (file: PdfFile) => JSON.stringify(file.latest.trailer.get('ID'));
    const [before] = openPdf(pdf).latest.array(openPdf(pdf).latest.trailer.get('ID')) ?? [];
    const [permanent, changing] = prepared().latest.array(prepared().latest.trailer.get('ID')) ?? [];
    expect(permanent).toEqual(before);
    expect(changing).not.toEqual(before);
    expect(ids(prepared())).toBe(ids(prepared()));
  });

  it('writes the claimed time with the Vietnamese zone and Vietnamese text as it was given', async () => {
    const { pdf } = await sign(buildPdf(withFields(['BacSi'])), doctor, {
      ...base,
      field: 'BacSi',
      reason: 'Ký giấy ra viện',
      location: 'Hà Nội',
      signerName: 'BS. Trần Văn Mẫu',
    });
    const [signature] = signatureDictionaries(openPdf(pdf));
    expect(signature).toMatchObject({
      claimedTime: TEST_NOW,
      reason: 'Ký giấy ra viện',
      location: 'Hà Nội',
      signerName: 'BS. Trần Văn Mẫu',
      subFilter: 'ETSI.CAdES.detached',
      filter: 'Adobe.PPKLite',
      coversWholeFile: true,
    });
    expect(Buffer.from(pdf).toString('latin1')).toContain("/M (D:20260601090000+07'00')");
  });
});

function join(pdf: Uint8Array, prepared: { readonly appended: string }): Uint8Array {
  return new Uint8Array(Buffer.concat([pdf, Buffer.from(prepared.appended, 'base64')]));
}

describe('signing in two steps', () => {
  const pdf = buildPdf(withFields(['BacSi']));
  const options = { ...base, ...doctor, field: 'BacSi' } as const;

  it('the pause survives a restart as JSON', async () => {
    const prepared = JSON.parse(JSON.stringify(prepare(pdf, options)));
    const value = await doctor.sign(Buffer.from(prepared.signedAttributes, 'base64'));
    expect(verifyPrepared(prepared, value)).toBe(true);
    const { pdf: signed, level } = await embed(pdf, prepared, value);
    expect(level).toBe('B-B');
    expect(signaturesOf(openPdf(signed))).toEqual([{ fields: ['BacSi'], coversRevision: 2, byteRangeProblems: [] }]);
  });

  it('a wrong value, or the value of another person, is refused', async () => {
    const prepared = prepare(pdf, options);
    const attributes = Buffer.from(prepared.signedAttributes, 'base64');
    const right = await doctor.sign(attributes);
    const flipped = Uint8Array.from(right, (byte, index) => (index === 40 ? byte ^ 1 : byte));
    expect(await refusal(() => embed(pdf, prepared, flipped))).toBe('SIGNATURE_VALUE_WRONG');
    expect(await refusal(async () => embed(pdf, prepared, await head.sign(attributes)))).toBe('SIGNATURE_VALUE_WRONG');
    expect(await refusal(() => embed(pdf, prepared, new Uint8Array()))).toBe('SIGNATURE_VALUE_WRONG');
  });

  it('another document than the prepared one is refused', async () => {
    const prepared = prepare(pdf, options);
    const value = await doctor.sign(Buffer.from(prepared.signedAttributes, 'base64'));
    const other = Uint8Array.from(pdf, (byte, index) => (index === 300 ? byte ^ 1 : byte));
    expect(await refusal(() => embed(other, prepared, value))).toBe('PREPARED_MISMATCH');
    expect(await refusal(() => embed(pdf.subarray(1), prepared, value))).toBe('PREPARED_MISMATCH');
  });

  it('takes a whole CMS from a signing service, and only the right one', async () => {
    const prepared = prepare(pdf, options);
    const value = await doctor.sign(Buffer.from(prepared.signedAttributes, 'base64'));
    const made = await embed(pdf, prepared, value);
    const [signature] = signatureDictionaries(openPdf(made.pdf));
    const cms = parseSignedData(signature?.contents ?? new Uint8Array()).raw;
    expect((await embedCms(pdf, prepared, cms)).pdf).toEqual(made.pdf);

    const elsewhere = prepare(pdf, { ...options, reason: 'khác' });
    expect(await refusal(() => embedCms(pdf, elsewhere, cms))).toBe('SIGNATURE_VALUE_WRONG');
    const expectedHead = prepare(pdf, { ...options, ...head });
    expect(await refusal(() => embedCms(pdf, expectedHead, cms))).toBe('SIGNATURE_VALUE_WRONG');
  });
});

describe('time-stamps', () => {
  const pdf = buildPdf(withFields(['BacSi', 'TruongKhoa']));

  it('a token makes level B-T and lies in the CMS', async () => {
    const { pdf: signed, level } = await sign(pdf, doctor, { ...base, field: 'BacSi', timestamp });
    expect(level).toBe('B-T');
    const [signature] = signatureDictionaries(openPdf(signed));
    const [info] = parseSignedData(signature?.contents ?? new Uint8Array()).signerInfos;
    expect(info?.unsignedAttributes.map(({ oid }) => oid)).toEqual(['1.2.840.113549.1.9.16.2.14']);
  });

  it('a token larger than its place: the signature is made anew with a local key, owed with any other', async () => {
    const small = { ...base, field: 'BacSi', timestampReserve: 100, timestamp } as const;
    expect((await sign(pdf, doctor, small)).level).toBe('B-T');
    const prepared = prepare(pdf, { ...small, ...doctor });
    const value = await doctor.sign(Buffer.from(prepared.signedAttributes, 'base64'));
    expect(await refusal(() => embed(pdf, prepared, value, { timestamp }))).toBe('SIGNATURE_TOO_LARGE');
    const owed = await embed(pdf, prepared, value, { timestamp, allowWithoutTimestamp: true });
    expect(owed).toMatchObject({ level: 'B-B', debt: 'TOKEN_TOO_LARGE' });
  });

  it('no authority answers: refused, or owed where the policy allows it', async () => {
    const down = () => Promise.reject(new AppError('TSA_UNAVAILABLE'));
    const options = { ...base, field: 'BacSi', timestamp: down } as const;
    expect(await refusal(() => sign(pdf, doctor, options))).toBe('TSA_UNAVAILABLE');
    const owed = await sign(pdf, doctor, { ...options, allowWithoutTimestamp: true });
    expect(owed).toMatchObject({ level: 'B-B', debt: 'TSA_UNAVAILABLE' });
    expect(signaturesOf(openPdf(owed.pdf))[0]?.byteRangeProblems).toEqual([]);
  });

  it('a token about something else is never embedded', async () => {
    const replayed = await timestamp(new Uint8Array(32), 'SHA-256');
    const options = { ...base, field: 'BacSi', timestamp: async () => replayed, allowWithoutTimestamp: true } as const;
    expect(await refusal(() => sign(pdf, doctor, options))).toBe('TIMESTAMP_WRONG');
    expect(authority.root.subject.text).not.toBe('');
  });
});

describe('what the document allows', () => {
  const field = 'BacSi';
  it('a field that is signed, unknown, or misplaced', async () => {
    const pdf = buildPdf(withFields(['BacSi', 'TruongKhoa']));
    const { pdf: signed } = await sign(pdf, doctor, { ...base, field });
    expect(await refusal(() => sign(signed, head, { ...base, field }))).toBe('FIELD_ALREADY_SIGNED');
    expect(await refusal(() => sign(pdf, head, { ...base, field: 'Bacsi' }))).toBe('FIELD_UNKNOWN');
    const newField = { page: 1, rect: [10, 10, 110, 60] } as const;
    expect(await refusal(() => sign(signed, head, { ...base, field: 'Moi', newField }))).toBe(
      'NEW_FIELD_AFTER_SIGNATURE',
    );
    expect(await refusal(() => sign(pdf, head, { ...base, field: 'A.B', newField }))).toBe('FIELD_INVALID');
    const outside = { page: 1, rect: [500, 10, 700, 60] } as const;
    expect(await refusal(() => sign(pdf, head, { ...base, field: 'Moi', newField: outside }))).toBe('FIELD_INVALID');
    const noPage = { page: 2, rect: [10, 10, 20, 20] } as const;
    expect(await refusal(() => sign(pdf, head, { ...base, field: 'Moi', newField: noPage }))).toBe('FIELD_INVALID');
    expect(await refusal(() => sign(signed, head, { ...base, field: 'Moi', newField: 'invisible' }))).toBe('accepted');
  });

  it('a lock set by an earlier signature, by full names only', async () => {
    const lock = (body: string) =>
      buildPdf(withFields(['Ky', 'Ky1', 'Khac'], `/Lock << /Type /SigFieldLock ${body} >>`));
    const afterKy = async (body: string) => (await sign(lock(body), doctor, { ...base, field: 'Ky' })).pdf;
    const included = await afterKy('/Action /Include /Fields [(Ky1)]');
    expect(await refusal(() => sign(included, head, { ...base, field: 'Ky1' }))).toBe('FIELD_LOCKED');
    expect(await refusal(() => sign(included, head, { ...base, field: 'Khac' }))).toBe('accepted');
    expect(signatureDictionaries(openPdf(included))[0]?.fieldMdp).toEqual({ action: 'Include', fields: ['Ky1'] });
    const prefix = await afterKy('/Action /Include /Fields [(K)]');
    expect(await refusal(() => sign(prefix, head, { ...base, field: 'Ky1' }))).toBe('accepted');
    const excluded = await afterKy('/Action /Exclude /Fields [(Khac)]');
    expect(await refusal(() => sign(excluded, head, { ...base, field: 'Ky1' }))).toBe('FIELD_LOCKED');
    expect(await refusal(() => sign(excluded, head, { ...base, field: 'Khac' }))).toBe('accepted');
    const all = await afterKy('/Action /All');
    expect(await refusal(() => sign(all, head, { ...base, field: 'Khac' }))).toBe('FIELD_LOCKED');
    const pdf20 = await afterKy('/Action /Include /Fields [(Ky)] /P 1');
    expect(await refusal(() => sign(pdf20, head, { ...base, field: 'Khac' }))).toBe('CERTIFIED_NO_CHANGES');
  });

  it('certification: first signature only, and P=1 closes the document', async () => {
    const pdf = buildPdf(withFields(['BacSi', 'TruongKhoa']));
    const open = (await sign(pdf, doctor, { ...base, field, certify: 2 })).pdf;
    const [signature] = signatureDictionaries(openPdf(open));
    expect(signature?.docMdp).toBe(2);
    expect(openPdf(open).latest.dict(openPdf(open).latest.root.get('Perms'))?.get('DocMDP')).toEqual(signature?.ref);
    expect(await refusal(() => sign(open, head, { ...base, field: 'TruongKhoa' }))).toBe('accepted');
    expect(await refusal(() => sign(open, head, { ...base, field: 'TruongKhoa', certify: 2 }))).toBe(
      'CERTIFY_NOT_FIRST',
    );
    const closed = (await sign(pdf, doctor, { ...base, field, certify: 1 })).pdf;
    expect(await refusal(() => sign(closed, head, { ...base, field: 'TruongKhoa' }))).toBe('CERTIFIED_NO_CHANGES');
  });

  it('encrypted files, and signed files with foreign bytes behind them', async () => {
    const encrypted = buildPdf({ ...ONE_PAGE, 5: '<< /Filter /Standard /V 1 /R 2 >>' }, 'table', '/Encrypt 5 0 R');
    expect(await refusal(() => sign(encrypted, doctor, { ...base, field }))).toBe('PDF_ENCRYPTED');
    const { pdf } = await sign(buildPdf(withFields(['BacSi', 'TruongKhoa'])), doctor, { ...base, field });
    const tail = new Uint8Array(Buffer.concat([pdf, Buffer.from('9 0 obj null endobj')]));
    expect(await refusal(() => sign(tail, head, { ...base, field: 'TruongKhoa' }))).toBe('PDF_TRAILING_BYTES');
  });
});

describe('new fields', () => {
  const page = '/Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << >>';
  const rectOf = (pdf: Uint8Array) => signatureFields(openPdf(pdf).latest)[0];

  it('in a file without a form', async () => {
    const newField = { page: 1, rect: [50, 60, 210, 120] } as const;
    const { pdf } = await sign(buildPdf(ONE_PAGE), doctor, { ...base, field: 'Moi', newField, appearance: stamp });
    const file = openPdf(pdf);
    expect(rectOf(pdf)).toMatchObject({ name: 'Moi', rect: [50, 60, 210, 120], page: 0 });
    const form = file.latest.dict(file.latest.root.get('AcroForm'));
    expect(form?.get('SigFlags')).toBe(3);
    // The stamp font is shared, so that the next stamp does not bring its own.
    expect(file.latest.dict(file.latest.dict(form?.get('DR'))?.get('Font'))?.has('VnStamp')).toBe(true);
    const again = await sign(pdf, head, {
      ...base,
      field: 'Hai',
      newField,
      newFieldAfterSignature: true,
      appearance: stamp,
    });
    expect(again.pdf.length - pdf.length).toBeLessThan(14_000);
    expect(file.latest.resolve({ kind: 'ref', num: 4, gen: 0 })).toMatchObject({ kind: 'stream' });
    expect(file.revisions[1]?.entries.has(4)).toBe(false);
  });

  it.each([
    ['a direct form, direct annotations', '/AcroForm << /Fields [] >>', '/Annots []'],
    ['a direct form, no annotations', '/AcroForm << /Fields [] /NeedAppearances true >>', ''],
    ['an indirect form and arrays', '/AcroForm 5 0 R', '/Annots 7 0 R'],
  ])('%s', async (_, form, annotations) => {
    const pdf = buildPdf({
      ...ONE_PAGE,
      1: `<< /Type /Catalog /Pages 2 0 R ${form} >>`,
      3: `<< ${page} /MediaBox [0 0 595 842] ${annotations} >>`,
      5: '<< /Fields 6 0 R >>',
      6: '[]',
      7: '[]',
    });
    const { pdf: signed } = await sign(pdf, doctor, {
      ...base,
      field: 'Moi',
      newField: { page: 1, rect: [9, 9, 99, 59] },
    });
    const { latest } = openPdf(signed);
    expect(signaturesOf(openPdf(signed))).toEqual([{ fields: ['Moi'], coversRevision: 2, byteRangeProblems: [] }]);
    expect(latest.array(latest.dict({ kind: 'ref', num: 3, gen: 0 })?.get('Annots'))).toHaveLength(1);
  });

  it.each([
    [0, [110, 220, 210, 270]],
    [90, [330, 210, 380, 310]],
    [180, [290, 630, 390, 680]],
    [270, [120, 590, 170, 690]],
  ] as const)('stands where the page shows it: turned by %i, cropped', async (turn, expected) => {
    const boxes = `/MediaBox [0 0 600 900] /CropBox [100 200 400 700] /Rotate ${turn}`;
    const pdf = buildPdf({ ...ONE_PAGE, 3: `<< ${page} ${boxes} >>` });
    const newField = { page: 1, rect: [10, 20, 110, 70] } as const;
    const { pdf: signed } = await sign(pdf, doctor, { ...base, field: 'Moi', newField, appearance: { lines: ['Ký'] } });
    expect(rectOf(signed)?.rect).toEqual(expected);
    const { latest } = openPdf(signed);
    const normal = latest.resolve(latest.dict(rectOf(signed)?.dict.get('AP'))?.get('N'));
    // The stamp itself is always as wide and high as the person sees it.
    expect(isStream(normal) && normal.dict.get('BBox')).toEqual([0, 0, 100, 50]);
    expect(isStream(normal) && normal.dict.has('Matrix')).toBe(turn !== 0);
  });

  it('invisible ones print nothing, yet have an appearance', async () => {
    const { pdf } = await sign(buildPdf(ONE_PAGE), doctor, {
      ...base,
      field: 'An',
      newField: 'invisible',
      appearance: stamp,
    });
    const field = signatureFields(openPdf(pdf).latest)[0];
    expect(field).toMatchObject({ rect: [0, 0, 0, 0], page: 0 });
    expect(field?.dict.get('F')).toBe(132);
    expect(field?.dict.has('AP')).toBe(true);
  });
});
