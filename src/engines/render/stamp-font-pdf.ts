/** The stamp font as PDF objects: Type0, Identity-H, widths in thousandths, ToUnicode (ISO 32000-2 §9.7). */
import { deflateSync } from 'node:zlib';
import { name, type PdfObject, type PdfRef, type PdfUpdate, textString } from '../pdf/index.ts';
import type { StampFont } from './stamp-font.ts';

/** Deflates once; the returned function adds the objects to a document and gives the font's reference. */
export function stampFontObjects(font: StampFont): (update: PdfUpdate) => PdfRef {
  const file = deflateSync(font.bytes, { level: 9 });
  const unicode = deflateSync(Buffer.from(toUnicode(font)), { level: 9 });
  const widths = Array.from({ length: font.glyphs }, (_, gid) => font.width(gid));
  const { metrics } = font;
  return (update) => {
    const deflated = (raw: Uint8Array, more: [string, PdfObject][] = []): PdfRef =>
      update.add({ kind: 'stream', dict: new Map([['Filter', name('FlateDecode')], ...more]), raw });
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
        ['FontFile2', deflated(file, [['Length1', font.bytes.length]])],
      ]),
    );
    const descendant = update.add(
      new Map<string, PdfObject>([
        ['Type', name('Font')],
        ['Subtype', name('CIDFontType2')],
        ['BaseFont', name(font.name)],
        [
          'CIDSystemInfo',
          new Map<string, PdfObject>([
            ['Registry', textString('Adobe')],
            ['Ordering', textString('Identity')],
            ['Supplement', 0],
          ]),
        ],
        ['FontDescriptor', descriptor],
        ['DW', 0],
        ['W', [0, widths]],
        ['CIDToGIDMap', name('Identity')],
      ]),
    );
    return update.add(
      new Map<string, PdfObject>([
        ['Type', name('Font')],
        ['Subtype', name('Type0')],
        ['BaseFont', name(font.name)],
        ['Encoding', name('Identity-H')],
        ['DescendantFonts', [descendant]],
        ['ToUnicode', deflated(unicode)],
      ]),
    );
  };
}

/** ToUnicode CMap (ISO 32000-2 §9.10.3), at most 100 pairs a block. All characters lie in the basic plane. */
function toUnicode(font: StampFont): string {
  const hex = (value: number): string => value.toString(16).padStart(4, '0');
  const pairs = [...font.characters].sort(([left], [right]) => left - right);
  const blocks: string[] = [];
  for (let start = 0; start < pairs.length; start += 100) {
    const block = pairs.slice(start, start + 100);
    const lines = block.map(([gid, codePoint]) => `<${hex(gid)}> <${hex(codePoint)}>`);
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
