/** Revocation lists (RFC 5280 §5): read without walking them until somebody asks for a serial; and made for our own authority. */
import { randomInt } from 'node:crypto';
import { readSignatureAlgorithm, signatureAlgorithm } from './algorithms.ts';
import { extensionValue, readAuthorityKeyIdentifier, readExtensions } from './certificate.ts';
import {
  contextTag,
  fields,
  inner,
  malformed,
  plainBytes,
  readBigInteger,
  readBoolean,
  readDer,
  reading,
  readSignatureBits,
  readSmallInteger,
  readTime,
  sameBytes,
  TAG,
} from './der.ts';
import { encode } from './der-writer.ts';
import { type GeneralName, readDistributionPointName, readGeneralNames } from './general-names.ts';
import { parseName, readName, sameName } from './names.ts';
import { OID } from './oids.ts';
import type {
  Certificate,
  CertificateList,
  DerNode,
  DistinguishedName,
  Extension,
  RawSigner,
  SigningScheme,
} from './types.ts';

const EXPIRED_CERTIFICATES_ON_CRL = '2.5.29.60';
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  OID.authorityKeyIdentifier,
  OID.issuerAltName,
  OID.crlNumber,
  OID.deltaCrlIndicator,
  OID.issuingDistributionPoint,
  OID.freshestCrl,
  OID.authorityInfoAccess,
  EXPIRED_CERTIFICATES_ON_CRL,
]);
const KNOWN_ENTRY_EXTENSIONS: ReadonlySet<string> = new Set([
  OID.reasonCode,
  OID.invalidityDate,
  OID.certificateIssuer,
]);

/** IssuingDistributionPoint (RFC 5280 §5.2.5). */
export interface CrlScope {
  readonly fullName: readonly GeneralName[] | undefined;
  readonly relative: DerNode | undefined;
  readonly onlyUser: boolean;
  readonly onlyCa: boolean;
  readonly onlyAttribute: boolean;
  readonly indirect: boolean;
  /** ReasonFlags; undefined: all reasons. */
  readonly reasons: DerNode | undefined;
}

/** Scope of a list; undefined if it has no issuingDistributionPoint. Throws `DER_MALFORMED`. */
export function crlScope(issuingDistributionPoint: Uint8Array | undefined): CrlScope | undefined {
  if (issuingDistributionPoint === undefined) return undefined;
  const parts = fields(readDer(issuingDistributionPoint), 'IssuingDistributionPoint');
  const name = readDistributionPointName(parts.optional(contextTag(0)));
  const flag = (number: number): boolean => {
    const node = parts.optional(contextTag(number, false));
    return node !== undefined && readBoolean(node);
  };
  const onlyUser = flag(1);
  const onlyCa = flag(2);
  const reasons = parts.optional(contextTag(3, false));
  const indirect = flag(4);
  const onlyAttribute = flag(5);
  parts.end('onlyContainsAttributeCerts');
  return { ...name, onlyUser, onlyCa, onlyAttribute, indirect, reasons };
}

/**
 * Reads a CertificateList. Entries are indexed at the first `find` or look at `unknownCriticalExtension`;
 * entries that turn out malformed then count as an unknown critical extension: the list proves nothing. Throws `CRL_MALFORMED`.
 */
export function parseCrl(der: Uint8Array): CertificateList {
  return reading('CRL_MALFORMED', () => {
    const raw = plainBytes(der);
    const outer = fields(readDer(raw), 'CertificateList');
    const tbs = outer.take('tbsCertList', TAG.sequence);
    const algorithm = outer.take('signatureAlgorithm', TAG.sequence);
    const signature = readSignatureBits(outer.take('signature', TAG.bitString));
    outer.end('signature');

    const parts = fields(tbs, 'TBSCertList');
    parts.optional(TAG.integer);
    if (!sameBytes(parts.take('signature').raw, algorithm.raw)) malformed('TBSCertList.signature');
    const issuer = readName(parts.take('issuer'));
    const thisUpdate = readTime(parts.take('thisUpdate'));
    const hasNext = parts.peek() === TAG.utcTime || parts.peek() === TAG.generalizedTime;
    const nextUpdate = hasNext ? readTime(parts.take('nextUpdate')) : undefined;
    const revoked = parts.optional(TAG.sequence);
    const extensionsNode = parts.optional(contextTag(0));
    parts.end('crlExtensions');
    const extensions = extensionsNode === undefined ? [] : readExtensions(inner(extensionsNode, 'crlExtensions'));

    const value = (oid: string) => extensionValue(extensions, oid);
    const number = value(OID.crlNumber);
    const base = value(OID.deltaCrlIndicator);
    const since = value(EXPIRED_CERTIFICATES_ON_CRL);
    const issuingDistributionPoint = value(OID.issuingDistributionPoint)?.raw;
    const indirect = crlScope(issuingDistributionPoint)?.indirect ?? false;
    const unknownExtension = extensions.some(({ oid, critical }) => critical && !KNOWN_EXTENSIONS.has(oid));

    let index: EntryIndex | undefined;
    const entries = (): EntryIndex => {
      index ??= indexEntries(revoked?.content ?? new Uint8Array(), issuer, indirect);
      return index;
    };
    return {
      raw,
      tbs: tbs.raw,
      issuer,
      thisUpdate,
      nextUpdate,
      crlNumber: number === undefined ? undefined : readBigInteger(number),
      deltaBase: base === undefined ? undefined : readBigInteger(base),
      issuingDistributionPoint,
      authorityKeyIdentifier: readAuthorityKeyIdentifier(value(OID.authorityKeyIdentifier)),
      signatureAlgorithm: readSignatureAlgorithm(algorithm),
      signature,
      find: (serial, certificateIssuer) => findEntry(entries(), serial, certificateIssuer),
      get unknownCriticalExtension() {
        return unknownExtension || entries().unusable;
      },
      expiredCertificatesSince: since === undefined ? undefined : readTime(since, true),
    };
  });
}

/** A hash table of entries: slots hold offsets, keyed by the octets of the serial. Small and quick for lists of millions. */
interface EntryIndex {
  readonly buffer: Buffer;
  readonly slots: Int32Array;
  /** Issuers named by the entries, the list's own first (RFC 5280 §5.3.3), and which entries are not its own. */
  readonly issuers: readonly DistinguishedName[];
  readonly foreign: ReadonlyMap<number, number>;
  readonly unusable: boolean;
}

/** Chosen anew by every process: nobody can prepare serials that collide. */
const HASH_SEED = randomInt(2 ** 31);

function hashBytes(buffer: Buffer, start: number, end: number): number {
  let value = HASH_SEED;
  for (let i = start; i < end; i++) value = Math.imul(value ^ (buffer[i] ?? 0), 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}

/** The most common entry extensions: a reason code alone. `30 0c 30 0a 06 03 55 1d 15 04 03 0a 01 rr`. */
const ONLY_REASON = [0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01];

function isOnlyReason(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== ONLY_REASON.length + 1) return false;
  for (let i = 0; i < ONLY_REASON.length; i++) if (bytes[start + i] !== ONLY_REASON[i]) return false;
  return true;
}

/** Where the contents of an entry's serial number lie, what it extends, and where it ends. */
interface Entry {
  readonly serialStart: number;
  readonly serialEnd: number;
  readonly extensions: readonly Extension[];
  readonly end: number;
}

/**
 * One entry. `readDer` has already proved the nesting, so the short-form lengths of a usual entry can be stepped over without making
 * nodes; a longer or stranger one is read the slow way.
 */
function readEntry(buffer: Buffer, start: number): Entry {
  const end = start + 2 + (buffer[start + 1] ?? 0);
  const serialStart = start + 4;
  const serialEnd = serialStart + (buffer[start + 3] ?? 0);
  const timeEnd = serialEnd + 2 + (buffer[serialEnd + 1] ?? 0);
  const usual =
    buffer[start] === TAG.sequence &&
    end < start + 0x82 &&
    buffer[start + 2] === TAG.integer &&
    (timeEnd === end || (timeEnd < end && isOnlyReason(buffer, timeEnd, end)));
  if (usual) return { serialStart, serialEnd, extensions: [], end };

  const node = readDer(buffer.subarray(start), { trailing: true });
  const parts = fields(node, 'revokedCertificate');
  const serial = parts.take('userCertificate', TAG.integer);
  parts.take('revocationDate');
  const block = parts.optional(TAG.sequence);
  parts.end('crlEntryExtensions');
  const offset = serial.content.byteOffset - buffer.byteOffset;
  return {
    serialStart: offset,
    serialEnd: offset + serial.content.length,
    extensions: block === undefined ? [] : readExtensions(block),
    end: start + node.raw.length,
  };
}

/** Walks the entries once. One that is malformed makes the whole list unusable. */
function indexEntries(bytes: Uint8Array, listIssuer: DistinguishedName, indirect: boolean): EntryIndex {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const issuers = [listIssuer];
  const foreign = new Map<number, number>();
  const offsets: number[] = [];
  const hashes: number[] = [];
  let issuer = 0;
  let unusable = false;
  try {
    for (let at = 0; at < buffer.length; ) {
      const { serialStart, serialEnd, extensions, end } = readEntry(buffer, at);
      if (extensions.some(({ oid, critical }) => critical && !KNOWN_ENTRY_EXTENSIONS.has(oid))) unusable = true;
      const issuerValue = indirect ? extensionValue(extensions, OID.certificateIssuer) : undefined;
      if (issuerValue !== undefined) issuer = issuerNumber(issuers, issuerValue);
      if (issuer !== 0) foreign.set(at, issuer);
      offsets.push(at);
      hashes.push(hashBytes(buffer, serialStart, serialEnd));
      at = end;
    }
  } catch {
    unusable = true;
  }
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(offsets.length * 2 + 2))).fill(-1);
  for (const [i, offset] of offsets.entries()) {
    let slot = (hashes[i] ?? 0) & (slots.length - 1);
    while (slots[slot] !== -1) slot = (slot + 1) & (slots.length - 1);
    slots[slot] = offset;
  }
  return { buffer, slots, issuers, foreign, unusable };
}

function issuerNumber(issuers: DistinguishedName[], value: DerNode): number {
  const name = readGeneralNames(value).find(({ kind }) => kind === 'directory');
  if (name?.kind !== 'directory') return malformed('certificateIssuer');
  const known = issuers.findIndex((issuer) => sameName(issuer, name.name));
  if (known >= 0) return known;
  if (issuers.length >= 1000) malformed('certificateIssuer');
  return issuers.push(name.name) - 1;
}

function findEntry(
  { buffer, slots, issuers, foreign }: EntryIndex,
  serial: string,
  certificateIssuer: Uint8Array | undefined,
): { at: Date; reason: number | undefined } | undefined {
  let issuer = 0;
  if (certificateIssuer !== undefined && !sameBytes(certificateIssuer, issuers[0]?.der)) {
    const name = parseName(certificateIssuer);
    issuer = issuers.findIndex((candidate) => sameName(candidate, name));
    if (issuer < 0) return undefined;
  }
  const wanted = Buffer.from(readDer(encode.integerHex(serial)).content);
  let slot = hashBytes(wanted, 0, wanted.length) & (slots.length - 1);
  for (let offset = slots[slot]; offset !== undefined && offset !== -1; offset = slots[slot]) {
    const { serialStart, serialEnd } = readEntry(buffer, offset);
    if ((foreign.get(offset) ?? 0) === issuer && wanted.equals(buffer.subarray(serialStart, serialEnd)))
      return readRevocation(buffer.subarray(offset));
    slot = (slot + 1) & (slots.length - 1);
  }
  return undefined;
}

function readRevocation(entry: Uint8Array): { at: Date; reason: number | undefined } {
  const parts = fields(readDer(entry, { trailing: true }), 'revokedCertificate');
  parts.take('userCertificate', TAG.integer);
  const at = readTime(parts.take('revocationDate'));
  const block = parts.optional(TAG.sequence);
  const reason = block === undefined ? undefined : extensionValue(readExtensions(block), OID.reasonCode);
  return { at, reason: reason === undefined ? undefined : readSmallInteger(reason) };
}

export interface CrlInput {
  readonly issuer: Certificate;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly crlNumber: bigint;
  readonly revoked: readonly { readonly serial: string; readonly at: Date; readonly reason?: number }[];
  readonly scheme: SigningScheme;
  readonly sign: RawSigner;
}

/** Makes a complete, signed version 2 list (RFC 5280 §5), for our own authority. */
export async function buildCrl(input: CrlInput): Promise<Uint8Array> {
  const { issuer, thisUpdate, nextUpdate, crlNumber, revoked, scheme, sign } = input;
  const extension = (oid: string, value: Uint8Array) => encode.sequence(encode.oid(oid), encode.octetString(value));
  const entries = revoked.map(({ serial, at, reason }) =>
    encode.sequence(
      encode.integerHex(serial),
      encode.time(at),
      ...(reason === undefined ? [] : [encode.sequence(extension(OID.reasonCode, encode.enumerated(reason)))]),
    ),
  );
  const keyIdentifier = issuer.subjectKeyIdentifier;
  const extensions = [extension(OID.crlNumber, encode.integer(crlNumber))];
  if (keyIdentifier !== undefined) {
    const value = encode.sequence(encode.contextPrimitive(0, keyIdentifier));
    extensions.unshift(extension(OID.authorityKeyIdentifier, value));
  }
  const tbs = encode.sequence(
    encode.integer(1),
    signatureAlgorithm(scheme),
    issuer.subject.der,
    encode.time(thisUpdate),
    encode.time(nextUpdate),
    ...(entries.length === 0 ? [] : [encode.sequenceOf(entries)]),
    encode.context(0, encode.sequenceOf(extensions)),
  );
  return encode.sequence(tbs, signatureAlgorithm(scheme), encode.bitString(await sign(tbs)));
}
