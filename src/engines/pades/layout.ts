/** The revision that will hold a signature: everything but the CMS (EN 319 142-1 §5, ISO 32000-2 §12.8.1). */
import { AppError } from '../../shared/index.ts';
import { type Certificate, signedAttributes } from '../crypto/index.ts';
import {
  beginUpdate,
  checkPlaces,
  dateString,
  fieldLock,
  name,
  openPdf,
  type PdfDict,
  type PdfFile,
  type PdfObject,
  type PdfUpdate,
  shareFont,
  textString,
} from '../pdf/index.ts';
import { addStamp, emptyAppearance } from './appearance.ts';
import { type ChosenField, chooseField, formOf } from './field.ts';
import { rangeDigests } from './range-digests.ts';
import type { PrepareOptions } from './types.ts';

export interface Layout {
  /** The file as it was. */
  readonly file: PdfFile;
  readonly appended: Uint8Array;
  /** Offsets of the whole `<…>` token in the prepared file. */
  readonly contentsStart: number;
  readonly contentsEnd: number;
  readonly signedAttributes: Uint8Array;
}

/** Bytes of a CMS besides certificates, signature value and attributes: headers, identifiers, signed attributes. */
const CMS_OVERHEAD = 512;
/** A time-stamp token is wrapped into an attribute. */
const TOKEN_OVERHEAD = 64;

/** Four numbers of at most ten digits. */
const RANGE_WIDTH = 2 + 4 * 11;

/**
 * Lays out the revision and computes the signed attributes. `margin` is added to the place for the CMS.
 * Throws what `openPdf`, `chooseField` and `addStamp` throw, PDF_ENCRYPTED, PDF_TRAILING_BYTES.
 */
export function layOut(pdf: Uint8Array, options: PrepareOptions, margin = 0): Layout {
  const file = openPdf(pdf);
  const update = beginUpdate(file);
  checkPlaces(file);
  const chosen = chooseField(update, options);
  if (file.trailing.significant && !chosen.first) throw new AppError('PDF_TRAILING_BYTES');

  const signature = update.add(signatureDictionary(update, chosen, options, placeholder(options, margin)));
  update.edit(chosen.field).set('V', signature);
  decorate(update, chosen, options);
  markSigned(update);
  if (options.certify !== undefined) {
    const root = update.edit(update.rootRef);
    const permissions: PdfDict = new Map(update.view.dict(root.get('Perms')));
    root.set('Perms', permissions.set('DocMDP', signature));
  }

  const { appended, marks } = update.finish();
  const contents = marks.get('Contents');
  const range = marks.get('ByteRange');
  if (contents === undefined || range === undefined) throw new RangeError('A placeholder was not written');
  const base = pdf.length;
  const total = base + appended.length;
  const numbers = `[0 ${contents.start} ${contents.end} ${total - contents.end}]`;
  Buffer.from(appended.buffer, appended.byteOffset).write(numbers.padEnd(RANGE_WIDTH), range.start - base, 'latin1');

  const hash = rangeDigests(file).beginning(options.scheme.digest, base).copy();
  hash.update(appended.subarray(0, contents.start - base));
  hash.update(appended.subarray(contents.end - base));
  const attributes = signedAttributes({
    messageDigest: hash.digest(),
    certificate: options.certificate,
    scheme: options.scheme,
  });
  return { file, appended, contentsStart: contents.start, contentsEnd: contents.end, signedAttributes: attributes };
}

/** Bytes to hold for the CMS: what is known now, and what the caller expects to be added. */
function placeholder(options: PrepareOptions, margin: number): number {
  const certificates = [options.certificate, ...options.chain];
  const known = certificates.reduce((sum, { der }) => sum + der.length, 0) + options.certificate.issuer.der.length;
  const later = options.reserve ?? options.timestampReserve ?? 0;
  return known + signatureSize(options.certificate) + CMS_OVERHEAD + (later > 0 ? later + TOKEN_OVERHEAD : 0) + margin;
}

function signatureSize({ keyAlgorithm }: Certificate): number {
  switch (keyAlgorithm.kind) {
    case 'rsa':
    case 'rsa-pss':
      return Math.ceil(keyAlgorithm.bits / 8);
    case 'ec':
      return 160;
    case 'other':
      return 1024;
  }
}

function signatureDictionary(
  update: PdfUpdate,
  chosen: ChosenField,
  options: PrepareOptions,
  contentsBytes: number,
): PdfDict {
  const dict: PdfDict = new Map<string, PdfObject>([
    ['Type', name('Sig')],
    ['Filter', name('Adobe.PPKLite')],
    ['SubFilter', name('ETSI.CAdES.detached')],
    ['ByteRange', { kind: 'raw', text: ' '.repeat(RANGE_WIDTH), mark: 'ByteRange' }],
    ['Contents', { kind: 'raw', text: `<${'0'.repeat(contentsBytes * 2)}>`, mark: 'Contents' }],
    ['M', textString(dateString(options.claimedTime))],
  ]);
  const texts = [
    ['Name', options.signerName],
    ['Reason', options.reason],
    ['Location', options.location],
    ['ContactInfo', options.contactInfo],
  ] as const;
  for (const [key, text] of texts) if (text !== undefined) dict.set(key, textString(text.normalize('NFC')));
  const references = transforms(update, chosen, options);
  if (references.length > 0) dict.set('Reference', references);
  return dict;
}

/** Signature references (ISO 32000-2 table 256): certification, and what the field's /Lock orders to be locked. */
function transforms(update: PdfUpdate, chosen: ChosenField, options: PrepareOptions): PdfDict[] {
  const reference = (method: string, parameters: readonly (readonly [string, PdfObject])[]): PdfDict =>
    new Map<string, PdfObject>([
      ['Type', name('SigRef')],
      ['TransformMethod', name(method)],
      [
        'TransformParams',
        new Map<string, PdfObject>([['Type', name('TransformParams')], ['V', name('1.2')], ...parameters]),
      ],
    ]);
  const references: PdfDict[] = [];
  if (options.certify !== undefined) references.push(reference('DocMDP', [['P', options.certify]]));
  if (chosen.lock !== undefined) {
    const { action, fields } = fieldLock(update.view, chosen.lock);
    const parameters: [string, PdfObject][] = [['Action', name(action)]];
    if (action !== 'All') parameters.push(['Fields', fields.map(textString)]);
    references.push(reference('FieldMDP', parameters).set('Data', update.rootRef));
  }
  return references;
}

function decorate(update: PdfUpdate, chosen: ChosenField, options: PrepareOptions): void {
  const visible = chosen.width > 0 && chosen.height > 0;
  let stream: PdfObject;
  if (options.appearance !== undefined && visible) {
    const stamp = addStamp(update, chosen, options.appearance, options.fallbackFont);
    stream = stamp.ref;
    if (stamp.newFont !== undefined && chosen.first) shareFont(update, formOf(update), stamp.newFont);
  } else {
    if (chosen.hasAppearance) return;
    stream = emptyAppearance(update, chosen.width, chosen.height);
  }
  update.edit(chosen.widget).set('AP', new Map<string, PdfObject>([['N', stream]]));
}

/** /SigFlags: signatures exist, append only (ISO 32000-2 table 225). Left alone if already so. */
function markSigned(update: PdfUpdate): void {
  const form = update.view.dict(update.view.root.get('AcroForm'));
  const flags = update.view.number(form?.get('SigFlags')) ?? 0;
  if ((flags & 3) !== 3) formOf(update).set('SigFlags', flags | 3);
}
