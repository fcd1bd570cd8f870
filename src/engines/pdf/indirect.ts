/** Indirect objects at their place in the file (ISO 32000-2 §7.3.10) and streams (§7.3.8). */
import { isDict, isRef, type PdfObject, type PdfRef } from './objects.ts';
import { badSyntax } from './refusal.ts';
import { type Cursor, isBlank, parseObject, skipBlank, takeKeyword, takeUnsigned } from './syntax.ts';

export interface IndirectObject {
  readonly num: number;
  readonly gen: number;
  readonly value: PdfObject;
  /** Just past `endobj`. */
  readonly end: number;
  /** A stream whose /Length is an indirect reference: its bytes depend on another object. */
  readonly length?: { readonly ref: PdfRef; readonly value: number };
}

/** `n g obj` at the cursor, moved past it; undefined if it does not stand here. */
export function takeObjectHeader(cursor: Cursor): { num: number; gen: number } | undefined {
  const num = takeUnsigned(cursor);
  if (num === undefined || !isBlank(cursor.bytes[cursor.pos])) return undefined;
  skipBlank(cursor);
  const gen = takeUnsigned(cursor);
  if (gen === undefined || !isBlank(cursor.bytes[cursor.pos])) return undefined;
  skipBlank(cursor);
  return takeKeyword(cursor, 'obj') ? { num, gen } : undefined;
}

/** The indirect object at the cursor. `lengthOf` resolves an indirect /Length. Throws PDF_SYNTAX. */
export function parseIndirect(cursor: Cursor, lengthOf: (ref: PdfRef) => PdfObject): IndirectObject {
  const start = cursor.pos;
  const header = takeObjectHeader(cursor);
  if (header === undefined)
    throw badSyntax(start, 'Không có đối tượng ở vị trí được chỉ', 'No object where one is due');
  const value = parseObject(cursor);
  skipBlank(cursor);
  if (isDict(value) && takeKeyword(cursor, 'stream')) {
    const entry = value.get('Length');
    const length = isRef(entry) ? lengthOf(entry) : entry;
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
      throw badSyntax(start, 'Luồng dữ liệu thiếu độ dài', 'A stream lacks its length');
    }
    const raw = takeStream(cursor, length);
    finish(cursor, start);
    const stream = { kind: 'stream', dict: value, raw } as const;
    return {
      ...header,
      value: stream,
      end: cursor.pos,
      ...(isRef(entry) && { length: { ref: entry, value: length } }),
    };
  }
  finish(cursor, start);
  return { ...header, value, end: cursor.pos };
}

function takeStream(cursor: Cursor, length: number): Uint8Array {
  const { bytes } = cursor;
  // The keyword is followed by CRLF or LF, never by CR alone (ISO 32000-2 §7.3.8.1).
  if (bytes[cursor.pos] === 13 && bytes[cursor.pos + 1] === 10) cursor.pos += 2;
  else if (bytes[cursor.pos] === 10) cursor.pos += 1;
  else throw badSyntax(cursor.pos, 'Sau `stream` thiếu ký tự xuống dòng', 'No line end after `stream`');
  const from = cursor.pos;
  if (length > cursor.end - from) throw badSyntax(from, 'Luồng dữ liệu bị cụt', 'A stream is cut off');
  cursor.pos = from + length;
  while (isBlank(bytes[cursor.pos]) && cursor.pos - from - length < 2) cursor.pos++;
  if (!takeKeyword(cursor, 'endstream')) {
    throw badSyntax(from, 'Độ dài luồng dữ liệu không đúng', 'The length of a stream is wrong');
  }
  skipBlank(cursor);
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, length);
}

function finish(cursor: Cursor, start: number): void {
  if (!takeKeyword(cursor, 'endobj')) throw badSyntax(start, 'Đối tượng thiếu `endobj`', 'An object lacks `endobj`');
}
