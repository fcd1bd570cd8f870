/** A subset of a TrueType font with glyphs renumbered (OpenType 1.9: glyf, loca, cmap formats 4 and 12). */
import { AppError } from '../../shared/index.ts';
import type { EmbeddableFont } from './stamp-font.ts';

/** Tables a CIDFontType2 program needs (ISO 32000-2 §9.9.1), and the ones that hints live in. */
const KEPT = ['cvt ', 'fpgm', 'prep'] as const;

/** Composite glyphs: flags of OpenType `glyf`. */
const WORDS = 0x0001;
const SCALE = 0x0008;
const MORE = 0x0020;
const TWO_SCALES = 0x0040;
const MATRIX = 0x0080;

/**
 * The font reduced to the given code points; those it lacks are left out. Deterministic. `tag` is the six capitals of a subset name.
 * Throws STAMP_FONT_MISSING if the bytes are no TrueType font with glyf outlines.
 */
export function subsetTrueType(ttf: Uint8Array, codePoints: Iterable<number>, tag: string): EmbeddableFont {
  try {
    return subset(Buffer.from(ttf.buffer, ttf.byteOffset, ttf.length), codePoints, tag);
  } catch (cause) {
    throw new AppError('STAMP_FONT_MISSING', { cause });
  }
}

function subset(font: Buffer, codePoints: Iterable<number>, tag: string): EmbeddableFont {
  const tables = readTables(font);
  const table = (name: string): Buffer => {
    const found = tables.get(name);
    if (found === undefined) throw new RangeError(`No table ${name}`);
    return found;
  };
  const head = Buffer.from(table('head'));
  const hhea = Buffer.from(table('hhea'));
  const maxp = Buffer.from(table('maxp'));
  const metrics = table('hmtx');
  const lookUp = readCmap(table('cmap'));
  const glyphOf = glyphReader(table('glyf'), table('loca'), head.readInt16BE(50) !== 0);

  const old: number[] = [0];
  const renumbered = new Map([[0, 0]]);
  const take = (gid: number): number => {
    const known = renumbered.get(gid);
    if (known !== undefined) return known;
    const given = old.push(gid) - 1;
    renumbered.set(gid, given);
    return given;
  };
  const glyphs = new Map<number, number>();
  for (const codePoint of [...new Set(codePoints)].sort((left, right) => left - right)) {
    const gid = lookUp(codePoint);
    if (gid !== 0) glyphs.set(codePoint, take(gid));
  }
  const outlines: Buffer[] = [];
  // Components of composite glyphs are appended while the list is walked.
  for (let index = 0; index < old.length; index++) outlines.push(renumberComponents(glyphOf(old[index] ?? 0), take));

  const longMetrics = hhea.readUInt16BE(34);
  const advance = (gid: number): number => metrics.readUInt16BE(Math.min(gid, longMetrics - 1) * 4);
  const bearing = (gid: number): number =>
    gid < longMetrics
      ? metrics.readInt16BE(gid * 4 + 2)
      : metrics.readInt16BE(longMetrics * 4 + (gid - longMetrics) * 2);
  const hmtx = Buffer.alloc(old.length * 4);
  const loca = Buffer.alloc((old.length + 1) * 4);
  const glyf: Buffer[] = [];
  let length = 0;
  old.forEach((gid, index) => {
    hmtx.writeUInt16BE(advance(gid), index * 4);
    hmtx.writeInt16BE(bearing(gid), index * 4 + 2);
    const outline = outlines[index] ?? Buffer.alloc(0);
    const padded = Buffer.concat([outline, Buffer.alloc((4 - (outline.length % 4)) % 4)]);
    glyf.push(padded);
    length += padded.length;
    loca.writeUInt32BE(length, (index + 1) * 4);
  });
  head.writeInt16BE(1, 50);
  hhea.writeUInt16BE(old.length, 34);
  maxp.writeUInt16BE(old.length, 4);
  const kept = KEPT.flatMap((name) => {
    const found = tables.get(name);
    return found === undefined ? [] : ([[name, found]] as const);
  });
  const bytes = writeTables([
    ...kept,
    ['glyf', Buffer.concat(glyf)],
    ['head', head],
    ['hhea', hhea],
    ['hmtx', hmtx],
    ['loca', loca],
    ['maxp', maxp],
  ]);

  const scale = 1000 / head.readUInt16BE(18);
  const scaled = (value: number): number => Math.round(value * scale);
  const os2 = tables.get('OS/2');
  const capHeight = os2 !== undefined && os2.length >= 90 ? os2.readInt16BE(88) : hhea.readInt16BE(4);
  return {
    bytes,
    name: `${tag}+${postScriptName(tables.get('name'))}`,
    glyphs: old.length,
    metrics: {
      ascent: scaled(hhea.readInt16BE(4)),
      descent: scaled(hhea.readInt16BE(6)),
      capHeight: scaled(capHeight),
      italicAngle: (tables.get('post')?.readInt32BE(4) ?? 0) / 65_536,
      bbox: [head.readInt16BE(36), head.readInt16BE(38), head.readInt16BE(40), head.readInt16BE(42)].map(scaled) as [
        number,
        number,
        number,
        number,
      ],
    },
    // Where two characters share a glyph (blank and no-break blank), the lower one is meant.
    characters: new Map(Array.from(glyphs, ([codePoint, gid]) => [gid, codePoint] as const).reverse()),
    gid: (codePoint) => glyphs.get(codePoint),
    width: (gid) => scaled(hmtx.readUInt16BE(Math.min(gid, old.length - 1) * 4)),
  };
}

function readTables(font: Buffer): Map<string, Buffer> {
  const kind = font.readUInt32BE(0);
  if (kind !== 0x00010000 && kind !== 0x74727565) throw new RangeError('Not a TrueType font');
  const tables = new Map<string, Buffer>();
  for (let index = 0; index < font.readUInt16BE(4); index++) {
    const at = 12 + index * 16;
    const offset = font.readUInt32BE(at + 8);
    tables.set(font.toString('latin1', at, at + 4), font.subarray(offset, offset + font.readUInt32BE(at + 12)));
  }
  return tables;
}

/** Code point → glyph, 0 if there is none. */
function readCmap(cmap: Buffer): (codePoint: number) => number {
  let best: { readonly format: number; readonly table: Buffer } | undefined;
  for (let index = 0; index < cmap.readUInt16BE(2); index++) {
    const at = 4 + index * 8;
    const platform = cmap.readUInt16BE(at);
    const table = cmap.subarray(cmap.readUInt32BE(at + 4));
    const format = table.readUInt16BE(0);
    const unicode = platform === 0 || (platform === 3 && [1, 10].includes(cmap.readUInt16BE(at + 2)));
    if (unicode && (format === 4 || format === 12) && format > (best?.format ?? 0)) best = { format, table };
  }
  if (best === undefined) throw new RangeError('No Unicode cmap');
  const { table } = best;
  return best.format === 12 ? (codePoint) => lookUp12(table, codePoint) : (codePoint) => lookUp4(table, codePoint);
}

function lookUp4(table: Buffer, codePoint: number): number {
  const doubled = table.readUInt16BE(6);
  for (let at = 0; at < doubled; at += 2) {
    if (codePoint > table.readUInt16BE(14 + at)) continue;
    const start = table.readUInt16BE(16 + doubled + at);
    if (codePoint < start) return 0;
    const delta = table.readUInt16BE(16 + 2 * doubled + at);
    const offsetAt = 16 + 3 * doubled + at;
    const offset = table.readUInt16BE(offsetAt);
    if (offset === 0) return (codePoint + delta) & 0xffff;
    const gid = table.readUInt16BE(offsetAt + offset + (codePoint - start) * 2);
    return gid === 0 ? 0 : (gid + delta) & 0xffff;
  }
  return 0;
}

function lookUp12(table: Buffer, codePoint: number): number {
  for (let at = 16; at < 16 + table.readUInt32BE(12) * 12; at += 12) {
    if (codePoint > table.readUInt32BE(at + 4)) continue;
    const start = table.readUInt32BE(at);
    return codePoint < start ? 0 : table.readUInt32BE(at + 8) + codePoint - start;
  }
  return 0;
}

function glyphReader(glyf: Buffer, loca: Buffer, long: boolean): (gid: number) => Buffer {
  const offset = (gid: number): number => (long ? loca.readUInt32BE(gid * 4) : loca.readUInt16BE(gid * 2) * 2);
  return (gid) => glyf.subarray(offset(gid), offset(gid + 1));
}

function renumberComponents(glyph: Buffer, take: (gid: number) => number): Buffer {
  if (glyph.length === 0 || glyph.readInt16BE(0) >= 0) return glyph;
  const copy = Buffer.from(glyph);
  for (let at = 10; ; ) {
    const flags = copy.readUInt16BE(at);
    copy.writeUInt16BE(take(copy.readUInt16BE(at + 2)), at + 2);
    at += 4 + (flags & WORDS ? 4 : 2);
    at += flags & SCALE ? 2 : flags & TWO_SCALES ? 4 : flags & MATRIX ? 8 : 0;
    if (!(flags & MORE)) return copy;
  }
}

function postScriptName(table: Buffer | undefined): string {
  if (table !== undefined) {
    const strings = table.readUInt16BE(4);
    for (let index = 0; index < table.readUInt16BE(2); index++) {
      const at = 6 + index * 12;
      if (table.readUInt16BE(at + 6) !== 6 || table.readUInt16BE(at) !== 3) continue;
      const from = strings + table.readUInt16BE(at + 10);
      const text = Buffer.from(table.subarray(from, from + table.readUInt16BE(at + 8)))
        .swap16()
        .toString('utf16le');
      const plain = text.replace(/[^\w-]/g, '');
      if (plain !== '') return plain;
    }
  }
  return 'Stamp';
}

/** An sfnt file of the tables, which must come in alphabetical order; checksums as OpenType says. */
function writeTables(tables: readonly (readonly [string, Buffer])[]): Uint8Array {
  const power = 2 ** Math.floor(Math.log2(tables.length));
  const header = Buffer.alloc(12 + tables.length * 16);
  header.writeUInt32BE(0x00010000, 0);
  header.writeUInt16BE(tables.length, 4);
  header.writeUInt16BE(power * 16, 6);
  header.writeUInt16BE(Math.log2(power), 8);
  header.writeUInt16BE(tables.length * 16 - power * 16, 10);
  const parts: Buffer[] = [header];
  let offset = header.length;
  let headAt = 0;
  tables.forEach(([name, table], index) => {
    if (name === 'head') {
      table.writeUInt32BE(0, 8);
      headAt = offset;
    }
    const padded = Buffer.concat([table, Buffer.alloc((4 - (table.length % 4)) % 4)]);
    const at = 12 + index * 16;
    header.write(name, at, 'latin1');
    header.writeUInt32BE(checksum(padded), at + 4);
    header.writeUInt32BE(offset, at + 8);
    header.writeUInt32BE(table.length, at + 12);
    parts.push(padded);
    offset += padded.length;
  });
  const whole = Buffer.concat(parts);
  whole.writeUInt32BE((0xb1b0afba - checksum(whole)) >>> 0, headAt + 8);
  return new Uint8Array(whole);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4) sum = (sum + bytes.readUInt32BE(at)) >>> 0;
  return sum;
}
