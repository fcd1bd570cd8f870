/** A record of two pages with everything an attacker may want to touch, and the road to its B-LTA form. */
import { extend, type Level, sign, type ValidationReport, validate } from '../../../src/engines/pades/index.ts';
import { localSigner, type SettableClock, type TestAuthority } from '../../support/authority.ts';
import { buildPdf, type Kind, type Objects } from '../pdf/build-pdf.ts';

const content = (text: string): Objects[number] => ({ dict: '', data: `BT /F1 12 Tf 60 700 Td (${text}) Tj ET` });

/** Empty signature fields `BacSi`, `DaiDien`, `DongDau`; a text field `GhiChu`; outlines, names, tags, an attachment, layers. */
export const RECORD: Objects = {
  1: [
    '<< /Type /Catalog /Pages 2 0 R /AcroForm 5 0 R /Outlines 30 0 R /Metadata 33 0 R /MarkInfo << /Marked true >>',
    '/StructTreeRoot 34 0 R /Lang (vi-VN) /Names << /EmbeddedFiles << /Names [(ho-so.json) 36 0 R] >> >>',
    '/OCProperties << /OCGs [38 0 R] /D << /ON [38 0 R] >> >> /ViewerPreferences << /DisplayDocTitle true >> >>',
  ].join(' '),
  2: '<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /MediaBox [0 0 595 842] >>',
  3: '<< /Type /Page /Parent 2 0 R /Contents 6 0 R /Resources 8 0 R /Annots [10 0 R 11 0 R 12 0 R 13 0 R 14 0 R] /StructParents 0 >>',
  4: '<< /Type /Page /Parent 2 0 R /Contents 7 0 R /Resources 8 0 R >>',
  5: '<< /Fields [10 0 R 11 0 R 12 0 R 13 0 R] /DR << /Font << /F1 9 0 R >> >> /DA (/F1 10 Tf 0 g) >>',
  6: content('Chan doan: viem phoi'),
  7: content('Don thuoc: Amoxicillin 500 mg'),
  8: '<< /Font << /F1 9 0 R >> /Properties << /MC0 38 0 R >> >>',
  9: '<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>',
  10: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (BacSi) /Rect [50 100 210 160] /F 132 /P 3 0 R >>',
  11: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (DaiDien) /Rect [220 100 380 160] /F 132 /P 3 0 R >>',
  12: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (DongDau) /Rect [390 100 550 160] /F 132 /P 3 0 R >>',
  13: '<< /Type /Annot /Subtype /Widget /FT /Tx /T (GhiChu) /V (khong) /Rect [50 200 550 230] /F 4 /P 3 0 R /AP << /N 15 0 R >> >>',
  14: '<< /Type /Annot /Subtype /Link /Rect [50 300 100 320] /Border [0 0 0] /Dest [4 0 R /Fit] >>',
  15: {
    dict: '/Type /XObject /Subtype /Form /BBox [0 0 500 30] /Resources << /Font << /F1 9 0 R >> >>',
    data: 'BT /F1 10 Tf 2 8 Td (khong) Tj ET',
  },
  30: '<< /Type /Outlines /First 31 0 R /Last 31 0 R /Count 1 >>',
  31: '<< /Title (Trang 1) /Parent 30 0 R /Dest [3 0 R /Fit] >>',
  32: "<< /Title (Giay ra vien) /ModDate (D:20260601090000+07'00') >>",
  33: { dict: '/Type /Metadata /Subtype /XML', data: '<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>' },
  34: '<< /Type /StructTreeRoot /K 35 0 R >>',
  35: '<< /Type /StructElem /S /Document /P 34 0 R /Pg 3 0 R /K [0] >>',
  36: '<< /Type /Filespec /F (ho-so.json) /EF << /F 37 0 R >> >>',
  37: { dict: '/Type /EmbeddedFile', data: '{"chanDoan":"viem phoi"}' },
  38: '<< /Type /OCG /Name (Noi dung) >>',
  // Reachable from nowhere: what an attacker prepared before the signing.
  39: content('Don thuoc: Morphin 5000 mg'),
};

/** The unsigned record. */
export function record(kind: Kind = 'table', changes: Objects = {}): Uint8Array {
  return buildPdf({ ...RECORD, ...changes }, kind, '/Info 32 0 R');
}

export type Tester = TestAuthority<SettableClock>;

export const SIGNERS = [
  { who: 'practitioner', field: 'BacSi' },
  { who: 'representative', field: 'DaiDien' },
  { who: 'seal', field: 'DongDau' },
] as const;

export interface Signing {
  readonly count?: 1 | 2 | 3;
  readonly timestamps?: boolean;
  readonly certify?: 1 | 2 | 3;
}

/** Signs one after the other, five seconds apart. */
export async function signRecord(
  tester: Tester,
  pdf: Uint8Array,
  { count = 3, timestamps = true, certify }: Signing = {},
): Promise<Uint8Array> {
  let signed = pdf;
  for (const [index, { who, field }] of SIGNERS.slice(0, count).entries()) {
    const done = await sign(signed, localSigner(tester.cast[who]), {
      field,
      claimedTime: tester.clock.now(),
      ...(timestamps ? { timestamp: tester.timestamp } : {}),
      ...(index === 0 && certify !== undefined ? { certify } : {}),
    });
    signed = done.pdf;
    tester.clock.advance(5_000);
  }
  return signed;
}

/** Extends and returns the file; the level must be reached. */
export async function extendTo(tester: Tester, pdf: Uint8Array, level: Level): Promise<Uint8Array> {
  const { anchors, clock, timestamp, material } = tester;
  const extended = await extend(pdf, level, { anchors, at: clock.now(), timestamp, material });
  if (extended.reached !== level) throw new Error(`${extended.reached}: ${extended.reasons.join(', ')}`);
  return extended.pdf;
}

/** Our verdict at the clock's moment, offline. */
export function verdictOn(tester: Tester, pdf: Uint8Array, at: Date = tester.clock.now()): ValidationReport {
  return validate(pdf, { file: 'ho-so.pdf', anchors: tester.anchors, at });
}
