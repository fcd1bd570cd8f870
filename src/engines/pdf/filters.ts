/** Decoding of streams (ISO 32000-2 §7.4), never past a limit. */
import { inflateSync } from 'node:zlib';
import { isDict, isName, type PdfDict, type PdfObject } from './objects.ts';
import { badFilter, tooLarge } from './refusal.ts';

type Resolve = (value: PdfObject | undefined) => PdfObject;

/** Filters one after the other; more than this is a bomb, not a document. */
const MAX_FILTERS = 8;

const SHORT_NAMES: Readonly<Record<string, string>> = {
  Fl: 'FlateDecode',
  LZW: 'LZWDecode',
  AHx: 'ASCIIHexDecode',
  A85: 'ASCII85Decode',
  RL: 'RunLengthDecode',
};

/** Undoes every filter of a stream. Throws PDF_FILTER if one cannot be undone here, PDF_TOO_LARGE past `limit` bytes. */
export function decodeStream(raw: Uint8Array, dict: PdfDict, resolve: Resolve, limit: number): Uint8Array {
  const filters = listOf(resolve(dict.get('Filter')), resolve);
  const parameters = listOf(resolve(dict.get('DecodeParms')), resolve);
  if (dict.has('F')) throw badFilter('Dữ liệu nằm ngoài tệp', 'The data lie outside the file');
  if (filters.length > MAX_FILTERS) throw tooLarge('Quá nhiều lớp nén', 'Too many filters on one stream');
  let bytes = raw;
  filters.forEach((filter, index) => {
    if (!isName(filter)) throw badFilter('Bộ lọc không hợp lệ', 'A filter is not a name');
    const given = parameters[index];
    bytes = undo(filter.name, bytes, isDict(given) ? given : undefined, resolve, limit);
  });
  return bytes;
}

const KNOWN = new Set(['FlateDecode', 'LZWDecode', 'ASCIIHexDecode', 'ASCII85Decode', 'RunLengthDecode']);

/** True if `decodeStream` knows every filter of the stream (pictures mostly have others). */
export function isDecodable(dict: PdfDict, resolve: Resolve): boolean {
  const filters = listOf(resolve(dict.get('Filter')), resolve);
  return (
    !dict.has('F') && filters.every((filter) => isName(filter) && KNOWN.has(SHORT_NAMES[filter.name] ?? filter.name))
  );
}

function listOf(value: PdfObject, resolve: Resolve): PdfObject[] {
  if (value === null) return [];
  return Array.isArray(value) ? value.map(resolve) : [value];
}

function undo(
  filter: string,
  bytes: Uint8Array,
  parameters: PdfDict | undefined,
  resolve: Resolve,
  limit: number,
): Uint8Array {
  const number = (key: string, fallback: number): number => {
    const value = resolve(parameters?.get(key));
    return typeof value === 'number' ? value : fallback;
  };
  switch (SHORT_NAMES[filter] ?? filter) {
    case 'FlateDecode':
      return unpredict(inflate(bytes, limit), number);
    case 'LZWDecode':
      return unpredict(unLzw(bytes, number('EarlyChange', 1) !== 0, limit), number);
    case 'ASCIIHexDecode':
      return unHex(bytes);
    case 'ASCII85Decode':
      return un85(bytes);
    case 'RunLengthDecode':
      return unRunLength(bytes, limit);
    default:
      throw badFilter('Kiểu nén này không được hỗ trợ', `Filter not decoded here: ${filter.slice(0, 32)}`);
  }
}

function inflate(bytes: Uint8Array, limit: number): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: limit });
  } catch (cause) {
    if (cause instanceof RangeError) throw pastLimit(limit);
    throw badFilter('Dữ liệu nén bị hỏng', 'Damaged deflate data', cause);
  }
}

const pastLimit = (limit: number) =>
  tooLarge(`Dữ liệu giải nén vượt ${limit} byte`, `Decoded data exceed ${limit} bytes`);

function unHex(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\0\t\n\f\r ]/g, '');
  const end = text.indexOf('>');
  const digits = end < 0 ? text : text.slice(0, end);
  if (!/^[0-9a-f]*$/i.test(digits)) throw badFilter('Dữ liệu thập lục phân hỏng', 'Damaged hexadecimal data');
  return Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex');
}

function un85(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 4);
  const damaged = () => badFilter('Dữ liệu ASCII85 hỏng', 'Damaged ASCII85 data');
  let length = 0;
  let count = 0;
  let value = 0;
  for (const byte of bytes) {
    if (byte === 0x7e) break;
    if (byte <= 0x20) continue;
    if (byte === 0x7a && count === 0) {
      length += 4;
      continue;
    }
    if (byte < 0x21 || byte > 0x75) throw damaged();
    value = value * 85 + byte - 0x21;
    if (++count === 5) {
      if (value > 0xffffffff) throw damaged();
      for (let shift = 24; shift >= 0; shift -= 8) out[length++] = (value >>> shift) & 0xff;
      count = 0;
      value = 0;
    }
  }
  if (count === 1) throw damaged();
  if (count > 1) {
    for (let fill = count; fill < 5; fill++) value = value * 85 + 84;
    if (value > 0xffffffff) throw damaged();
    for (let index = 0; index < count - 1; index++) out[length++] = (value >>> (24 - 8 * index)) & 0xff;
  }
  return out.subarray(0, length);
}

function unRunLength(bytes: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let pos = 0; pos < bytes.length; ) {
    const code = bytes[pos++] as number;
    if (code === 128) break;
    const count = code < 128 ? code + 1 : 257 - code;
    const taken = code < 128 ? count : 1;
    if (pos + taken > bytes.length) throw badFilter('Dữ liệu RunLength hỏng', 'Damaged run-length data');
    parts.push(code < 128 ? bytes.subarray(pos, pos + count) : new Uint8Array(count).fill(bytes[pos] as number));
    pos += taken;
    total += count;
    if (total > limit) throw pastLimit(limit);
  }
  return Buffer.concat(parts, total);
}

/** ISO 32000-2 §7.4.4: codes of 9 to 12 bits, most significant bit first; 256 clears, 257 ends. */
function unLzw(bytes: Uint8Array, earlyChange: boolean, limit: number): Uint8Array {
  const damaged = () => badFilter('Dữ liệu LZW hỏng', 'Damaged LZW data');
  const prefix = new Uint16Array(4097);
  const suffix = new Uint8Array(4097);
  const lengths = new Uint16Array(4097).fill(1, 0, 256);
  for (let code = 0; code < 256; code++) suffix[code] = code;
  let out = new Uint8Array(Math.min(limit, Math.max(1024, bytes.length * 4)));
  let length = 0;
  let next = 258;
  let width = 9;
  let previous = -1;
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffffff;
    bits += 8;
    if (bits < width) continue;
    bits -= width;
    const code = (held >>> bits) & ((1 << width) - 1);
    if (code === 257) return out.subarray(0, length);
    if (code === 256) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    if (code > next || code === 257 || (previous < 0 && code > 255)) throw damaged();
    const known = code < next ? code : previous;
    const size = (lengths[known] as number) + (code < next ? 0 : 1);
    if (length + size > limit) throw pastLimit(limit);
    if (length + size > out.length) {
      const grown = new Uint8Array(Math.min(limit, Math.max(out.length * 2, length + size)));
      grown.set(out);
      out = grown;
    }
    let at = length + (lengths[known] as number);
    let walk = known;
    while (at > length) {
      out[--at] = suffix[walk] as number;
      walk = prefix[walk] as number;
    }
    const first = out[length] as number;
    if (code >= next) out[length + size - 1] = first;
    length += size;
    if (previous >= 0 && next < 4096) {
      prefix[next] = previous;
      suffix[next] = first;
      lengths[next] = (lengths[previous] as number) + 1;
      next++;
    }
    previous = code;
    const edge = earlyChange ? next + 1 : next;
    width = edge >= 2048 ? 12 : edge >= 1024 ? 11 : edge >= 512 ? 10 : 9;
  }
  return out.subarray(0, length);
}

/** PNG and TIFF predictors (ISO 32000-2 §7.4.4.4). */
function unpredict(bytes: Uint8Array, number: (key: string, fallback: number) => number): Uint8Array {
  const predictor = number('Predictor', 1);
  if (predictor === 1) return bytes;
  const colors = number('Colors', 1);
  const bits = number('BitsPerComponent', 8);
  const columns = number('Columns', 1);
  const sane =
    Number.isInteger(colors) && colors >= 1 && colors <= 32 && [1, 2, 4, 8, 16].includes(bits) && columns >= 1;
  if (!sane || !Number.isInteger(columns) || columns > 1 << 24) {
    throw badFilter('Tham số dự đoán không hợp lệ', 'Impossible predictor parameters');
  }
  const pixel = Math.max(1, (colors * bits) >> 3);
  const row = (colors * bits * columns + 7) >> 3;
  if (predictor === 2) return unTiff(bytes, row, colors, bits);
  if (predictor >= 10 && predictor <= 15) return unPng(bytes, row, pixel);
  throw badFilter('Kiểu dự đoán không được hỗ trợ', `Unknown predictor ${predictor}`);
}

function unPng(bytes: Uint8Array, row: number, pixel: number): Uint8Array {
  if (bytes.length % (row + 1) !== 0) throw badFilter('Dữ liệu dự đoán bị cụt', 'Predictor rows are cut off');
  return unfilter(bytes, row, pixel);
}

/** Undoes the row filters of PNG (W3C PNG §9.2): `row` bytes after each filter type, `pixel` bytes to the left. */
export function unfilter(bytes: Uint8Array, row: number, pixel: number): Uint8Array {
  const rows = Math.floor(bytes.length / (row + 1));
  const out = new Uint8Array(rows * row);
  for (let line = 0; line < rows; line++) {
    const from = line * (row + 1);
    const to = line * row;
    const type = bytes[from] as number;
    if (type > 4) throw badFilter('Dòng dự đoán không hợp lệ', 'Unknown PNG row filter');
    for (let index = 0; index < row; index++) {
      const left = index >= pixel ? (out[to + index - pixel] as number) : 0;
      const up = line > 0 ? (out[to + index - row] as number) : 0;
      const corner = index >= pixel && line > 0 ? (out[to + index - row - pixel] as number) : 0;
      const raw = bytes[from + 1 + index] as number;
      const guess =
        type === 0 ? 0 : type === 1 ? left : type === 2 ? up : type === 3 ? (left + up) >> 1 : paeth(left, up, corner);
      out[to + index] = raw + guess;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const a = Math.abs(guess - left);
  const b = Math.abs(guess - up);
  const c = Math.abs(guess - corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function unTiff(bytes: Uint8Array, row: number, colors: number, bits: number): Uint8Array {
  if (bits !== 8) throw badFilter('Kiểu dự đoán TIFF không được hỗ trợ', 'TIFF predictor with other than 8 bits');
  const out = Uint8Array.from(bytes);
  for (let start = 0; start < out.length; start += row) {
    const end = Math.min(start + row, out.length);
    for (let index = start + colors; index < end; index++) {
      out[index] = (out[index] as number) + (out[index - colors] as number);
    }
  }
  return out;
}
