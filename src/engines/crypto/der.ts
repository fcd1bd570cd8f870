/**
 * Reads DER and BER (X.690) over the original bytes: every element is a view, nothing is copied.
 *
 * `readDer` walks the whole element once, with bounded depth, and either insists on DER or marks what is not.
 * What a reader finds wrong is thrown as `AppError DER_MALFORMED`; parsers of larger things rename it (`reading`).
 */
import { AppError, type ProblemCode } from '../../shared/index.ts';
import type { DerNode } from './types.ts';

const MAX_DEPTH = 48;
const MAX_OID_BYTES = 128;

/** Universal tags, with the constructed bit where DER has it. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag of a context-specific element: `[n]`, constructed unless said otherwise. */
export function contextTag(number: number, constructed = true): number {
  return (constructed ? 0xa0 : 0x80) | number;
}

/** Throws `DER_MALFORMED`; `what` names the structure, never its content. */
export function malformed(what: string): never {
  throw new AppError('DER_MALFORMED', {
    detail: { vi: `Cấu trúc ASN.1 không hợp lệ: ${what}`, en: `The ASN.1 structure is not valid: ${what}` },
  });
}

/** Runs a parser; whatever it throws becomes an `AppError` with `code`, the first error kept as its cause. */
export function reading<T>(code: ProblemCode, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new AppError(code, { cause: error });
  }
}

/** A plain `Uint8Array` over the same memory; slices of a `Buffer` are slower and print differently. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface Header {
  tag: number;
  contentStart: number;
  /** -1 for an indefinite length. */
  contentEnd: number;
  ber: boolean;
}

function readHeader(bytes: Uint8Array, start: number, limit: number, into: Header): void {
  if (start + 2 > limit) malformed('element cut short');
  const tag = bytes[start] ?? 0;
  if ((tag & 0x1f) === 0x1f) malformed('tag number above 30');
  let length = bytes[start + 1] ?? 0;
  let position = start + 2;
  into.tag = tag;
  into.ber = false;
  if (length === 0x80) {
    if ((tag & 0x20) === 0) malformed('indefinite length of a primitive element');
    into.contentStart = position;
    into.contentEnd = -1;
    into.ber = true;
    return;
  }
  if (length > 0x80) {
    const count = length & 0x7f;
    if (count > 6 || position + count > limit) malformed('length of a length');
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[position++] ?? 0);
    // X.690 §10.1: the shortest form.
    if (length < 0x80 || length < 256 ** (count - 1)) into.ber = true;
  }
  if (position + length > limit) malformed('length beyond the end');
  into.contentStart = position;
  into.contentEnd = position + length;
}

/** X.690 §10.2, §11.1: strings are primitive, TRUE is FF. */
function breaksDer(bytes: Uint8Array, header: Header): boolean {
  const { tag, contentStart, contentEnd } = header;
  if (tag < 0x20) {
    if (tag === TAG.boolean) {
      const value = bytes[contentStart];
      return contentEnd - contentStart !== 1 || (value !== 0 && value !== 0xff);
    }
    return false;
  }
  return tag < 0x40 && tag !== TAG.sequence && tag !== TAG.set;
}

interface Scan {
  ber: boolean;
}

/** Walks one element and everything in it; returns the offset after it. */
function scan(bytes: Uint8Array, start: number, limit: number, depth: number, found: Scan): number {
  if (depth > MAX_DEPTH) malformed('nested too deeply');
  const header: Header = { tag: 0, contentStart: 0, contentEnd: 0, ber: false };
  readHeader(bytes, start, limit, header);
  if (header.ber || breaksDer(bytes, header)) found.ber = true;
  const { tag, contentEnd } = header;
  if ((tag & 0x20) === 0) return contentEnd;
  let position = header.contentStart;
  if (contentEnd === -1) {
    for (;;) {
      if (position + 2 > limit) malformed('indefinite length without end');
      if (bytes[position] === 0 && bytes[position + 1] === 0) return position + 2;
      position = scan(bytes, position, limit, depth + 1, found);
    }
  }
  while (position < contentEnd) position = scan(bytes, position, contentEnd, depth + 1, found);
  return contentEnd;
}

/** The element at `start`, known to lie within the bytes. `insideBer` says whether it may hold BER. */
function nodeAt(bytes: Uint8Array, start: number, limit: number, insideBer: boolean): DerNode {
  const header: Header = { tag: 0, contentStart: 0, contentEnd: 0, ber: false };
  readHeader(bytes, start, limit, header);
  let end = header.contentEnd;
  let contentEnd = end;
  const found: Scan = { ber: false };
  if (insideBer) {
    end = scan(bytes, start, limit, 0, found);
    contentEnd = header.contentEnd === -1 ? end - 2 : end;
  }
  return {
    tag: header.tag,
    raw: bytes.subarray(start, end),
    content: bytes.subarray(header.contentStart, contentEnd),
    constructed: (header.tag & 0x20) !== 0,
    ber: found.ber,
  };
}

export interface ReadOptions {
  /** Tolerate BER and mark it in `ber`; otherwise anything but DER throws. */
  readonly ber?: boolean;
  /** Tolerate bytes after the element; otherwise they throw. */
  readonly trailing?: boolean;
}

/** Reads the one element that `bytes` holds. Throws `DER_MALFORMED`. */
export function readDer(bytes: Uint8Array, options: ReadOptions = {}): DerNode {
  const plain = plainBytes(bytes);
  const found: Scan = { ber: false };
  const end = scan(plain, 0, plain.length, 0, found);
  if (end !== plain.length && options.trailing !== true) malformed('bytes after the element');
  if (found.ber && options.ber !== true) malformed('BER where DER is required');
  return nodeAt(plain, 0, plain.length, found.ber);
}

/** The elements inside a constructed one. */
export function children(node: DerNode): DerNode[] {
  if (!node.constructed) malformed('a constructed element was expected');
  const { content } = node;
  const nodes: DerNode[] = [];
  let position = 0;
  while (position < content.length) {
    const child = nodeAt(content, position, content.length, node.ber);
    nodes.push(child);
    position += child.raw.length;
  }
  return nodes;
}

/** Elements of a SEQUENCE taken one after the other, by tag. */
export interface Fields {
  /** The next element, which must have this tag (any tag if undefined). */
  take(what: string, tag?: number): DerNode;
  /** The next element if it has this tag. */
  optional(tag: number): DerNode | undefined;
  /** Tag of the next element, undefined at the end. */
  peek(): number | undefined;
  /** All that are left. */
  rest(): DerNode[];
  /** Throws if something is left. */
  end(what: string): void;
}

/** Opens a constructed element for reading in order. `tag` is checked if given. */
export function fields(node: DerNode, what: string, tag: number | undefined = TAG.sequence): Fields {
  if (tag !== undefined && node.tag !== tag) malformed(what);
  const nodes = children(node);
  let next = 0;
  return {
    take(part, wanted) {
      const child = nodes[next++];
      if (child === undefined || (wanted !== undefined && child.tag !== wanted)) malformed(`${what}.${part}`);
      return child;
    },
    optional(wanted) {
      const child = nodes[next];
      if (child === undefined || child.tag !== wanted) return undefined;
      next++;
      return child;
    },
    peek: () => nodes[next]?.tag,
    rest() {
      const left = nodes.slice(next);
      next = nodes.length;
      return left;
    },
    end(part) {
      if (next < nodes.length) malformed(`${what}: more after ${part}`);
    },
  };
}

/** The one element inside an explicit tag. */
export function inner(node: DerNode, what: string): DerNode {
  const [child, ...more] = children(node);
  if (child === undefined || more.length > 0) malformed(what);
  return child;
}

// ── values ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const oidTexts = new Map<string, string>();

/** Dotted text of an OBJECT IDENTIFIER (the tag is not checked, so that implicit ones work). */
export function readOid(node: DerNode): string {
  const { content } = node;
  if (content.length === 0 || content.length > MAX_OID_BYTES) malformed('OBJECT IDENTIFIER');
  const key = String.fromCharCode(...content);
  const known = oidTexts.get(key);
  if (known !== undefined) return known;
  const arcs: string[] = [];
  let arc = 0n;
  let started = false;
  for (const byte of content) {
    // X.690 §8.19.2: no leading 0x80 in a subidentifier.
    if (!started && byte === 0x80) malformed('OBJECT IDENTIFIER');
    started = true;
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (arc >> 130n !== 0n) malformed('OBJECT IDENTIFIER');
    if ((byte & 0x80) !== 0) continue;
    if (arcs.length === 0) {
      const first = arc < 40n ? 0n : arc < 80n ? 1n : 2n;
      arcs.push(first.toString(), (arc - first * 40n).toString());
    } else arcs.push(arc.toString());
    arc = 0n;
    started = false;
  }
  if (started) malformed('OBJECT IDENTIFIER');
  const text = arcs.join('.');
  if (oidTexts.size < 2048) oidTexts.set(key, text);
  return text;
}

/** An OBJECT IDENTIFIER with its universal tag. */
export function expectOid(node: DerNode, what: string): string {
  if (node.tag !== TAG.oid) malformed(what);
  return readOid(node);
}

export function readBoolean(node: DerNode): boolean {
  if (node.content.length !== 1) malformed('BOOLEAN');
  return node.content[0] !== 0;
}

/** INTEGER or ENUMERATED as lower-case hex without leading zeros, a leading `-` if negative: how serial numbers are named. */
export function readIntegerHex(node: DerNode): string {
  const { content } = node;
  const first = content[0];
  if (first === undefined) malformed('INTEGER');
  if (first >= 0x80) return `-${(-readBigInteger(node)).toString(16)}`;
  let text = '';
  for (const byte of content) text += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
  return text.replace(/^0+(?=.)/, '');
}

export function readBigInteger(node: DerNode): bigint {
  const { content } = node;
  const first = content[0];
  if (first === undefined) malformed('INTEGER');
  const unsigned = BigInt(`0x${Buffer.from(content.buffer, content.byteOffset, content.length).toString('hex')}`);
  return first >= 0x80 ? unsigned - (1n << BigInt(content.length * 8)) : unsigned;
}

/** INTEGER or ENUMERATED that must fit 32 bits. */
export function readSmallInteger(node: DerNode): number {
  const { content } = node;
  if (content.length === 0 || content.length > 5) malformed('INTEGER');
  const value = Number(readBigInteger(node));
  if (Math.abs(value) > 0xffffffff) malformed('INTEGER');
  return value;
}

/** Octets of an OCTET STRING; BER pieces are joined. */
export function readOctets(node: DerNode): Uint8Array {
  if (!node.constructed) return node.content;
  const pieces = children(node).map(readOctets);
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** A signature value in a BIT STRING. One that does not fill its octets can be no signature: it becomes empty and verifies nothing. */
export function readSignatureBits(node: DerNode): Uint8Array {
  if (node.constructed) malformed('BIT STRING');
  return node.content[0] === 0 ? node.content.subarray(1) : new Uint8Array();
}

/** Numbers of the bits that are set in a BIT STRING of names (X.690 §11.2). */
export function readNamedBits(node: DerNode): Set<number> {
  const unused = node.content[0];
  if (node.constructed || unused === undefined || unused > 7 || node.content.length > 5) malformed('BIT STRING');
  const bits = new Set<number>();
  const count = (node.content.length - 1) * 8 - unused;
  for (let bit = 0; bit < count; bit++) {
    if (((node.content[1 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1) bits.add(bit);
  }
  return bits;
}

const LATIN1 = new TextDecoder('latin1');
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const UTF16BE = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });

/** Text of any character string type. Throws on text that its type cannot hold. */
export function readText(node: DerNode, tag = node.tag): string {
  const bytes = readOctets(node);
  try {
    switch (tag & ~0x20) {
      case TAG.utf8String:
        return UTF8.decode(bytes);
      case TAG.bmpString:
        return UTF16BE.decode(bytes);
      case TAG.universalString:
        return readUtf32(bytes);
      default:
        return LATIN1.decode(bytes);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    return malformed('character string');
  }
}

function readUtf32(bytes: Uint8Array): string {
  if (bytes.length % 4 !== 0) malformed('UniversalString');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) text += String.fromCodePoint(view.getUint32(at));
  return text;
}

/** True for the tags of character strings. */
export function isTextTag(tag: number): boolean {
  return tag === 0x0c || (tag >= 0x12 && tag <= 0x16) || (tag >= 0x19 && tag <= 0x1e);
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d))?(Z|[+-]\d{4})$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/;

/**
 * UTCTime or GeneralizedTime. Two-digit years as RFC 5280 §4.1.2.5.1 says. A fraction of a second (RFC 3161 §2.4.2) is read to
 * the millisecond only if `fraction` allows it.
 */
export function readTime(node: DerNode, fraction = false): Date {
  const text = LATIN1.decode(node.content);
  if (node.tag === TAG.utcTime) {
    const [, yy, month, day, hour, minute, second = '00', zone = 'Z'] = UTC_TIME.exec(text) ?? malformed('UTCTime');
    const year = Number(yy) < 50 ? 2000 + Number(yy) : 1900 + Number(yy);
    const time = instant(year, month, day, hour, minute, second, 0);
    if (zone === 'Z') return time;
    const shift = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3))) * 60_000;
    return new Date(time.getTime() - (zone.startsWith('-') ? -shift : shift));
  }
  if (node.tag !== TAG.generalizedTime) malformed('Time');
  const [, year, month, day, hour, minute, second, part] = GENERALIZED_TIME.exec(text) ?? malformed('GeneralizedTime');
  if (part !== undefined && !fraction) malformed('GeneralizedTime with a fraction');
  const milliseconds = part === undefined ? 0 : Math.trunc(Number(`0.${part}`) * 1000 + 1e-6);
  return instant(Number(year), month, day, hour, minute, second, milliseconds);
}

function instant(
  year: number,
  month: string | undefined,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  milliseconds: number,
): Date {
  const time = new Date(0);
  time.setUTCFullYear(year, Number(month) - 1, Number(day));
  time.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds);
  const exact =
    time.getUTCMonth() === Number(month) - 1 &&
    time.getUTCDate() === Number(day) &&
    time.getUTCHours() === Number(hour) &&
    time.getUTCMinutes() === Number(minute) &&
    time.getUTCSeconds() === Number(second);
  return exact ? time : malformed('Time');
}

/** From about here on a call into native code is cheaper than a loop. */
const CALL_BYTES = 48;

/** True if both hold the same bytes. Not constant-time: for public values only. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  if (a.length > CALL_BYTES) return Buffer.compare(a, b) === 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
