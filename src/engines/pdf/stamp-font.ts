/** The font of signature stamps: read from the file if it carries one, else embedded (ISO 32000-2 §9.7, §9.10.3). */
import { deflateSync } from 'node:zlib';
import { sha256Hex } from '../../shared/index.ts';
import { signatureFields } from './fields.ts';
import type { PdfUpdate, PdfView } from './file.ts';
import {
  isArray,
  isInteger,
  isRef,
  isStream,
  name,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  ref,
} from './objects.ts';

/** Name of the stamp font in the AcroForm `/DR /Font` dictionary and in the resources of stamps. */
export const STAMP_FONT = 'VnStamp';

/** A TrueType subset ready to be embedded: glyphs are numbered by itself, lengths are thousandths of the font size. */
export interface EmbeddableFont {
  readonly bytes: Uint8Array;
  /** PostScript name with subset tag. */
  readonly name: string;
  /** Number of glyphs. */
  readonly glyphs: number;
  readonly metrics: {
    readonly ascent: number;
    readonly descent: number;
    readonly capHeight: number;
    readonly italicAngle: number;
    readonly bbox: readonly [number, number, number, number];
  };
  /** Glyph → the code point it shows. */
  readonly characters: ReadonlyMap<number, number>;
  gid(codePoint: number): number | undefined;
  width(gid: number): number;
}

/** What is needed to set text: glyphs by code point and their widths. */
export interface Typeface {
  gid(codePoint: number): number | undefined;
  width(gid: number): number;
}

/**
 * The stamp font that the file carries: in the AcroForm's /DR, else in the stamp of an earlier signature.
 * Undefined if it has none that can be used (Type0, Identity-H, embedded TrueType, ToUnicode).
 */
export function findStampFont(view: PdfView): { readonly ref: PdfRef; readonly face: Typeface } | undefined {
  const form = view.dict(view.root.get('AcroForm'));
  const inResources = (resources: PdfObject | undefined): PdfRef | undefined => {
    const font = view.dict(view.dict(resources)?.get('Font'))?.get(STAMP_FONT);
    return isRef(font) ? font : undefined;
  };
  let font = inResources(form?.get('DR'));
  if (font === undefined) {
    for (const { widgets } of signatureFields(view)) {
      const stamp = view.resolve(view.dict(view.dict(widgets[0])?.get('AP'))?.get('N'));
      font = isStream(stamp) ? inResources(stamp.dict.get('Resources')) : undefined;
      if (font !== undefined) break;
    }
  }
  if (font === undefined) return undefined;
  const face = readFace(view, font);
  return face && { ref: font, face };
}

/** Faces by digest of the objects they are read from: all renditions of an installation carry the same one. */
const faces = new Map<string, Typeface>();
const MAX_FACES = 16;

function readFace(view: PdfView, font: PdfRef): Typeface | undefined {
  const dict = view.dict(font);
  const [descendant] = view.array(dict?.get('DescendantFonts')) ?? [];
  const map = view.resolve(dict?.get('ToUnicode'));
  const usable = view.name(dict?.get('Subtype')) === 'Type0' && view.name(dict?.get('Encoding')) === 'Identity-H';
  if (!usable || !isStream(map)) return undefined;
  // Hundreds of widths cost more to read than all the rest of a signature: known bytes are not read again.
  const source = isRef(descendant) ? view.source(descendant.num) : undefined;
  const key = source && sha256Hex(Buffer.concat([map.raw, source]));
  const known = key === undefined ? undefined : faces.get(key);
  if (known !== undefined) return known;
  const cid = view.dict(descendant);
  const embedded = view.dict(cid?.get('FontDescriptor'))?.has('FontFile2') === true;
  const bytes = view.streamBytes(map);
  if (cid === undefined || bytes === undefined || !embedded || view.name(cid.get('CIDToGIDMap')) !== 'Identity') {
    return undefined;
  }
  const glyphs = readToUnicode(Buffer.from(bytes).toString('latin1'));
  const widths = readWidths(view, (view.array(cid.get('W')) ?? []).map(view.resolve));
  const fallback = view.number(cid.get('DW')) ?? 1000;
  const face: Typeface = {
    gid: (codePoint) => glyphs.get(codePoint),
    width: (gid) => widths.get(gid) ?? fallback,
  };
  if (faces.size >= MAX_FACES) faces.clear();
  if (key !== undefined) faces.set(key, face);
  return face;
}

const MAX_CODES = 65_536;

/** bfchar and bfrange sections of a two-byte CMap, turned round: code point → glyph. */
function readToUnicode(cmap: string): Map<number, number> {
  const glyphs = new Map<number, number>();
  const put = (gid: number, hex: string, shift: number): void => {
    const units = Buffer.from(hex, 'hex');
    if (units.length < 2 || units.length > 4 || units.length % 2 !== 0) return;
    const text = Buffer.from(units).swap16().toString('utf16le');
    const codePoint = (text.codePointAt(0) ?? 0) + shift;
    if ([...text].length === 1 && gid > 0 && !glyphs.has(codePoint)) glyphs.set(codePoint, gid);
  };
  for (const [, body = ''] of cmap.matchAll(/beginbfchar([\s\S]*?)endbfchar/g)) {
    for (const [, gid = '', to = ''] of body.matchAll(/<([0-9a-f]{4})>\s*<([0-9a-f]+)>/gi)) {
      put(Number.parseInt(gid, 16), to, 0);
    }
  }
  for (const [, body = ''] of cmap.matchAll(/beginbfrange([\s\S]*?)endbfrange/g)) {
    for (const match of body.matchAll(/<([0-9a-f]{4})>\s*<([0-9a-f]{4})>\s*(?:<([0-9a-f]+)>|\[([^\]]*)\])/gi)) {
      const [, low = '', high = '', from, list] = match;
      const first = Number.parseInt(low, 16);
      const last = Math.min(Number.parseInt(high, 16), first + MAX_CODES);
      const listed = list?.match(/[0-9a-f]+/gi);
      for (let gid = first; gid <= last; gid++) {
        if (from !== undefined) put(gid, from, gid - first);
        else if (listed?.[gid - first] !== undefined) put(gid, listed[gid - first] ?? '', 0);
      }
    }
  }
  return glyphs;
}

/** /W of a CIDFont (ISO 32000-2 §9.7.4.3): `c [w …]` and `c d w`. */
function readWidths(view: PdfView, list: readonly PdfObject[]): Map<number, number> {
  const widths = new Map<number, number>();
  for (let index = 0; index < list.length; ) {
    const first = view.resolve(list[index]);
    const second = view.resolve(list[index + 1]);
    if (!isInteger(first)) break;
    if (isArray(second)) {
      second.forEach((width, place) => {
        widths.set(first + place, view.number(width) ?? 0);
      });
      index += 2;
    } else {
      const width = view.number(list[index + 2]);
      if (!isInteger(second) || width === undefined) break;
      for (let gid = first; gid <= Math.min(second, first + MAX_CODES); gid++) widths.set(gid, width);
      index += 3;
    }
  }
  return widths;
}

/** Deflated once a font: many documents carry the same. */
const packings = new WeakMap<EmbeddableFont, { readonly file: Uint8Array; readonly unicode: Uint8Array }>();

function packingOf(font: EmbeddableFont) {
  const known = packings.get(font);
  if (known !== undefined) return known;
  const file = deflateSync(font.bytes, { level: 9 });
  const packing = { file, unicode: deflateSync(Buffer.from(toUnicode(font), 'latin1'), { level: 9 }) };
  packings.set(font, packing);
  return packing;
}

/** Adds the font to an update; returns the Type0 dictionary's reference. About 20 kB: once a document. */
export function embedFont(update: PdfUpdate, font: EmbeddableFont): PdfRef {
  const { metrics } = font;
  const { file, unicode } = packingOf(font);
  const packed = (raw: Uint8Array, extra: readonly (readonly [string, PdfObject])[] = []): PdfRef =>
    update.add({
      kind: 'stream',
      dict: new Map<string, PdfObject>([['Filter', name('FlateDecode')], ...extra]),
      raw,
    });
  const descriptor = update.add(
    new Map<string, PdfObject>([
      ['Type', name('FontDescriptor')],
      ['FontName', name(font.name)],
      // Symbolic (ISO 32000-2 table 121): glyphs are chosen by number.
      ['Flags', 4],
      ['FontBBox', [...metrics.bbox]],
      ['ItalicAngle', metrics.italicAngle],
      ['Ascent', metrics.ascent],
      ['Descent', metrics.descent],
      ['CapHeight', metrics.capHeight],
      ['StemV', 80],
      ['FontFile2', packed(file, [['Length1', font.bytes.length]])],
    ]),
  );
  const ascii = (text: string): PdfObject => ({ kind: 'string', bytes: Buffer.from(text), hex: false });
  const cid: PdfDict = new Map<string, PdfObject>([
    ['Type', name('Font')],
    ['Subtype', name('CIDFontType2')],
    ['BaseFont', name(font.name)],
    [
      'CIDSystemInfo',
      new Map<string, PdfObject>([
        ['Registry', ascii('Adobe')],
        ['Ordering', ascii('Identity')],
        ['Supplement', 0],
      ]),
    ],
    ['FontDescriptor', descriptor],
    ['DW', 0],
    ['W', [0, Array.from({ length: font.glyphs }, (_, gid) => font.width(gid))]],
    ['CIDToGIDMap', name('Identity')],
  ]);
  return update.add(
    new Map<string, PdfObject>([
      ['Type', name('Font')],
      ['Subtype', name('Type0')],
      ['BaseFont', name(font.name)],
      ['Encoding', name('Identity-H')],
      ['DescendantFonts', [update.add(cid)]],
      ['ToUnicode', packed(unicode)],
    ]),
  );
}

function toUnicode(font: EmbeddableFont): string {
  const glyph = (gid: number): string => gid.toString(16).padStart(4, '0');
  const character = (codePoint: number): string =>
    Buffer.from(String.fromCodePoint(codePoint), 'utf16le').swap16().toString('hex');
  const pairs = [...font.characters].sort(([left], [right]) => left - right);
  const blocks: string[] = [];
  // At most 100 pairs a block (Adobe technical note 5014).
  for (let start = 0; start < pairs.length; start += 100) {
    const block = pairs.slice(start, start + 100);
    const lines = block.map(([gid, codePoint]) => `<${glyph(gid)}> <${character(codePoint)}>`);
    blocks.push(`${block.length} beginbfchar\n${lines.join('\n')}\nendbfchar`);
  }
  return [
    '/CIDInit /ProcSet findresource begin',
    '12 dict begin',
    'begincmap',
    '/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def',
    '/CMapName /Adobe-Identity-UCS def',
    '/CMapType 2 def',
    '1 begincodespacerange',
    '<0000> <ffff>',
    'endcodespacerange',
    ...blocks,
    'endcmap',
    'CMapName currentdict /CMap defineresource pop',
    'end',
    'end',
  ].join('\n');
}

/** Puts the font into the AcroForm's /DR so that later stamps find it. `form` is the editable AcroForm. */
export function shareFont(update: PdfUpdate, form: PdfDict, font: PdfRef): void {
  const { view } = update;
  const resources: PdfDict = new Map(view.dict(form.get('DR')));
  const fonts: PdfDict = new Map(view.dict(resources.get('Font')));
  fonts.set(STAMP_FONT, ref(font.num, font.gen));
  resources.set('Font', fonts);
  form.set('DR', resources);
}
