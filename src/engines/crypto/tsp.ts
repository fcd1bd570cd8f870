/** Time-stamps (RFC 3161, RFC 5816): requests, responses, tokens; read and judged, and made for our own authority. */
import { digest } from '../../shared/index.ts';
import { DIGEST_BYTES, digestAlgorithm, type KnownDigest, readDigestAlgorithm } from './algorithms.ts';
import { buildSignedData, signedAttributes } from './cms-build.ts';
import { checkSignedData } from './cms-check.ts';
import { parseSignedData } from './cms-parse.ts';
import {
  contextTag,
  expectOid,
  fields,
  malformed,
  readBoolean,
  readDer,
  readIntegerHex,
  reading,
  readNamedBits,
  readSmallInteger,
  readTime,
  sameBytes,
  TAG,
} from './der.ts';
import { encode } from './der-writer.ts';
import { OID } from './oids.ts';
import type { Certificate, CmsCheck, DerNode, RawSigner, SigningScheme, TimestampToken } from './types.ts';

export interface TimestampRequestInput {
  readonly digest: KnownDigest;
  /** Digest of what is stamped. */
  readonly imprint: Uint8Array;
  /** Big-endian positive number, at least 8 random bytes. */
  readonly nonce?: Uint8Array;
  /** OID of the policy wanted. */
  readonly policy?: string;
  /** Ask for the authority's certificate inside the token. */
  readonly certReq: boolean;
}

/** DER of a TimeStampReq (RFC 3161 §2.4.1). */
export function buildTimestampRequest({ digest, imprint, nonce, policy, certReq }: TimestampRequestInput): Uint8Array {
  const parts = [encode.integer(1), messageImprint(digest, imprint)];
  if (policy !== undefined) parts.push(encode.oid(policy));
  if (nonce !== undefined) parts.push(encode.unsigned(nonce));
  if (certReq) parts.push(encode.boolean(true));
  return encode.sequenceOf(parts);
}

/** Reads a TimeStampReq, for an authority. Throws `TIMESTAMP_MALFORMED`, also for digests we do not know and extensions. */
export function parseTimestampRequest(der: Uint8Array): TimestampRequestInput {
  return reading('TIMESTAMP_MALFORMED', () => {
    const parts = fields(readDer(der), 'TimeStampReq');
    parts.take('version', TAG.integer);
    const { digest, value: imprint } = readImprint(parts.take('messageImprint'));
    const policy = parts.optional(TAG.oid);
    const nonce = parts.optional(TAG.integer);
    const certReq = parts.optional(TAG.boolean);
    parts.end('certReq');
    return {
      digest,
      imprint,
      certReq: certReq !== undefined && readBoolean(certReq),
      ...(policy === undefined ? {} : { policy: expectOid(policy, 'reqPolicy') }),
      ...(nonce === undefined ? {} : { nonce: withoutLeadingZeros(nonce.content) }),
    };
  });
}

/** RFC 3161 §2.4.2 PKIStatus. Only the first two come with a token. */
const STATUSES = ['granted', 'granted-with-mods', 'rejection', 'waiting', 'revocation-warning', 'revoked'] as const;
export type TimestampStatus = (typeof STATUSES)[number];

/** RFC 3161 §2.4.2 PKIFailureInfo: bit → name. */
const FAILURES: Readonly<Record<number, string>> = {
  0: 'badAlg',
  2: 'badRequest',
  5: 'badDataFormat',
  14: 'timeNotAvailable',
  15: 'unacceptedPolicy',
  16: 'unacceptedExtension',
  17: 'addInfoNotAvailable',
  25: 'systemFailure',
};

export interface TimestampResponse {
  readonly status: TimestampStatus;
  /** The token as received; absent unless granted. */
  readonly token?: Uint8Array;
  /** Name of the failure, e.g. `badAlg`. */
  readonly failInfo?: string;
}

/** Reads a TimeStampResp. The token is not judged: see `parseTimestampToken`, `checkTimestampToken`. Throws `TIMESTAMP_MALFORMED`. */
export function parseTimestampResponse(der: Uint8Array): TimestampResponse {
  return reading('TIMESTAMP_MALFORMED', () => {
    const parts = fields(readDer(der, { ber: true }), 'TimeStampResp');
    const info = fields(parts.take('status'), 'PKIStatusInfo');
    const status = STATUSES[readSmallInteger(info.take('status', TAG.integer))] ?? malformed('PKIStatus');
    info.optional(TAG.sequence);
    const failure = info.optional(TAG.bitString);
    info.end('failInfo');
    const token = parts.optional(TAG.sequence);
    parts.end('timeStampToken');
    const granted = status === 'granted' || status === 'granted-with-mods';
    if (granted !== (token !== undefined)) malformed('TimeStampResp.timeStampToken');
    const bit = failure === undefined ? undefined : [...readNamedBits(failure)][0];
    return {
      status,
      ...(token === undefined ? {} : { token: token.raw }),
      ...(bit === undefined ? {} : { failInfo: FAILURES[bit] ?? `failure ${bit}` }),
    };
  });
}

/** DER of a TimeStampResp, for an authority. */
export function buildTimestampResponse({ status, token, failInfo }: TimestampResponse): Uint8Array {
  const info = [encode.integer(STATUSES.indexOf(status))];
  const bit = Object.entries(FAILURES).find(([, name]) => name === failInfo)?.[0];
  if (bit !== undefined) info.push(encode.namedBits([Number(bit)]));
  return encode.sequence(encode.sequenceOf(info), ...(token === undefined ? [] : [token]));
}

/** Reads a token: SignedData around TSTInfo (RFC 3161 §2.4.2). Zero padding behind it is tolerated. Throws `TIMESTAMP_MALFORMED`. */
export function parseTimestampToken(bytes: Uint8Array): TimestampToken {
  return reading('TIMESTAMP_MALFORMED', () => {
    const signedData = parseSignedData(bytes);
    if (signedData.contentType !== OID.tstInfo || signedData.content === undefined) malformed('TSTInfo');
    const parts = fields(readDer(signedData.content, { ber: true }), 'TSTInfo');
    if (readSmallInteger(parts.take('version', TAG.integer)) !== 1) malformed('TSTInfo.version');
    const policy = expectOid(parts.take('policy'), 'TSTInfo.policy');
    const imprint = readImprint(parts.take('messageImprint'));
    const serial = readIntegerHex(parts.take('serialNumber', TAG.integer));
    const time = readTime(parts.take('genTime', TAG.generalizedTime), true);
    const accuracy = parts.optional(TAG.sequence);
    const ordering = parts.optional(TAG.boolean);
    const nonce = parts.optional(TAG.integer);
    parts.optional(contextTag(0));
    const extensions = parts.optional(contextTag(1));
    parts.end('extensions');
    // RFC 3161 §2.4.2: an unknown critical extension makes the token unusable; we know none.
    if (extensions !== undefined && fields(extensions, 'extensions', contextTag(1)).rest().some(isCritical))
      malformed('TSTInfo.extensions');
    return {
      raw: signedData.raw,
      signedData,
      time,
      accuracyMs: accuracy === undefined ? undefined : readAccuracy(accuracy),
      policy,
      serial,
      imprint,
      nonce: nonce === undefined ? undefined : withoutLeadingZeros(nonce.content),
      ordering: ordering !== undefined && readBoolean(ordering),
    };
  });
}

function isCritical(extension: DerNode): boolean {
  const parts = fields(extension, 'Extension');
  parts.take('extnID', TAG.oid);
  const critical = parts.optional(TAG.boolean);
  return critical !== undefined && readBoolean(critical);
}

function messageImprint(digest: KnownDigest, imprint: Uint8Array): Uint8Array {
  return encode.sequence(digestAlgorithm(digest), encode.octetString(imprint));
}

function readImprint(node: DerNode): { digest: KnownDigest; value: Uint8Array } {
  const parts = fields(node, 'MessageImprint');
  const digest = readDigestAlgorithm(parts.take('hashAlgorithm', TAG.sequence));
  const value = parts.take('hashedMessage', TAG.octetString).content;
  parts.end('hashedMessage');
  if (typeof digest !== 'string' || value.length !== DIGEST_BYTES[digest]) malformed('MessageImprint');
  return { digest, value };
}

/** Accuracy in milliseconds, rounded up. */
function readAccuracy(node: DerNode): number {
  const parts = fields(node, 'Accuracy');
  const seconds = parts.optional(TAG.integer);
  const millis = parts.optional(contextTag(0, false));
  const micros = parts.optional(contextTag(1, false));
  parts.end('micros');
  const value = (part: DerNode | undefined) => (part === undefined ? 0 : readSmallInteger(part));
  return value(seconds) * 1000 + value(millis) + Math.ceil(value(micros) / 1000);
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? bytes.length - 1 : first);
}

/** True if the token's nonce is the one asked for (RFC 3161 §2.4.2: it must be echoed if the request had one). */
export function sameNonce(token: TimestampToken, nonce: Uint8Array): boolean {
  return sameBytes(token.nonce, withoutLeadingZeros(nonce));
}

/**
 * Judges a token's cryptography: `imprint` is the digest the token must be about, or a function that computes it with the token's own
 * algorithm. `intact` also says that the imprint matches. Reasons besides those of `checkSignedData`: `IMPRINT_MISMATCH`,
 * `TSA_EKU` (extended key usage is not exactly one, critical, id-kp-timeStamping: RFC 3161 §2.3), `SIGNING_CERTIFICATE_ABSENT`
 * (RFC 3161 §2.4.2, RFC 5816). Trust in the authority is another question: `findPath` with `TIME_STAMPING`.
 */
export function checkTimestampToken(
  token: TimestampToken,
  imprint: Uint8Array | ((digest: KnownDigest) => Uint8Array | undefined),
  options: { readonly certificates?: readonly Certificate[] } = {},
): CmsCheck {
  const check = checkSignedData(token.signedData, undefined, { ...options, contentType: OID.tstInfo });
  const reasons = [...check.reasons];
  const expected = imprint instanceof Uint8Array ? imprint : imprint(token.imprint.digest);
  const matches = sameBytes(expected, token.imprint.value);
  if (!matches) reasons.push('IMPRINT_MISMATCH');
  if (token.imprint.digest === 'SHA-1' && !reasons.includes('WEAK_ALGORITHM')) reasons.push('WEAK_ALGORITHM');
  if (check.notices.includes('SIGNING_CERTIFICATE_ABSENT')) reasons.push('SIGNING_CERTIFICATE_ABSENT');
  if (check.signer !== undefined && !isTimestampingCertificate(check.signer)) reasons.push('TSA_EKU');
  return { ...check, intact: check.intact && matches, reasons };
}

/** RFC 3161 §2.3: one extended key usage, critical, id-kp-timeStamping. */
function isTimestampingCertificate({ extendedKeyUsage }: Certificate): boolean {
  return (
    extendedKeyUsage?.critical === true &&
    extendedKeyUsage.oids.length === 1 &&
    extendedKeyUsage.oids[0] === OID.timeStamping
  );
}

export interface TstInfo {
  readonly policy: string;
  readonly digest: KnownDigest;
  readonly imprint: Uint8Array;
  /** Lower-case hex. */
  readonly serial: string;
  readonly time: Date;
  readonly accuracyMs?: number;
  readonly ordering?: boolean;
  readonly nonce?: Uint8Array;
}

/** DER of TSTInfo (RFC 3161 §2.4.2). */
export function buildTstInfo(info: TstInfo): Uint8Array {
  const parts = [
    encode.integer(1),
    encode.oid(info.policy),
    messageImprint(info.digest, info.imprint),
    encode.integerHex(info.serial),
    encode.generalizedTime(info.time, true),
  ];
  if (info.accuracyMs !== undefined) parts.push(accuracy(info.accuracyMs));
  if (info.ordering === true) parts.push(encode.boolean(true));
  if (info.nonce !== undefined) parts.push(encode.unsigned(info.nonce));
  return encode.sequenceOf(parts);
}

function accuracy(milliseconds: number): Uint8Array {
  const seconds = Math.trunc(milliseconds / 1000);
  const millis = milliseconds % 1000;
  return encode.sequence(
    ...(seconds === 0 ? [] : [encode.integer(seconds)]),
    ...(millis === 0 ? [] : [encode.element(contextTag(0, false), encode.integer(millis).subarray(2))]),
  );
}

export interface TimestampAuthoritySigner {
  readonly certificate: Certificate;
  /** Issuers, signer excluded. */
  readonly chain: readonly Certificate[];
  readonly scheme: SigningScheme;
  readonly sign: RawSigner;
}

/** Makes a token. With `certReq` false the certificates stay out (RFC 3161 §2.4.1). */
export async function buildTimestampToken(
  tstInfo: TstInfo,
  signer: TimestampAuthoritySigner,
  certReq = true,
): Promise<Uint8Array> {
  const { certificate, chain, scheme, sign } = signer;
  const content = buildTstInfo(tstInfo);
  const messageDigest = digest(scheme.digest, content);
  const attributes = signedAttributes({ contentType: OID.tstInfo, messageDigest, certificate, scheme });
  return buildSignedData({
    attributes,
    signature: await sign(attributes),
    scheme,
    certificates: [certificate, ...chain],
    embedCertificates: certReq,
    content,
    contentType: OID.tstInfo,
  });
}
