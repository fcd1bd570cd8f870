/** OCSP (RFC 6960, RFC 9654 nonces): requests and answers, read and made. Who may speak for whom: `ocsp-check.ts`. */
import {
  digestAlgorithm,
  digestOf,
  fieldsOfSpki,
  type KnownDigest,
  readDigestAlgorithm,
  readSignatureAlgorithm,
  signatureAlgorithm,
} from './algorithms.ts';
import { extensionValue, parseCertificate, readExtensions } from './certificate.ts';
import {
  children,
  contextTag,
  expectOid,
  fields,
  inner,
  malformed,
  plainBytes,
  readDer,
  readIntegerHex,
  reading,
  readSignatureBits,
  readSmallInteger,
  readTime,
  TAG,
} from './der.ts';
import { encode } from './der-writer.ts';
import { OID } from './oids.ts';
import type {
  Certificate,
  DerNode,
  Extension,
  OcspResponse,
  OcspSingleResponse,
  RawSigner,
  SigningScheme,
} from './types.ts';

export type OcspCertId = OcspSingleResponse['certId'];

/** RFC 6960 §4.2.1 OCSPResponseStatus. */
const STATUSES = {
  0: 'successful',
  1: 'malformed-request',
  2: 'internal-error',
  3: 'try-later',
  5: 'sig-required',
  6: 'unauthorized',
} as const satisfies Record<number, OcspResponse['status']>;

const hashes = new WeakMap<Certificate, Map<string, Uint8Array>>();

/** Digest of a certificate's issuer name or of its own key bits (RFC 6960 §4.1.1), remembered. */
export function hashFor(certificate: Certificate, digest: KnownDigest, part: 'issuer' | 'key'): Uint8Array {
  let known = hashes.get(certificate);
  if (known === undefined) {
    known = new Map();
    hashes.set(certificate, known);
  }
  const name = `${digest} ${part}`;
  let value = known.get(name);
  if (value === undefined) {
    value = digestOf(digest, part === 'issuer' ? certificate.issuer.der : fieldsOfSpki(certificate.spki)[1]);
    known.set(name, value);
  }
  return value;
}

/** CertID of a certificate (RFC 6960 §4.1.1). */
export function ocspCertId(certificate: Certificate, issuer: Certificate, digest: KnownDigest = 'SHA-1'): OcspCertId {
  return {
    digest,
    issuerNameHash: hashFor(certificate, digest, 'issuer'),
    issuerKeyHash: hashFor(issuer, digest, 'key'),
    serial: certificate.serial,
  };
}

function encodeCertId({ digest, issuerNameHash, issuerKeyHash, serial }: OcspCertId): Uint8Array {
  return encode.sequence(
    // RFC 6960 Appendix B uses NULL parameters; old responders compare bytes.
    encode.sequence(...children(readDer(digestAlgorithm(digest))).map(({ raw }) => raw), encode.null()),
    encode.octetString(issuerNameHash),
    encode.octetString(issuerKeyHash),
    encode.integerHex(serial),
  );
}

function nonceExtension(nonce: Uint8Array): Uint8Array {
  return encode.sequence(encode.oid(OID.ocspNonce), encode.octetString(encode.octetString(nonce)));
}

/**
 * DER of an unsigned OCSPRequest about one certificate. `nonce` is 1–32 random bytes (RFC 9654 §2.1). The CertID hash is SHA-1 unless
 * said otherwise: it protects nothing, and some responders know no other.
 */
export function buildOcspRequest(
  certificate: Certificate,
  issuer: Certificate,
  options: { readonly nonce?: Uint8Array; readonly digest?: KnownDigest } = {},
): Uint8Array {
  const { nonce } = options;
  const request = encode.sequence(encodeCertId(ocspCertId(certificate, issuer, options.digest)));
  const extensions = nonce === undefined ? [] : [encode.context(2, encode.sequence(nonceExtension(nonce)))];
  return encode.sequence(encode.sequence(encode.sequence(request), ...extensions));
}

/** Reads an OCSPRequest, for an authority. Throws `OCSP_MALFORMED`. */
export function parseOcspRequest(der: Uint8Array): { certIds: OcspCertId[]; nonce: Uint8Array | undefined } {
  return reading('OCSP_MALFORMED', () => {
    const tbs = fields(fields(readDer(der), 'OCSPRequest').take('tbsRequest'), 'TBSRequest');
    tbs.optional(contextTag(0));
    tbs.optional(contextTag(1));
    const requests = fields(tbs.take('requestList'), 'requestList').rest();
    if (requests.length === 0 || requests.length > 100) malformed('requestList');
    const extensions = tbs.optional(contextTag(2));
    return {
      certIds: requests.map((request) => readCertId(fields(request, 'Request').take('reqCert'))),
      nonce: readNonce(extensions === undefined ? [] : readExtensions(inner(extensions, 'requestExtensions'))),
    };
  });
}

function readCertId(node: DerNode): OcspCertId {
  const parts = fields(node, 'CertID');
  const digest = readDigestAlgorithm(parts.take('hashAlgorithm', TAG.sequence));
  const issuerNameHash = parts.take('issuerNameHash', TAG.octetString).content;
  const issuerKeyHash = parts.take('issuerKeyHash', TAG.octetString).content;
  const serial = readIntegerHex(parts.take('serialNumber', TAG.integer));
  parts.end('serialNumber');
  if (typeof digest !== 'string') malformed('CertID.hashAlgorithm');
  return { digest, issuerNameHash, issuerKeyHash, serial };
}

/** The nonce's octets; responders that leave out the inner OCTET STRING are understood. */
function readNonce(extensions: readonly Extension[]): Uint8Array | undefined {
  const extension = extensions.find(({ oid }) => oid === OID.ocspNonce);
  if (extension === undefined) return undefined;
  try {
    const node = readDer(extension.value);
    return node.tag === TAG.octetString ? node.content : extension.value;
  } catch {
    return extension.value;
  }
}

/** Reads an OCSPResponse. Only the basic response type is known. Nothing is judged: see `checkOcsp`. Throws `OCSP_MALFORMED`. */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  return reading('OCSP_MALFORMED', () => {
    const raw = plainBytes(der);
    const outer = fields(readDer(raw), 'OCSPResponse');
    const code = readSmallInteger(outer.take('responseStatus', TAG.enumerated));
    const status = STATUSES[code as keyof typeof STATUSES] ?? malformed('OCSPResponseStatus');
    const bytes = outer.optional(contextTag(0));
    outer.end('responseBytes');
    if (status !== 'successful' || bytes === undefined) {
      if (status === 'successful') malformed('responseBytes');
      return unsuccessful(raw, status);
    }
    const response = fields(inner(bytes, 'responseBytes'), 'ResponseBytes');
    if (expectOid(response.take('responseType'), 'responseType') !== OID.ocspBasic) malformed('responseType');
    return { raw, status, ...readBasicResponse(response.take('response', TAG.octetString).content) };
  });
}

function unsuccessful(raw: Uint8Array, status: OcspResponse['status']): OcspResponse {
  return {
    raw,
    status,
    producedAt: undefined,
    responder: undefined,
    certificates: [],
    responses: [],
    nonce: undefined,
    tbs: new Uint8Array(),
    signatureAlgorithm: { scheme: 'other', oid: '' },
    signature: new Uint8Array(),
  };
}

function readBasicResponse(der: Uint8Array): Omit<OcspResponse, 'raw' | 'status'> {
  const basic = fields(readDer(der), 'BasicOCSPResponse');
  const tbs = basic.take('tbsResponseData', TAG.sequence);
  const algorithm = readSignatureAlgorithm(basic.take('signatureAlgorithm', TAG.sequence));
  const signature = readSignatureBits(basic.take('signature', TAG.bitString));
  const certificates = basic.optional(contextTag(0));
  basic.end('certs');

  const data = fields(tbs, 'ResponseData');
  data.optional(contextTag(0));
  const responder = readResponder(data.take('responderID'));
  const producedAt = readTime(data.take('producedAt', TAG.generalizedTime), true);
  const responses = fields(data.take('responses'), 'responses').rest();
  const extensionsNode = data.optional(contextTag(1));
  data.end('responseExtensions');
  const extensions = extensionsNode === undefined ? [] : readExtensions(inner(extensionsNode, 'responseExtensions'));
  if (extensions.some(({ oid, critical }) => critical && oid !== OID.ocspNonce)) malformed('responseExtensions');
  return {
    producedAt,
    responder,
    certificates:
      certificates === undefined ? [] : fields(inner(certificates, 'certs'), 'certs').rest().flatMap(readable),
    responses: responses.map(readSingleResponse),
    nonce: readNonce(extensions),
    tbs: tbs.raw,
    signatureAlgorithm: algorithm,
    signature,
  };
}

/** A certificate we cannot read vouches for nothing; the others still may. */
function readable(node: DerNode): Certificate[] {
  try {
    return [parseCertificate(node.raw)];
  } catch {
    return [];
  }
}

function readResponder(node: DerNode): OcspResponse['responder'] {
  if (node.tag === contextTag(1)) return { name: inner(node, 'byName').raw };
  if (node.tag === contextTag(2)) return { keyHash: inner(node, 'byKey').content };
  return malformed('ResponderID');
}

function readSingleResponse(node: DerNode): OcspSingleResponse {
  const parts = fields(node, 'SingleResponse');
  const certId = readCertId(parts.take('certID'));
  const status = readCertStatus(parts.take('certStatus'));
  const thisUpdate = readTime(parts.take('thisUpdate', TAG.generalizedTime), true);
  const nextUpdate = parts.optional(contextTag(0));
  const extensionsNode = parts.optional(contextTag(1));
  parts.end('singleExtensions');
  const extensions = extensionsNode === undefined ? [] : readExtensions(inner(extensionsNode, 'singleExtensions'));
  if (extensions.some(({ oid, critical }) => critical && !KNOWN_SINGLE_EXTENSIONS.has(oid)))
    malformed('singleExtensions');
  const cutoff = extensionValue(extensions, ARCHIVE_CUTOFF);
  return {
    certId,
    status,
    thisUpdate,
    nextUpdate: nextUpdate === undefined ? undefined : readTime(inner(nextUpdate, 'nextUpdate'), true),
    archiveCutoff: cutoff === undefined ? undefined : readTime(cutoff, true),
  };
}

const ARCHIVE_CUTOFF = '1.3.6.1.5.5.7.48.1.6';
const KNOWN_SINGLE_EXTENSIONS: ReadonlySet<string> = new Set([ARCHIVE_CUTOFF, OID.reasonCode, OID.invalidityDate]);

function readCertStatus(node: DerNode): OcspSingleResponse['status'] {
  switch (node.tag) {
    case contextTag(0, false):
      return { kind: 'good' };
    case contextTag(1): {
      const parts = fields(node, 'RevokedInfo', contextTag(1));
      const at = readTime(parts.take('revocationTime', TAG.generalizedTime), true);
      const reason = parts.optional(contextTag(0));
      return {
        kind: 'revoked',
        at,
        reason: reason === undefined ? undefined : readSmallInteger(inner(reason, 'revocationReason')),
      };
    }
    case contextTag(2, false):
      return { kind: 'unknown' };
    default:
      return malformed('CertStatus');
  }
}

export interface OcspAnswer {
  readonly certId: OcspCertId;
  readonly status: OcspSingleResponse['status'];
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
}

export interface OcspResponderSigner {
  readonly certificate: Certificate;
  /** Certificates to send along: the delegated responder's own, or none when the issuer signs. */
  readonly send: readonly Certificate[];
  readonly scheme: SigningScheme;
  readonly sign: RawSigner;
}

/** Makes a signed answer (RFC 6960 §4.2.1), responder named by its key. */
export async function buildOcspResponse(
  answer: { readonly answers: readonly OcspAnswer[]; readonly producedAt: Date; readonly nonce?: Uint8Array },
  signer: OcspResponderSigner,
): Promise<Uint8Array> {
  const { answers, producedAt, nonce } = answer;
  const tbs = encode.sequence(
    encode.context(2, encode.octetString(hashFor(signer.certificate, 'SHA-1', 'key'))),
    encode.generalizedTime(producedAt),
    encode.sequenceOf(answers.map(encodeAnswer)),
    ...(nonce === undefined ? [] : [encode.context(1, encode.sequence(nonceExtension(nonce)))]),
  );
  const certificates = signer.send.map(({ der }) => der);
  const basic = encode.sequence(
    tbs,
    signatureAlgorithm(signer.scheme),
    encode.bitString(await signer.sign(tbs)),
    ...(certificates.length === 0 ? [] : [encode.context(0, encode.sequenceOf(certificates))]),
  );
  const bytes = encode.sequence(encode.oid(OID.ocspBasic), encode.octetString(basic));
  return encode.sequence(encode.enumerated(0), encode.context(0, bytes));
}

/** The unsigned answer of an authority that has none (RFC 6960 §4.2.1). */
export function buildOcspFailure(status: Exclude<OcspResponse['status'], 'successful'>): Uint8Array {
  const code = Object.entries(STATUSES).find(([, name]) => name === status)?.[0];
  return encode.sequence(encode.enumerated(Number(code)));
}

function encodeAnswer({ certId, status, thisUpdate, nextUpdate }: OcspAnswer): Uint8Array {
  return encode.sequence(
    encodeCertId(certId),
    encodeStatus(status),
    encode.generalizedTime(thisUpdate),
    ...(nextUpdate === undefined ? [] : [encode.context(0, encode.generalizedTime(nextUpdate))]),
  );
}

function encodeStatus(status: OcspSingleResponse['status']): Uint8Array {
  if (status.kind === 'good') return encode.contextPrimitive(0, new Uint8Array());
  if (status.kind === 'unknown') return encode.contextPrimitive(2, new Uint8Array());
  const reason = status.reason === undefined ? [] : [encode.context(0, encode.enumerated(status.reason))];
  return encode.context(1, encode.generalizedTime(status.at), ...reason);
}
