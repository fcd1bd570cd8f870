/** Reads one signature dictionary: format, CMS, digest, value. Says nothing about trust or time (EN 319 102-1 §5.2.2 to §5.2.7). */
import {
  type Certificate,
  type CmsCheck,
  checkSignedData,
  checkTimestampToken,
  digestOf,
  type KnownDigest,
  OID,
  parseSignedData,
  parseTimestampToken,
  type SignatureAlgorithm,
  type SignedData,
  type SignerInfo,
  sameBytes,
  type TimestampToken,
} from '../crypto/index.ts';
import type { PdfDict, PdfFile, SignatureDictionary } from '../pdf/index.ts';
import type { Gap } from './range-digests.ts';
import { type Reason, RULINGS, reasonOf } from './verdicts.ts';

export interface EmbeddedToken {
  readonly kind: 'signature-timestamp' | 'content-timestamp';
  readonly token: TimestampToken | undefined;
  readonly check: CmsCheck | undefined;
  readonly reasons: readonly Reason[];
}

export interface ReadSignature {
  readonly dictionary: SignatureDictionary;
  readonly kind: 'signature' | 'document-timestamp';
  /** PAdES by its sub-filter and the attributes that a baseline signature needs (EN 319 142-1 §6.3). */
  readonly isPades: boolean;
  /** Content of a document time-stamp. */
  readonly token: TimestampToken | undefined;
  readonly signedData: SignedData | undefined;
  readonly check: CmsCheck | undefined;
  readonly tokens: readonly EmbeddedToken[];
  readonly reasons: readonly Reason[];
  readonly notices: readonly string[];
}

const PADES_SUB_FILTERS = new Set(['ETSI.CAdES.detached', 'ETSI.RFC3161']);
const SUPPORTED = new Set([...PADES_SUB_FILTERS, 'adbe.pkcs7.detached']);

/** Never throws because the signature is bad. `extra` are certificates outside the CMS among which the signer's may be. */
export function readSignature(
  file: PdfFile,
  dictionary: SignatureDictionary,
  rangeDigest: (gap: Gap, digest: KnownDigest) => Uint8Array,
  extra: readonly Certificate[],
): ReadSignature {
  const { type: kind, subFilter, contents } = dictionary;
  const reasons = new Set<Reason>(dictionary.byteRangeProblems.map(byteRangeReason));
  const notices = new Set<string>();
  const result = (parts: Partial<ReadSignature>): ReadSignature => ({
    dictionary,
    kind,
    isPades: false,
    token: undefined,
    signedData: undefined,
    check: undefined,
    tokens: [],
    ...parts,
    reasons: [...reasons],
    notices: [...notices],
  });

  if (subFilter === undefined || !SUPPORTED.has(subFilter)) {
    reasons.add('SUB_FILTER_UNSUPPORTED');
    return result({});
  }
  if (contents === undefined) {
    reasons.add('CONTENTS_NOT_DIRECT_HEX');
    return result({});
  }
  const read = readContents(file, dictionary, contents, (name) => digestOfRange(dictionary, rangeDigest, name), extra);
  if (!read.isCanonical) reasons.add('CONTENTS_NOT_CANONICAL');
  const { token, signedData, check, tokens } = read;
  if (signedData === undefined || check === undefined) {
    reasons.add(kind === 'document-timestamp' ? 'TIMESTAMP_UNREADABLE' : 'CMS_UNREADABLE');
    return result({});
  }
  for (const code of check.reasons) reasons.add(reasonOf(code));
  for (const code of check.notices) {
    // In a time-stamp the attribute is harmless: its time is that of TSTInfo.
    if (token === undefined || code !== 'SIGNING_TIME_PRESENT') notices.add(code);
  }
  if (signedData.trailing > 0) reasons.add('CONTENTS_PADDING_NOT_ZERO');
  const isPades = PADES_SUB_FILTERS.has(subFilter) && !check.notices.includes('SIGNING_CERTIFICATE_ABSENT');
  return result({ isPades, token, signedData, check, tokens });
}

/** What /Contents says, and whether it is about the file. */
interface ReadContents {
  readonly isCanonical: boolean;
  readonly token: TimestampToken | undefined;
  readonly signedData: SignedData | undefined;
  readonly check: CmsCheck | undefined;
  readonly tokens: readonly EmbeddedToken[];
}

interface Remembered extends ReadContents {
  readonly kind: SignatureDictionary['type'];
  /** The digests of the file that the check asked for, and what they were. */
  readonly digests: ReadonlyMap<KnownDigest, Uint8Array | undefined>;
}

/** Files that begin alike share the dictionaries there (`PdfFile.base`): their signatures are read once. */
const remembered = new WeakMap<PdfDict, Remembered>();

function readContents(
  file: PdfFile,
  { dict, type: kind, contentsSpan }: SignatureDictionary,
  contents: Uint8Array,
  digestFor: (name: KnownDigest) => Uint8Array | undefined,
  extra: readonly Certificate[],
): ReadContents {
  const known = remembered.get(dict);
  const sameDigests = (digests: Remembered['digests']): boolean =>
    [...digests].every(([name, value]) => value !== undefined && sameBytes(value, digestFor(name)));
  if (known !== undefined && known.kind === kind && sameDigests(known.digests)) return known;

  const isCanonical = isCanonicalHex(file.bytes, contentsSpan, contents);
  const digests = new Map<KnownDigest, Uint8Array | undefined>();
  const digest = (name: KnownDigest): Uint8Array | undefined => {
    const value = digestFor(name);
    digests.set(name, value);
    return value;
  };
  try {
    const token = kind === 'document-timestamp' ? parseTimestampToken(contents) : undefined;
    const signedData = token?.signedData ?? parseSignedData(contents);
    const check =
      token === undefined
        ? checkSignedData(signedData, digest, { certificates: extra })
        : checkTimestampToken(token, digest, { certificates: extra });
    const [info] = signedData.signerInfos;
    const tokens =
      info === undefined || token !== undefined ? [] : embeddedTokens(info, digest, extra, signedData.certificates);
    const read = { isCanonical, token, signedData, check, tokens };
    const own = signedData.certificates;
    const needsNoOthers =
      isSelfContained(check, own) &&
      tokens.every((each) => isSelfContained(each.check, [...(each.token?.signedData.certificates ?? []), ...own]));
    if (isCanonical && needsNoOthers) remembered.set(dict, { ...read, kind, digests });
    return read;
  } catch {
    return { isCanonical, token: undefined, signedData: undefined, check: undefined, tokens: [] };
  }
}

/** Nothing is wrong, and the signer's certificate is inside: the answer would be the same with other certificates at hand. */
function isSelfContained(check: CmsCheck | undefined, own: readonly Certificate[]): boolean {
  return check?.signer !== undefined && check.reasons.length === 0 && own.includes(check.signer);
}

function byteRangeReason(problem: string): Reason {
  return Object.hasOwn(RULINGS, problem) ? reasonOf(problem) : 'BYTE_RANGE_INVALID';
}

/** Hexadecimal digits only, of one case, in pairs: a token that reads the same in another spelling has been tampered with. */
function isCanonicalHex(bytes: Uint8Array, span: SignatureDictionary['contentsSpan'], value: Uint8Array): boolean {
  if (span === undefined || value.length * 2 !== span.end - span.start - 2) return false;
  const written = Buffer.from(bytes.buffer, bytes.byteOffset + span.start + 1, value.length * 2).toString('latin1');
  const plain = Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex');
  return written === plain || written === plain.toUpperCase();
}

function digestOfRange(
  { byteRange, contentsSpan }: SignatureDictionary,
  rangeDigest: (gap: Gap, digest: KnownDigest) => Uint8Array,
  name: KnownDigest,
): Uint8Array | undefined {
  const [start, firstLength, second, secondLength] = byteRange ?? [];
  if (byteRange?.length !== 4 || contentsSpan === undefined) return undefined;
  if (start !== 0 || firstLength === undefined || second === undefined || secondLength === undefined) return undefined;
  if (firstLength < 0 || secondLength < 0 || second < firstLength) return undefined;
  return rangeDigest({ gapStart: firstLength, gapEnd: second, end: second + secondLength }, name);
}

function embeddedTokens(
  info: SignerInfo,
  content: (name: KnownDigest) => Uint8Array | undefined,
  extra: readonly Certificate[],
  own: readonly Certificate[],
): EmbeddedToken[] {
  const read = (
    kind: EmbeddedToken['kind'],
    attributes: SignerInfo['signedAttributes'],
    oid: string,
    imprint: (name: KnownDigest) => Uint8Array | undefined,
  ): EmbeddedToken[] =>
    attributes
      .filter((attribute) => attribute.oid === oid)
      .flatMap(({ values }) => values)
      .map((value) => {
        try {
          const token = parseTimestampToken(value);
          const check = checkTimestampToken(token, imprint, { certificates: [...own, ...extra] });
          return { kind, token, check, reasons: check.reasons.map(reasonOf) };
        } catch {
          return { kind, token: undefined, check: undefined, reasons: ['TIMESTAMP_UNREADABLE'] };
        }
      });
  return [
    // RFC 3161 appendix A: over the signature value. RFC 5126 §5.11.4: over the content.
    ...read('signature-timestamp', info.unsignedAttributes, OID.signatureTimestamp, (name) =>
      digestOf(name, info.signature),
    ),
    ...read('content-timestamp', info.signedAttributes, OID.contentTimestamp, content),
  ];
}

/** `SHA-256`, for the report. */
export function digestName(signedData: SignedData | undefined): string | null {
  const algorithm = signedData?.signerInfos[0]?.digestAlgorithm;
  return algorithm === undefined ? null : typeof algorithm === 'string' ? algorithm : algorithm.oid;
}

/** `RSASSA-PSS-2048`, `RSASSA-PKCS1-v1_5-2048`, `ECDSA-P-256`. */
export function algorithmName(
  algorithm: SignatureAlgorithm | undefined,
  signer: Certificate | undefined,
): string | null {
  if (algorithm === undefined) return null;
  const key = signer?.keyAlgorithm;
  const size = key === undefined || key.kind === 'other' ? '' : key.kind === 'ec' ? `-${key.curve}` : `-${key.bits}`;
  switch (algorithm.scheme) {
    case 'rsa-pss':
      return `RSASSA-PSS${size}`;
    case 'rsa-pkcs1':
      return `RSASSA-PKCS1-v1_5${size}`;
    case 'ecdsa':
      return `ECDSA${size}`;
    case 'other':
      return algorithm.oid;
  }
}
