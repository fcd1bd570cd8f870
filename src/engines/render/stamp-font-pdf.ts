/** The stamp font as PDF objects: Type0, Identity-H, widths in thousandths, ToUnicode (ISO 32000-2 §9.7). */
import { deflateSync } from 'node:zlib';
import { type PDFContext, PDFRawStream, type PDFRef, PDFString } from 'pdf-lib';
import type { StampFont } from './stamp-font.ts';

/** Deflates once; the returned function adds the objects to a document and gives the font's reference. */
export function stampFontObjects(font: StampFont): (context: PDFContext) => PDFRef {
  const file = deflateSync(font.bytes, { level: 9 });
  const unicode = deflateSync(Buffer.from(toUnicode(font)), { level: 9 });
  const widths = Array.from({ length: font.glyphs }, (_, gid) => font.width(gid));
  return (context) => {
    const { metrics } = font;
    const fileRef = context.register(
      PDFRawStream.of(context.obj({ Filter: 'FlateDecode', Length: file.length, Length1: font.bytes.length }), file),
    );
    const descriptor = context.register(
      context.obj({
        Type: 'FontDescriptor',
        FontName: font.name,
        // Symbolic (ISO 32000-2 table 121): glyphs are chosen by number.
        Flags: 4,
        FontBBox: [...metrics.bbox],
        ItalicAngle: metrics.italicAngle,
        Ascent: metrics.ascent,
        Descent: metrics.descent,
        CapHeight: metrics.capHeight,
        StemV: 80,
        FontFile2: fileRef,
      }),
    );
    const descendant = context.register(
      context.obj({
        Type: 'Font',
        Subtype: 'CIDFontType2',
        BaseFont: font.name,
        CIDSystemInfo: { Registry: PDFString.of('Adobe'), Ordering: PDFString.of('Identity'), Supplement: 0 },
        FontDescriptor: descriptor,
        DW: 0,
        W: [0, widths],
        CIDToGIDMap: 'Identity',
      }),
    );
    const toUnicodeRef = context.register(
      PDFRawStream.of(context.obj({ Filter: 'FlateDecode', Length: unicode.length }), unicode),
    );
    return context.register(
      context.obj({
        Type: 'Font',
        Subtype: 'Type0',
        BaseFont: font.name,
        Encoding: 'Identity-H',
        DescendantFonts: [descendant],
        ToUnicode: toUnicodeRef,
      }),
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
