/** Cross-reference sections (ISO 32000-2 §7.5.4, §7.5.8), followed from `startxref` back to the first. */
import type { PdfLimits, Revision, XrefEntry } from './file.ts';
import { decodeStream } from './filters.ts';
import { parseIndirect } from './indirect.ts';
import { isArray, isDict, isInteger, isName, isStream, type PdfDict } from './objects.ts';
import type { Opened } from './opened.ts';
import { tooLarge, xrefBroken } from './refusal.ts';
import { type Cursor, cursorAt, isBlank, parseObject, skipBlank, takeKeyword, takeUnsigned } from './syntax.ts';

interface Section {
  /** The offset by which the file names it; white space may stand between there and `at`. */
  readonly startXref: number;
  readonly at: number;
  readonly kind: Revision['xrefKind'];
  readonly entries: Map<number, XrefEntry>;
  readonly trailer: PdfDict;
  /** Just past the trailer dictionary, or past `endobj` of the cross-reference stream. */
  readonly after: number;
}

interface EndMark {
  readonly startXref: number;
  readonly endOfMarker: number;
  readonly end: number;
}

const FREE: XrefEntry = { kind: 'free' };

/** Indirect objects of a file (ISO 32000-1 annex C.2). Beyond 31 bits readers call a file damaged and put it together anew. */
const MAX_NUMBER = 8_388_608;

/** A file that was remembered comes back with a few revisions more, if it does: nothing is looked for further down. */
const MAX_NEW_REVISIONS = 4;

/** Dead bytes tolerated between a trailer and its `startxref`. */
const MAX_GAP = 1024;

/**
 * All revisions, oldest first; the first ones of `base`, if `beginning` knows a file that these bytes begin with and whose last
 * cross-reference is the next one back. Throws PDF_XREF_BROKEN with what is wrong, PDF_TOO_LARGE.
 */
export function readRevisions(
  bytes: Buffer,
  limits: PdfLimits,
  beginning: (bytes: Buffer, startXref: number, limit: number) => Opened | undefined,
): { readonly revisions: Revision[]; readonly base: Opened | undefined } {
  const { sections, base } = readSections(bytes, limits, beginning);
  const revisions: Revision[] = [...(base?.file.revisions ?? [])];
  let rest = sections;
  const [main, firstPage] = sections;
  if (base === undefined && main && firstPage && firstPage.at < main.at) {
    // ISO 32000-2 annex F.3: the first-page section stands before the main one; together they are one revision.
    if (!isLinearized(bytes, limits)) throw wrongOrder();
    const entries = new Map([...main.entries, ...firstPage.entries]);
    revisions.push(revision(1, { ...firstPage, entries }, endMarkOf(firstPage, bytes, limits, main.after)));
    rest = sections.slice(2);
  }
  for (const section of rest) {
    const before = revisions.at(-1);
    if (before !== undefined && section.at < before.endOfMarker) throw wrongOrder();
    revisions.push(revision(revisions.length + 1, section, endMarkOf(section, bytes, limits, section.after)));
  }
  let highest = 0;
  for (const { entries, trailer } of revisions) {
    const size = trailer.get('Size') as number;
    entries.forEach(({ kind }, num) => {
      if (kind !== 'free' && num > highest) highest = num;
    });
    // Readers disagree about objects beyond /Size (ISO 32000-2 table 15: regarded as missing).
    if (highest >= size) {
      throw xrefBroken(`Đối tượng ${highest} vượt /Size ${size}`, `Object ${highest} is beyond /Size ${size}`);
    }
  }
  return { revisions, base };
}

/** The end mark after `after`; it must name the section itself, else a reader of that revision saw another one. */
function endMarkOf(section: Section, bytes: Uint8Array, limits: PdfLimits, after: number): EndMark {
  const { bytes: buffer } = cursorAt(bytes, 0, limits.maxDepth);
  const gap = buffer.subarray(after, after + MAX_GAP).indexOf('startxref', 0, 'latin1');
  if (gap < 0) throw xrefBroken('Sau bảng tham chiếu không có startxref', 'No startxref after a cross-reference');
  const end = readEndMark(cursorAt(bytes, after + gap, limits.maxDepth));
  const between = buffer.subarray(end.startXref, section.at);
  if (end.startXref > section.at || !between.every(isBlank)) throw wrongStart(end.startXref);
  return end;
}

const wrongOrder = () =>
  xrefBroken('Các bảng tham chiếu không theo thứ tự', 'Cross-reference sections are out of order');
const wrongStart = (value: number) =>
  xrefBroken(
    `startxref ${value} không trỏ tới bảng tham chiếu của chính nó`,
    `startxref ${value} does not point at its own section`,
  );

function revision(index: number, section: Section, end: EndMark): Revision {
  return {
    index,
    startXref: section.startXref,
    end: end.end,
    endOfMarker: end.endOfMarker,
    xrefKind: section.kind,
    entries: section.entries,
    trailer: section.trailer,
  };
}

function readSections(
  bytes: Buffer,
  limits: PdfLimits,
  beginning: (bytes: Buffer, startXref: number, limit: number) => Opened | undefined,
): { readonly sections: Section[]; readonly base: Opened | undefined } {
  const sections: Section[] = [];
  let base: Opened | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  const seen = new Set<number>();
  let budget = limits.maxObjects;
  for (let next: number | undefined = lastStartXref(bytes, limits); next !== undefined; ) {
    if (seen.size >= limits.maxRevisions) {
      throw tooLarge(`Quá ${limits.maxRevisions} bản sửa đổi`, `More than ${limits.maxRevisions} revisions`);
    }
    const section = readSection(bytes, next, limits, budget);
    if (seen.has(section.at)) throw xrefBroken('Chuỗi /Prev quay vòng', 'The /Prev chain loops');
    seen.add(section.at);
    budget -= section.entries.size;
    lowest = Math.min(lowest, section.at);
    sections.push(section);
    const previous = section.trailer.get('Prev');
    if (previous !== undefined && !isInteger(previous)) throw xrefBroken('/Prev không phải số', '/Prev is no integer');
    next = previous;
    base = next === undefined || sections.length > MAX_NEW_REVISIONS ? undefined : beginning(bytes, next, lowest);
    if (base !== undefined && fitsIn(base.file.revisions, limits.maxRevisions - seen.size, budget)) break;
    base = undefined;
  }
  return { sections: sections.reverse(), base };
}

/** Reading these revisions too would not have come near a limit: linearized and hybrid ones have two sections with entries of their own. */
function fitsIn(revisions: readonly Revision[], left: number, budget: number): boolean {
  return 2 * revisions.length < left && revisions.reduce((sum, { entries }) => sum + 2 * entries.size, 0) < budget;
}

/** The offset that the last `startxref` of the file states. */
function lastStartXref(bytes: Uint8Array, limits: PdfLimits): number {
  const { bytes: buffer } = cursorAt(bytes, 0, limits.maxDepth);
  const at = buffer.lastIndexOf('startxref', undefined, 'latin1');
  if (at < 0) throw xrefBroken('Không có startxref', 'There is no startxref');
  return readEndMark(cursorAt(bytes, at, limits.maxDepth)).startXref;
}

/** `startxref`, its number and `%%EOF`. */
function readEndMark(cursor: Cursor): EndMark {
  const { bytes } = cursor;
  skipBlank(cursor);
  if (!takeKeyword(cursor, 'startxref')) {
    throw xrefBroken('Sau bảng tham chiếu không có startxref', 'No startxref after a cross-reference section');
  }
  // No comments and NULs here: readers that look for digits would call the file damaged and put it together anew.
  while (isBlank(bytes[cursor.pos]) && bytes[cursor.pos] !== 0) cursor.pos++;
  const startXref = takeUnsigned(cursor);
  while (isBlank(bytes[cursor.pos])) cursor.pos++;
  if (startXref === undefined || bytes.toString('latin1', cursor.pos, cursor.pos + 5) !== '%%EOF') {
    throw xrefBroken('startxref không có số hoặc thiếu %%EOF', 'startxref lacks its number or %%EOF');
  }
  const endOfMarker = cursor.pos + 5;
  const crlf = bytes[endOfMarker] === 13 && bytes[endOfMarker + 1] === 10;
  const lineEnd = crlf ? 2 : bytes[endOfMarker] === 10 || bytes[endOfMarker] === 13 ? 1 : 0;
  return { startXref, endOfMarker, end: endOfMarker + lineEnd };
}

function readSection(bytes: Uint8Array, offset: number, limits: PdfLimits, budget: number): Section {
  if (offset <= 0 || offset >= bytes.length) {
    throw xrefBroken(`Bảng tham chiếu nằm ngoài tệp: ${offset}`, `Cross-reference outside the file: ${offset}`);
  }
  const cursor = cursorAt(bytes, offset, limits.maxDepth);
  while (isBlank(cursor.bytes[cursor.pos])) cursor.pos++;
  const at = cursor.pos;
  const section = takeKeyword(cursor, 'xref')
    ? readTable(cursor, limits, budget)
    : readXrefStream(cursor, limits, budget);
  const size = section.trailer.get('Size');
  if (!isInteger(size) || size < 1) throw xrefBroken('Thiếu /Size', '/Size is missing');
  if (size > MAX_NUMBER) throw beyondNumbers();
  return { ...section, startXref: offset, at };
}

function readTable(cursor: Cursor, limits: PdfLimits, budget: number): Omit<Section, 'startXref' | 'at'> {
  const entries = new Map<number, XrefEntry>();
  for (;;) {
    skipBlank(cursor);
    if (takeKeyword(cursor, 'trailer')) break;
    const first = takeUnsigned(cursor);
    skipBlank(cursor);
    const count = takeUnsigned(cursor);
    if (first === undefined || count === undefined) {
      throw xrefBroken('Mục con của bảng tham chiếu hỏng', 'A cross-reference subsection is malformed');
    }
    if (entries.size + count > budget) throw tooManyObjects(limits);
    if (first + count > MAX_NUMBER) throw beyondNumbers();
    while (isBlank(cursor.bytes[cursor.pos])) cursor.pos++;
    for (let num = first; num < first + count; num++) addEntry(entries, num, readTableEntry(cursor, num));
  }
  const trailer = parseObject(cursor);
  if (!isDict(trailer)) throw xrefBroken('Trailer không phải từ điển', 'The trailer is no dictionary');
  const after = cursor.pos;
  const hidden = trailer.get('XRefStm');
  if (hidden === undefined) return { kind: 'table', entries, trailer, after };
  if (!isInteger(hidden) || hidden <= 0 || hidden >= cursor.end) {
    throw xrefBroken('/XRefStm không hợp lệ', '/XRefStm is malformed');
  }
  const stream = readXrefStream({ ...cursor, pos: hidden }, limits, budget - entries.size);
  for (const [num, entry] of stream.entries) {
    // §7.5.8.4: hidden objects are free in the table. If both name a place, two readers may see two documents.
    const shown = entries.get(num);
    if (shown !== undefined && shown.kind !== 'free' && !sameEntry(shown, entry)) {
      throw xrefBroken(`Đối tượng ${num} có hai vị trí khác nhau`, `Object ${num} has two places in a hybrid file`);
    }
    entries.set(num, entry);
  }
  return { kind: 'hybrid', entries, trailer, after };
}

const tooManyObjects = (limits: PdfLimits) =>
  tooLarge(`Quá ${limits.maxObjects} đối tượng`, `More than ${limits.maxObjects} objects`);

const beyondNumbers = () => tooLarge(`Số hiệu đối tượng vượt ${MAX_NUMBER}`, `Object numbers beyond ${MAX_NUMBER}`);

function sameEntry(left: XrefEntry, right: XrefEntry): boolean {
  return left.kind === 'offset' && right.kind === 'offset' && left.offset === right.offset && left.gen === right.gen;
}

function addEntry(entries: Map<number, XrefEntry>, num: number, entry: XrefEntry): void {
  if (entries.has(num)) throw xrefBroken(`Đối tượng ${num} được khai hai lần`, `Object ${num} is listed twice`);
  entries.set(num, entry);
}

/** One entry of 20 bytes, `nnnnnnnnnn ggggg n` and two bytes of line end; ` CRLF` (21 bytes) cannot be misread. */
function readTableEntry(cursor: Cursor, num: number): XrefEntry {
  const { bytes, pos } = cursor;
  const broken = () => xrefBroken(`Mục ${num} của bảng tham chiếu hỏng`, `Cross-reference entry ${num} is malformed`);
  if (pos + 20 > cursor.end || bytes[pos + 10] !== 0x20 || bytes[pos + 16] !== 0x20) throw broken();
  let offset = 0;
  for (let index = pos; index < pos + 10; index++) {
    const digit = (bytes[index] as number) - 0x30;
    if (digit < 0 || digit > 9) throw broken();
    offset = offset * 10 + digit;
  }
  let gen = 0;
  for (let index = pos + 11; index < pos + 16; index++) {
    const digit = (bytes[index] as number) - 0x30;
    if (digit < 0 || digit > 9) throw broken();
    gen = gen * 10 + digit;
  }
  if (!isBlank(bytes[pos + 18]) || !isBlank(bytes[pos + 19])) throw broken();
  cursor.pos = pos + (isBlank(bytes[pos + 20]) ? 21 : 20);
  if (bytes[pos + 17] === 0x6e) return { kind: 'offset', offset, gen };
  if (bytes[pos + 17] === 0x66) return FREE;
  throw broken();
}

function readXrefStream(cursor: Cursor, limits: PdfLimits, budget: number): Omit<Section, 'startXref' | 'at'> {
  const broken = (vi: string, en: string) => xrefBroken(`Luồng tham chiếu: ${vi}`, `Cross-reference stream: ${en}`);
  const object = parseIndirect(cursor, () => {
    throw broken('độ dài không trực tiếp', 'its length is indirect');
  });
  const { value } = object;
  const type = isStream(value) ? value.dict.get('Type') : undefined;
  if (!isStream(value) || !isName(type) || type.name !== 'XRef') {
    throw broken('không có ở vị trí được chỉ', 'none at the stated offset');
  }
  const { dict } = value;
  const direct = (part: unknown) => {
    if (typeof part === 'object' && part !== null && 'kind' in part && part.kind === 'ref') {
      throw broken('tham số gián tiếp', 'indirect parameters');
    }
  };
  const widths = dict.get('W');
  const size = dict.get('Size');
  if (!isArray(widths) || widths.length !== 3 || !isInteger(size))
    throw broken('thiếu /W hoặc /Size', 'no /W or /Size');
  const [w0, w1, w2] = widths;
  const sane = (width: unknown): width is number => isInteger(width as number) && (width as number) >= 0;
  if (!sane(w0) || !sane(w1) || !sane(w2) || w0 > 8 || w1 > 8 || w2 > 8 || w0 + w1 + w2 === 0) {
    throw broken('/W không hợp lệ', 'impossible /W');
  }
  const index = dict.get('Index') ?? [0, size];
  if (!isArray(index) || index.length % 2 !== 0) throw broken('/Index không hợp lệ', 'malformed /Index');
  const row = w0 + w1 + w2;
  const decoded = decodeStream(
    value.raw,
    dict,
    (part) => {
      direct(part);
      return part ?? null;
    },
    Math.min(limits.maxDecodedBytes, (row + 1) * (budget + 1)),
  );
  const entries = new Map<number, XrefEntry>();
  let pos = 0;
  const field = (width: number, fallback: number): number => {
    if (width === 0) return fallback;
    let number = 0;
    for (const end = pos + width; pos < end; pos++) number = number * 256 + (decoded[pos] as number);
    if (!Number.isSafeInteger(number)) throw broken('số quá lớn', 'a number is too large');
    return number;
  };
  for (let part = 0; part < index.length; part += 2) {
    const first = index[part];
    const count = index[part + 1];
    if (!isInteger(first) || !isInteger(count) || first < 0 || count < 0) throw broken('/Index hỏng', 'bad /Index');
    if (entries.size + count > budget) throw tooManyObjects(limits);
    if (first + count > MAX_NUMBER) throw beyondNumbers();
    if (pos + count * row > decoded.length) throw broken('dữ liệu bị cụt', 'its data are cut off');
    for (let num = first; num < first + count; num++) {
      const type = field(w0, 1);
      const second = field(w1, 0);
      const third = field(w2, 0);
      if (type === 1) addEntry(entries, num, { kind: 'offset', offset: second, gen: third });
      else if (type === 2) addEntry(entries, num, { kind: 'compressed', stream: second, index: third });
      else if (type === 0) addEntry(entries, num, FREE);
      // §7.5.8.3 has them as references to null, but readers give the whole section up and put the file together anew.
      else throw broken('loại mục không biết', 'an entry of unknown type');
    }
  }
  return { kind: 'stream', entries, trailer: dict, after: object.end };
}

/** True if the first object of the file is a linearization parameter dictionary (ISO 32000-2 annex F.3.3). */
function isLinearized(bytes: Uint8Array, limits: PdfLimits): boolean {
  const cursor = cursorAt(bytes, 0, limits.maxDepth, Math.min(bytes.length, 2048));
  skipBlank(cursor);
  try {
    const { value } = parseIndirect(cursor, () => null);
    return isDict(value) && value.has('Linearized');
  } catch {
    return false;
  }
}
