/**
 * Tokens and objects (ISO 32000-2 §7.2, §7.3) out of bytes at a known place. Strict: what the grammar does not
 * allow is an error, since two readers that repair differently show two different documents.
 */
import { name, type PdfArray, type PdfDict, type PdfObject, type PdfString, ref } from './objects.ts';
import { badSyntax, tooDeep } from './refusal.ts';

/** A reading position. `end` is the first offset that may not be read. */
export interface Cursor {
  readonly bytes: Buffer;
  pos: number;
  readonly end: number;
  readonly maxDepth: number;
}

/** A cursor over `bytes` without copying them. */
export function cursorAt(bytes: Uint8Array, pos: number, maxDepth: number, end = bytes.length): Cursor {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes: buffer, pos, end, maxDepth };
}

const BLANK = 1;
const DELIMITER = 2;
const CLASS = new Uint8Array(256);
for (const byte of [0, 9, 10, 12, 13, 32]) CLASS[byte] = BLANK;
for (const byte of Buffer.from('()<>[]{}/%')) CLASS[byte] = DELIMITER;

const HEX = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX['0123456789abcdef'.charCodeAt(digit)] = digit;
  HEX['0123456789ABCDEF'.charCodeAt(digit)] = digit;
}

/** White space of ISO 32000-2 table 1. */
export function isBlank(byte: number | undefined): boolean {
  return byte !== undefined && CLASS[byte] === BLANK;
}

function isRegular(byte: number): boolean {
  return CLASS[byte] === 0;
}

function at(cursor: Cursor, offset: number): number {
  return offset < cursor.end ? (cursor.bytes[offset] ?? -1) : -1;
}

/** Skips white space and comments. */
export function skipBlank(cursor: Cursor): void {
  const { bytes, end } = cursor;
  let pos = cursor.pos;
  while (pos < end) {
    const byte = bytes[pos] as number;
    if (CLASS[byte] === BLANK) pos++;
    else if (byte === 0x25) {
      while (pos < end && bytes[pos] !== 10 && bytes[pos] !== 13) pos++;
    } else break;
  }
  cursor.pos = pos;
}

/** True, and the cursor moves past it, if `word` stands here as a whole token. */
export function takeKeyword(cursor: Cursor, word: string): boolean {
  const { pos } = cursor;
  for (let index = 0; index < word.length; index++) {
    if (at(cursor, pos + index) !== word.charCodeAt(index)) return false;
  }
  const next = at(cursor, pos + word.length);
  if (next >= 0 && isRegular(next)) return false;
  cursor.pos = pos + word.length;
  return true;
}

/** An unsigned integer at the cursor, or undefined (cursor unmoved). At most 15 digits. */
export function takeUnsigned(cursor: Cursor): number | undefined {
  let { pos } = cursor;
  let value = 0;
  for (let byte = at(cursor, pos); byte >= 0x30 && byte <= 0x39; byte = at(cursor, ++pos)) {
    value = value * 10 + byte - 0x30;
  }
  if (pos === cursor.pos || pos - cursor.pos > 15) return undefined;
  cursor.pos = pos;
  return value;
}

/** The object at the cursor; the cursor ends just past it. */
export function parseObject(cursor: Cursor, depth = 0): PdfObject {
  skipBlank(cursor);
  const start = cursor.pos;
  const byte = at(cursor, start);
  switch (byte) {
    case 0x2f:
      return name(parseName(cursor));
    case 0x3c:
      return at(cursor, start + 1) === 0x3c ? parseDict(cursor, depth) : parseHexString(cursor);
    case 0x28:
      return parseLiteralString(cursor);
    case 0x5b:
      return parseArray(cursor, depth);
    case -1:
      throw badSyntax(start, 'Tệp kết thúc giữa một đối tượng', 'The file ends inside an object');
  }
  if (byte >= 0x30 && byte <= 0x39) return parseNumberOrRef(cursor);
  if (byte === 0x2b || byte === 0x2d || byte === 0x2e) return parseNumber(cursor);
  if (takeKeyword(cursor, 'null')) return null;
  if (takeKeyword(cursor, 'true')) return true;
  if (takeKeyword(cursor, 'false')) return false;
  throw badSyntax(start, 'Ký hiệu không hợp lệ', 'Unexpected token');
}

function parseNumberOrRef(cursor: Cursor): PdfObject {
  const start = cursor.pos;
  const first = takeUnsigned(cursor);
  if (first !== undefined && isBlank(at(cursor, cursor.pos))) {
    const after = cursor.pos;
    skipBlank(cursor);
    const second = takeUnsigned(cursor);
    if (second !== undefined && isBlank(at(cursor, cursor.pos))) {
      skipBlank(cursor);
      if (at(cursor, cursor.pos) === 0x52 && takeKeyword(cursor, 'R')) {
        if (second > 65_535) throw badSyntax(start, 'Số thế hệ không hợp lệ', 'Impossible generation number');
        return ref(first, second);
      }
    }
    cursor.pos = after;
    return first;
  }
  cursor.pos = start;
  return parseNumber(cursor);
}

function parseNumber(cursor: Cursor): number {
  const start = cursor.pos;
  let pos = start;
  let negative = false;
  if (at(cursor, pos) === 0x2d || at(cursor, pos) === 0x2b) negative = at(cursor, pos++) === 0x2d;
  let value = 0;
  let digits = 0;
  let scale = 0;
  for (; ; pos++) {
    const byte = at(cursor, pos);
    if (byte >= 0x30 && byte <= 0x39) {
      digits++;
      if (scale === 0) value = value * 10 + byte - 0x30;
      else {
        value += (byte - 0x30) * scale;
        scale /= 10;
      }
    } else if (byte === 0x2e && scale === 0) scale = 0.1;
    else if (byte >= 0 && isRegular(byte)) throw badSyntax(start, 'Số không hợp lệ', 'Malformed number');
    else break;
  }
  if (digits === 0 || !Number.isFinite(value)) throw badSyntax(start, 'Số không hợp lệ', 'Malformed number');
  // A fraction summed digit by digit drifts; the text says exactly what was meant.
  if (scale !== 0) value = Math.abs(Number.parseFloat(cursor.bytes.toString('latin1', start, pos)));
  cursor.pos = pos;
  return negative ? -value : value;
}

function parseName(cursor: Cursor): string {
  const start = cursor.pos + 1;
  let pos = start;
  let escaped = false;
  for (let byte = at(cursor, pos); byte >= 0 && isRegular(byte); byte = at(cursor, ++pos)) {
    if (byte === 0x23) escaped = true;
  }
  cursor.pos = pos;
  const text = nameText(cursor.bytes, start, pos);
  if (!escaped) return text;
  return text.replace(/#(.{0,2})/gs, (_match: string, code: string) => {
    if (!/^[0-9a-f]{2}$/i.test(code) || code === '00') throw badSyntax(start, 'Tên không hợp lệ', 'Malformed name');
    return String.fromCharCode(Number.parseInt(code, 16));
  });
}

/** Names seen before, one a slot: a few dozen make up most of every file, and making strings costs most of reading them. */
const NAMES: (string | undefined)[] = new Array(1024);
const LONGEST_KEPT = 24;

function nameText(bytes: Buffer, start: number, end: number): string {
  if (end - start > LONGEST_KEPT) return bytes.toString('latin1', start, end);
  let slot = end - start;
  for (let pos = start; pos < end; pos++) slot = (slot * 31 + (bytes[pos] as number)) & 1023;
  const known = NAMES[slot];
  if (known !== undefined && known.length === end - start) {
    let pos = start;
    while (pos < end && known.charCodeAt(pos - start) === bytes[pos]) pos++;
    if (pos === end) return known;
  }
  const made = bytes.toString('latin1', start, end);
  NAMES[slot] = made;
  return made;
}

/** Longer hexadecimal strings are decoded when first asked for: /Contents of signatures are mostly passed over. */
const EAGER_DIGITS = 256;

function parseHexString(cursor: Cursor): PdfString {
  const { bytes } = cursor;
  const start = cursor.pos + 1;
  const close = bytes.indexOf(0x3e, start);
  if (close < 0 || close >= cursor.end) throw badSyntax(start, 'Chuỗi không kết thúc', 'Unterminated string');
  cursor.pos = close + 1;
  if (close - start <= EAGER_DIGITS) return { kind: 'string', bytes: decodeHex(bytes, start, close), hex: true };
  let decoded: Uint8Array | undefined;
  return {
    kind: 'string',
    hex: true,
    get bytes() {
      decoded ??= decodeHex(bytes, start, close);
      return decoded;
    },
  };
}

function decodeHex(bytes: Buffer, start: number, close: number): Uint8Array {
  const fast = Buffer.from(bytes.toString('latin1', start, close), 'hex');
  if (fast.length * 2 === close - start) return new Uint8Array(fast.buffer, fast.byteOffset, fast.length);
  const out = new Uint8Array((close - start + 1) >> 1);
  let length = 0;
  let high = -1;
  for (let pos = start; pos < close; pos++) {
    const byte = bytes[pos] as number;
    const digit = HEX[byte] as number;
    if (digit < 0) {
      if (CLASS[byte] === BLANK) continue;
      throw badSyntax(pos, 'Chuỗi thập lục phân không hợp lệ', 'Malformed hexadecimal string');
    }
    if (high < 0) high = digit;
    else {
      out[length++] = (high << 4) | digit;
      high = -1;
    }
  }
  // An odd last digit stands for itself and a zero (ISO 32000-2 §7.3.4.3).
  if (high >= 0) out[length++] = high << 4;
  return out.subarray(0, length);
}

const ESCAPES: Readonly<Record<number, number>> = { 110: 10, 114: 13, 116: 9, 98: 8, 102: 12 };

function parseLiteralString(cursor: Cursor): PdfString {
  const start = cursor.pos;
  const out: number[] = [];
  let nesting = 0;
  let pos = start;
  for (;;) {
    let byte = at(cursor, pos++);
    if (byte === -1) throw badSyntax(start, 'Chuỗi không kết thúc', 'Unterminated string');
    if (byte === 0x28 && nesting++ === 0) continue;
    if (byte === 0x29 && --nesting === 0) break;
    if (byte === 0x5c) {
      byte = at(cursor, pos++);
      if (byte >= 0x30 && byte <= 0x37) {
        byte -= 0x30;
        for (let more = 0; more < 2; more++) {
          const digit = at(cursor, pos);
          if (digit < 0x30 || digit > 0x37) break;
          byte = byte * 8 + digit - 0x30;
          pos++;
        }
        byte &= 0xff;
      } else if (byte === 13 || byte === 10) {
        if (byte === 13 && at(cursor, pos) === 10) pos++;
        continue;
      } else if (byte >= 0) byte = ESCAPES[byte] ?? byte;
    } else if (byte === 13) {
      if (at(cursor, pos) === 10) pos++;
      byte = 10;
    }
    out.push(byte);
  }
  cursor.pos = pos;
  return { kind: 'string', bytes: Uint8Array.from(out), hex: false };
}

function parseArray(cursor: Cursor, depth: number): PdfArray {
  enter(cursor, depth);
  cursor.pos++;
  const items: PdfArray = [];
  for (;;) {
    skipBlank(cursor);
    if (at(cursor, cursor.pos) === 0x5d) break;
    items.push(parseObject(cursor, depth + 1));
  }
  cursor.pos++;
  return items;
}

/** Each key and value of the dictionary at the cursor; `visit` gets where the value begins and ends. */
export function parseDict(
  cursor: Cursor,
  depth: number,
  visit?: (key: string, start: number, end: number) => void,
): PdfDict {
  enter(cursor, depth);
  cursor.pos += 2;
  const dict: PdfDict = new Map();
  for (;;) {
    skipBlank(cursor);
    const start = cursor.pos;
    const byte = at(cursor, start);
    if (byte === 0x3e && at(cursor, start + 1) === 0x3e) break;
    if (byte !== 0x2f) throw badSyntax(start, 'Từ điển thiếu khóa', 'A dictionary lacks a key');
    const key = parseName(cursor);
    skipBlank(cursor);
    const from = cursor.pos;
    const value = parseObject(cursor, depth + 1);
    // Readers disagree about which of two equal keys counts (ISO 32000-2 §7.3.7 forbids them).
    if (dict.has(key)) throw badSyntax(start, 'Từ điển có khóa trùng', 'A dictionary has a key twice');
    dict.set(key, value);
    visit?.(key, from, cursor.pos);
  }
  cursor.pos += 2;
  return dict;
}

function enter(cursor: Cursor, depth: number): void {
  if (depth >= cursor.maxDepth) {
    throw tooDeep(`Lồng quá ${cursor.maxDepth} lớp`, `Nested more than ${cursor.maxDepth} levels`);
  }
}
