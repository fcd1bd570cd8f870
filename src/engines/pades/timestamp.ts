/** Document time-stamps (EN 319 142-1 §5.4.3, ISO 32000-2 §12.8.5): one token over the whole file, in an invisible field. */
import { AppError, type DigestName } from '../../shared/index.ts';
import { checkTimestampToken, parseTimestampToken } from '../crypto/index.ts';
import {
  beginUpdate,
  fieldNames,
  isDict,
  isRef,
  name,
  openPdf,
  type PdfDict,
  type PdfFile,
  type PdfObject,
  type PdfRef,
  type PdfUpdate,
  pageRefs,
  signatureFields,
  textString,
} from '../pdf/index.ts';
import { declareExtensions, headerVersion } from './dss.ts';
import { rangeDigests } from './range-digests.ts';
import type { TimestampSource } from './types.ts';

export interface DocumentTimestampOptions {
  /** Name of the new field; absent: `DauThoiGian1`, `DauThoiGian2`, … whichever is free. */
  readonly field?: string;
  /** Digest of the imprint, SHA-256 unless said otherwise. */
  readonly digest?: DigestName;
  /** Bytes held for the token; a longer one is asked for again with more room. */
  readonly reserve?: number;
}

/** Tokens with their chain have 3 to 8 kB. */
const DEFAULT_RESERVE = 10 * 1024;
/** Length of the ByteRange token: ten digits an offset (ISO 32000-2 §7.5.4). */
const RANGE_WIDTH = 48;

/**
 * Appends a document time-stamp; the input is an exact prefix of the result. The field is invisible, printable and locked
 * (`/F 132`) and has an empty appearance, which PDF/A and PDF/UA accept without tags. The token is checked against the file before it is
 * embedded. Throws what `timestamp` throws (TSA_UNAVAILABLE), TIMESTAMP_WRONG, and the PDF_… errors of files that cannot be written.
 */
export async function addDocumentTimestamp(
  pdf: Uint8Array,
  timestamp: TimestampSource,
  options: DocumentTimestampOptions = {},
): Promise<Uint8Array> {
  const algorithm = options.digest ?? 'SHA-256';
  let reserve = options.reserve ?? DEFAULT_RESERVE;
  for (;;) {
    const prepared = prepareTimestamp(pdf, options.field, reserve);
    const imprint = digestOf(prepared, algorithm);
    const token = await timestamp(imprint, algorithm);
    checkToken(token, imprint);
    if (token.length <= reserve) return withToken(prepared, token);
    reserve = token.length + 1024;
  }
}

interface Prepared {
  readonly file: PdfFile;
  readonly bytes: Uint8Array;
  readonly gap: { readonly start: number; readonly end: number };
}

function prepareTimestamp(pdf: Uint8Array, field: string | undefined, reserve: number): Prepared {
  const file = openPdf(pdf);
  if (file.trailing.significant) throw new AppError('PDF_TRAILING_BYTES');
  const update = beginUpdate(file);
  const value = update.add(
    new Map<string, PdfObject>([
      ['Type', name('DocTimeStamp')],
      ['Filter', name('Adobe.PPKLite')],
      ['SubFilter', name('ETSI.RFC3161')],
      ['ByteRange', { kind: 'raw', text: ' '.repeat(RANGE_WIDTH), mark: 'range' }],
      ['Contents', { kind: 'raw', text: `<${'0'.repeat(reserve * 2)}>`, mark: 'contents' }],
    ]),
  );
  addInvisibleField(update, field ?? freeName(fieldNames(file.latest)), value);
  declareExtensions(update, headerVersion(pdf));
  const { bytes, marks } = update.finish();
  const gap = marks.get('contents');
  const range = marks.get('range');
  if (gap === undefined || range === undefined) throw new TypeError('The placeholders were not written');
  const text = `[0 ${gap.start} ${gap.end} ${bytes.length - gap.end}]`.padEnd(RANGE_WIDTH);
  bytes.set(Buffer.from(text, 'latin1'), range.start);
  return { file, bytes, gap };
}

function freeName(taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`DauThoiGian${number}`)) number += 1;
  return `DauThoiGian${number}`;
}

function addInvisibleField(update: PdfUpdate, fieldName: string, value: PdfRef): void {
  const { view } = update;
  const fields = signatureFields(view);
  const pages = pageRefs(view);
  // Beside other fields, where the page is already set up for annotations.
  const page = pages[fields.find((each) => each.page !== undefined)?.page ?? 0];
  if (page === undefined) throw new AppError('PDF_SYNTAX');
  const isTagged = view.resolve(view.dict(view.root.get('MarkInfo'))?.get('Marked')) === true;
  // ISO 14289-1 §7.18.3; after a signature the page must stay as it is.
  if (isTagged && view.dict(page)?.has('Tabs') === false && fields.every((each) => each.value === undefined)) {
    update.edit(page).set('Tabs', name('S'));
  }
  const appearance = update.add({
    kind: 'stream',
    dict: new Map<string, PdfObject>([
      ['Type', name('XObject')],
      ['Subtype', name('Form')],
      ['BBox', [0, 0, 0, 0]],
      ['Resources', new Map()],
      ['Length', 0],
    ]),
    raw: new Uint8Array(),
  });
  const field = update.add(
    new Map<string, PdfObject>([
      ['Type', name('Annot')],
      ['Subtype', name('Widget')],
      ['FT', name('Sig')],
      ['T', textString(fieldName)],
      ['Rect', [0, 0, 0, 0]],
      // Print and Locked (ISO 32000-2 table 167); ISO 19005-3 §6.3.2 wants Print.
      ['F', 132],
      ['P', page],
      ['AP', new Map([['N', appearance]])],
      ['V', value],
    ]),
  );
  append(update, view.dict(page), () => update.edit(page), 'Annots', field);
  const form = view.dict(view.root.get('AcroForm'));
  append(update, form, () => editForm(update), 'Fields', field);
  // SignaturesExist and AppendOnly (ISO 32000-2 table 225).
  const flags = view.number(form?.get('SigFlags')) ?? 0;
  if ((flags & 3) !== 3) editForm(update).set('SigFlags', flags | 3);
}

/** The form as this update will write it: an object of its own, or a dictionary inside the catalog. */
function editForm(update: PdfUpdate): PdfDict {
  const target = update.view.root.get('AcroForm');
  if (isRef(target)) return update.edit(target);
  const catalog = update.edit(update.rootRef);
  const current = catalog.get('AcroForm');
  const copy: PdfDict = new Map(isDict(current) ? current : []);
  catalog.set('AcroForm', copy);
  return copy;
}

/** Puts a reference at the end of an array, where that is kept: in an object of its own or inside `owner`. */
function append(update: PdfUpdate, owner: PdfDict | undefined, edit: () => PdfDict, key: string, item: PdfRef): void {
  const place = owner?.get(key);
  const grown = [...(update.view.array(place) ?? []), item];
  if (isRef(place)) update.set(place, grown);
  else edit().set(key, grown);
}

/** Of all bytes but the gap: from what is known of the beginning on. */
function digestOf({ file, bytes, gap }: Prepared, algorithm: DigestName): Uint8Array {
  const length = file.bytes.length;
  const hash = rangeDigests(file).beginning(algorithm, length).copy();
  hash.update(bytes.subarray(length, gap.start)).update(bytes.subarray(gap.end));
  return new Uint8Array(hash.digest());
}

/** The token must be about this file and verify; whether its authority is trusted is for the caller's source and for `validate`. */
function checkToken(token: Uint8Array, imprint: Uint8Array): void {
  const { intact, signatureValid, reasons } = checkTimestampToken(parseTimestampToken(token), imprint);
  if (intact && signatureValid) return;
  throw new AppError('TIMESTAMP_WRONG', {
    detail: {
      vi: `Dấu thời gian nhận được không hợp lệ: ${reasons.join(', ')}.`,
      en: `The time-stamp received is not valid: ${reasons.join(', ')}.`,
    },
  });
}

function withToken({ bytes, gap }: Prepared, token: Uint8Array): Uint8Array {
  bytes.set(Buffer.from(Buffer.from(token).toString('hex'), 'latin1'), gap.start + 1);
  return bytes;
}
