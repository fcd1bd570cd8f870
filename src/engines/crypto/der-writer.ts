/** Writes DER (X.690): small functions that each return one finished element. */
import { children, fields, malformed, readBoolean, readDer, readOctets, TAG } from './der.ts';
import type { DerNode } from './types.ts';

/** One element: tag, shortest length, the parts one after the other. */
function element(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const lengthBytes = length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : length < 0x1000000 ? 4 : 5;
  const out = new Uint8Array(1 + lengthBytes + length);
  out[0] = tag;
  if (lengthBytes === 1) out[1] = length;
  else {
    out[1] = 0x80 | (lengthBytes - 1);
    for (let i = lengthBytes, rest = length; i > 1; i--, rest = Math.floor(rest / 256)) out[i] = rest & 0xff;
  }
  let at = 1 + lengthBytes;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** X.690 §11.6: the encodings in ascending order. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function integerContent(value: bigint): Uint8Array {
  let hex = (value < 0n ? -value - 1n : value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`;
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
  return value < 0n ? bytes.map((byte) => byte ^ 0xff) : bytes;
}

function oidContent(dotted: string): number[] {
  const [first, second, ...rest] = dotted.split('.').map(BigInt);
  if (first === undefined || second === undefined) return malformed('OBJECT IDENTIFIER');
  return [first * 40n + second, ...rest].flatMap((arc) => {
    const bytes = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) bytes.unshift(Number(left & 0x7fn) | 0x80);
    return bytes;
  });
}

const oids = new Map<string, Uint8Array>();
const text = new TextEncoder();
const two = (value: number): string => String(value).padStart(2, '0');

function timeText(time: Date): string {
  return (
    two(time.getUTCMonth() + 1) +
    two(time.getUTCDate()) +
    two(time.getUTCHours()) +
    two(time.getUTCMinutes()) +
    two(time.getUTCSeconds())
  );
}

function generalizedTime(time: Date, fraction = false): Uint8Array {
  const milliseconds = fraction ? time.getUTCMilliseconds() : 0;
  // X.690 §11.7: no trailing zeros in the fraction, no empty fraction.
  const part = milliseconds === 0 ? '' : `.${String(milliseconds).padStart(3, '0').replace(/0+$/, '')}`;
  const year = String(time.getUTCFullYear()).padStart(4, '0');
  return element(TAG.generalizedTime, [text.encode(`${year}${timeText(time)}${part}Z`)]);
}

/** Writers of DER elements. Parts are finished elements. */
export const encode = {
  element: (tag: number, ...parts: Uint8Array[]): Uint8Array => element(tag, parts),
  sequence: (...parts: Uint8Array[]): Uint8Array => element(TAG.sequence, parts),
  sequenceOf: (parts: readonly Uint8Array[]): Uint8Array => element(TAG.sequence, parts),
  /** SET OF: sorts its parts; `tag` for an implicit one. */
  setOf: (parts: readonly Uint8Array[], tag: number = TAG.set): Uint8Array =>
    element(tag, parts.length < 2 ? parts : [...parts].sort(compareBytes)),
  /** `[n]` constructed: an explicit tag, or an implicit one of a constructed type. */
  context: (number: number, ...parts: Uint8Array[]): Uint8Array => element(0xa0 | number, parts),
  /** `[n]` primitive with these contents octets. */
  contextPrimitive: (number: number, content: Uint8Array): Uint8Array => element(0x80 | number, [content]),
  integer: (value: number | bigint): Uint8Array => element(TAG.integer, [integerContent(BigInt(value))]),
  /** A serial number as `Certificate.serial` names it. */
  integerHex: (hex: string): Uint8Array =>
    encode.integer(hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)),
  /** A positive INTEGER from big-endian bytes (nonces). */
  unsigned: (bytes: Uint8Array): Uint8Array => encode.integer(BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)),
  enumerated: (value: number): Uint8Array => element(TAG.enumerated, [integerContent(BigInt(value))]),
  boolean: (value: boolean): Uint8Array => new Uint8Array([TAG.boolean, 1, value ? 0xff : 0]),
  null: (): Uint8Array => new Uint8Array([TAG.null, 0]),
  oid(dotted: string): Uint8Array {
    const known = oids.get(dotted);
    if (known !== undefined) return known;
    const made = element(TAG.oid, [new Uint8Array(oidContent(dotted))]);
    if (oids.size < 1024) oids.set(dotted, made);
    return made;
  },
  octetString: (...parts: Uint8Array[]): Uint8Array => element(TAG.octetString, parts),
  bitString: (...parts: Uint8Array[]): Uint8Array => element(TAG.bitString, [new Uint8Array(1), ...parts]),
  /** BIT STRING of named bits, trailing zeros dropped (X.690 §11.2.2). */
  namedBits(bits: Iterable<number>): Uint8Array {
    const set = [...bits];
    if (set.length === 0) return element(TAG.bitString, [new Uint8Array(1)]);
    const last = Math.max(...set);
    const out = new Uint8Array(2 + (last >> 3));
    out[0] = 7 - (last & 7);
    for (const bit of set) out[1 + (bit >> 3)] = (out[1 + (bit >> 3)] ?? 0) | (0x80 >> (bit & 7));
    return element(TAG.bitString, [out]);
  },
  utf8: (value: string): Uint8Array => element(TAG.utf8String, [text.encode(value)]),
  printable: (value: string): Uint8Array => element(TAG.printableString, [text.encode(value)]),
  ia5: (value: string): Uint8Array => element(TAG.ia5String, [text.encode(value)]),
  /** UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
  time(time: Date): Uint8Array {
    const year = time.getUTCFullYear();
    if (year < 1950 || year > 2049) return generalizedTime(time);
    return element(TAG.utcTime, [text.encode(`${two(year % 100) + timeText(time)}Z`)]);
  },
  /** GeneralizedTime; with `fraction` to the millisecond (RFC 3161 §2.4.2). */
  generalizedTime,
};

/** The element re-encoded as DER: definite shortest lengths, joined strings, sorted sets. `ber` input is what it is for. */
export function toDer(input: Uint8Array | DerNode): Uint8Array {
  const node = input instanceof Uint8Array ? readDer(input, { ber: true }) : input;
  const universal = node.tag & 0x1f;
  if (!node.constructed) {
    return node.tag === TAG.boolean ? encode.boolean(readBoolean(node)) : element(node.tag, [node.content]);
  }
  if (node.tag < 0x40 && node.tag !== TAG.sequence && node.tag !== TAG.set) {
    if (universal === TAG.bitString) return element(TAG.bitString, [joinBitString(node)]);
    return element(universal, [readOctets(node)]);
  }
  const parts = children(node).map(toDer);
  return node.tag === TAG.set ? encode.setOf(parts) : element(node.tag, parts);
}

function joinBitString(node: DerNode): Uint8Array {
  const pieces = fields(node, 'BIT STRING', node.tag).rest();
  let unused = 0;
  const octets = pieces.flatMap((piece) => {
    if (unused !== 0) malformed('BIT STRING');
    const content = piece.constructed ? joinBitString(piece) : piece.content;
    unused = content[0] ?? malformed('BIT STRING');
    return [...content.subarray(1)];
  });
  return new Uint8Array([unused, ...octets]);
}
