/**
 * The font of signature stamps: a fixed Vietnamese subset, made once, carried by every rendition in AcroForm `/DR`.
 * Glyph numbers are the subset's own, so `/CIDToGIDMap /Identity` and `Identity-H` (ISO 32000-2 §9.7.5.2) hold.
 */
import subsetFont from 'subset-font';
import { openFace } from './fontkit.ts';

const range = (first: number, last: number): string =>
  String.fromCodePoint(...Array.from({ length: last - first + 1 }, (_, index) => first + index));

/** Latin, all Vietnamese letters, and the signs that names, titles and reasons use; each has a glyph of its own. */
export const STAMP_CHARACTERS = [
  range(0x20, 0x7e),
  range(0xa1, 0xac),
  range(0xae, 0xff),
  'ĂăĐđĨĩŨũƠơƯư',
  range(0x1ea0, 0x1ef9),
  '–—‘’“”…≥≤₂№',
].join('');

/** Lengths in thousandths of the font size, as PDF wants them (ISO 32000-2 §9.2.4). */
export interface FontMetrics {
  readonly ascent: number;
  readonly descent: number;
  readonly capHeight: number;
  readonly italicAngle: number;
  readonly bbox: readonly [number, number, number, number];
}

export interface StampFont {
  /** TrueType file of the subset. */
  readonly bytes: Uint8Array;
  /** PostScript name with subset tag: `VNSTMP+Tinos`. */
  readonly name: string;
  readonly glyphs: number;
  readonly metrics: FontMetrics;
  /** Glyph → the character it shows (for ToUnicode). */
  readonly characters: ReadonlyMap<number, number>;
  /** Glyph of a code point; `undefined` if the subset lacks it (never show glyph 0: ISO 19005-3 §6.2.11.8). */
  gid(codePoint: number): number | undefined;
  /** Advance width of a glyph, thousandths of the font size. */
  width(gid: number): number;
}

/** The stamp font from a full TTF. About 20 ms; do it once. Deterministic. */
export function loadStampFont(ttf: Uint8Array): Promise<StampFont> {
  return createStampFont(ttf, STAMP_CHARACTERS, 'VNSTMP');
}

/**
 * A subset for the given characters, for a stamp that `/DR` cannot show. Characters that the TTF lacks are left out:
 * ask `gid` before use. `tag` is the six capital letters of a subset name (ISO 32000-2 §9.9.2).
 */
export async function createStampFont(ttf: Uint8Array, characters: string, tag = 'VNEXTR'): Promise<StampFont> {
  const subset = await subsetFont(Buffer.from(ttf), characters.normalize('NFC'), {
    targetFormat: 'truetype',
    noLayoutClosure: true,
  });
  return readStampFont(new Uint8Array(subset), tag);
}

/** Reads a subset made earlier (in another process) without making it again. */
export function readStampFont(bytes: Uint8Array, tag: string): StampFont {
  const font = openFace(bytes);
  const scale = 1000 / font.unitsPerEm;
  const glyphs = new Map<number, number>();
  const characters = new Map<number, number>();
  for (const codePoint of font.characterSet) {
    const gid = font.glyphForCodePoint(codePoint)?.id ?? 0;
    if (gid === 0) continue;
    glyphs.set(codePoint, gid);
    if (!characters.has(gid)) characters.set(gid, codePoint);
  }
  const widths = Array.from({ length: font.numGlyphs }, (_, gid) =>
    Math.round((font.getGlyph(gid)?.advanceWidth ?? 0) * scale),
  );
  const { minX, minY, maxX, maxY } = font.bbox;
  return {
    bytes,
    name: `${tag}+${font.postscriptName}`,
    glyphs: font.numGlyphs,
    characters,
    metrics: {
      ascent: Math.round(font.ascent * scale),
      descent: Math.round(font.descent * scale),
      capHeight: Math.round(font.capHeight * scale),
      italicAngle: font.italicAngle,
      bbox: [minX, minY, maxX, maxY].map((value) => Math.round(value * scale)) as [number, number, number, number],
    },
    gid: (codePoint) => glyphs.get(codePoint),
    width: (gid) => widths[gid] ?? 0,
  };
}
