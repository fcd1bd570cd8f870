/** Judges the cryptography of one SignedData: what is signed, by whom, and whether the value verifies. Trust is another question. */
import { DIGEST_BYTES, digestOf, type KnownDigest, readDigestAlgorithm, readSignatureAlgorithm } from './algorithms.ts';
import {
  contextTag,
  expectOid,
  fields,
  inner,
  malformed,
  readDer,
  readIntegerHex,
  readOctets,
  sameBytes,
  TAG,
} from './der.ts';
import { toDer } from './der-writer.ts';
import { isWeak, verifySignature } from './keys.ts';
import { parseName, sameName } from './names.ts';
import { OID } from './oids.ts';
import type { Certificate, CmsCheck, DerNode, SignatureAlgorithm, SignedData, SignerInfo } from './types.ts';

/** Detached content: its bytes, or a function that gives its digest (undefined if it cannot). */
export type DetachedContent = Uint8Array | ((digest: KnownDigest) => Uint8Array | undefined);

export interface CheckOptions {
  /** Content type the signature must be about; `id-data` unless said otherwise. */
  readonly contentType?: string;
  /** More certificates among which the signer's may be. */
  readonly certificates?: readonly Certificate[];
}

/**
 * Reasons, each a code; an empty list together with `intact` and `signatureValid` is a good signature:
 * `SIGNER_COUNT` not exactly one SignerInfo · `CONTENT_NOT_DETACHED` · `CONTENT_MISSING` · `CONTENT_TYPE_MISMATCH` ·
 * `SIGNED_ATTRIBUTES_MISSING` · `ATTRIBUTE_MALFORMED` a signed attribute twice, empty or unreadable · `MESSAGE_DIGEST_MISMATCH` ·
 * `SIGNER_CERTIFICATE_MISSING` · `SIGNING_CERTIFICATE_MISMATCH` · `ALGORITHM_PROTECTION_MISMATCH` · `ALGORITHM_UNSUPPORTED` ·
 * `DIGEST_ALGORITHM_MISMATCH` · `SIGNATURE_VALUE_WRONG` · `FORMAT_FAILURE` only the non-DER bytes of signedAttrs verify ·
 * `WEAK_ALGORITHM` SHA-1, MD5 or RSA below 2048 bits.
 *
 * Notices: those of the parser, `SIGNED_ATTRIBUTES_NOT_DER`, `SIGNING_TIME_PRESENT`, `SIGNING_CERTIFICATE_ABSENT` (not PAdES),
 * `TRAILING_BYTES_IN_CMS`.
 *
 * `content` undefined means that the content is inside. Never throws because a signature is bad.
 */
export function checkSignedData(
  signedData: SignedData,
  content: DetachedContent | undefined,
  options: CheckOptions = {},
): CmsCheck {
  const reasons: string[] = [];
  const notices = [...signedData.notices];
  if (signedData.trailing > 0) notices.push('TRAILING_BYTES_IN_CMS');
  const failed = (): CmsCheck => ({ signer: undefined, intact: false, signatureValid: false, reasons, notices });

  const [info, ...others] = signedData.signerInfos;
  if (info === undefined || others.length > 0) {
    reasons.push('SIGNER_COUNT');
    return failed();
  }
  const attributes = readSignedAttributes(info);
  if (attributes === undefined) {
    reasons.push(info.signedAttributesDer === undefined ? 'SIGNED_ATTRIBUTES_MISSING' : 'ATTRIBUTE_MALFORMED');
    return failed();
  }
  const wantedType = options.contentType ?? OID.data;
  if (signedData.contentType !== wantedType || attributes.contentType !== wantedType)
    reasons.push('CONTENT_TYPE_MISMATCH');
  if (attributes.signingTime) notices.push('SIGNING_TIME_PRESENT');
  if (attributes.certificateHashes.length === 0) notices.push('SIGNING_CERTIFICATE_ABSENT');

  const intact = checkDigest(signedData, info, content, attributes.messageDigest, reasons);
  const signer = findSigner(signedData, info, attributes, options.certificates ?? [], reasons);
  if (!protectionMatches(info, attributes.algorithmProtection)) reasons.push('ALGORITHM_PROTECTION_MISMATCH');
  const signatureValid = signer !== undefined && checkValue(info, signer, reasons, notices);
  return { signer, intact, signatureValid, reasons: [...new Set(reasons)], notices: [...new Set(notices)] };
}

interface CertificateHash {
  readonly digest: KnownDigest | { readonly oid: string };
  readonly hash: Uint8Array;
  readonly issuerSerial: { readonly issuer: Uint8Array | undefined; readonly serial: string } | undefined;
}

interface ReadAttributes {
  readonly contentType: string;
  readonly messageDigest: Uint8Array;
  /** First ESSCertID of signing-certificate and of signing-certificate-v2. */
  readonly certificateHashes: readonly CertificateHash[];
  readonly algorithmProtection: DerNode | undefined;
  readonly signingTime: boolean;
}

function readSignedAttributes(info: SignerInfo): ReadAttributes | undefined {
  if (info.signedAttributesDer === undefined) return undefined;
  try {
    const single = (oid: string): DerNode | undefined => {
      const found = info.signedAttributes.filter((attribute) => attribute.oid === oid);
      if (found.length === 0) return undefined;
      // RFC 5652 §11: one instance with one value.
      const [value, ...more] = found.flatMap(({ values }) => values);
      if (value === undefined || more.length > 0 || found.length > 1) malformed('signed attribute');
      return readDer(value, { ber: true });
    };
    const contentType = single(OID.contentType);
    const messageDigest = single(OID.messageDigest);
    if (contentType === undefined || messageDigest === undefined) return undefined;
    const v1 = single(OID.signingCertificate);
    const v2 = single(OID.signingCertificateV2);
    return {
      contentType: expectOid(contentType, 'content-type'),
      messageDigest: readOctets(messageDigest),
      certificateHashes: [
        ...(v1 === undefined ? [] : [readCertificateHash(v1, 1)]),
        ...(v2 === undefined ? [] : [readCertificateHash(v2, 2)]),
      ],
      algorithmProtection: single(OID.algorithmProtection),
      signingTime: single(OID.signingTime) !== undefined,
    };
  } catch {
    return undefined;
  }
}

/** First ESSCertID (RFC 2634 §5.4) or ESSCertIDv2 (RFC 5035 §4): the one that names the signer. */
function readCertificateHash(attribute: DerNode, version: 1 | 2): CertificateHash {
  const ids = fields(fields(attribute, 'SigningCertificate').take('certs', TAG.sequence), 'certs');
  const parts = fields(ids.take('ESSCertID'), 'ESSCertID');
  const algorithm = version === 2 ? parts.optional(TAG.sequence) : undefined;
  const hash = readOctets(parts.take('certHash'));
  const issuerSerial = parts.optional(TAG.sequence);
  parts.end('issuerSerial');
  return {
    digest: version === 1 ? 'SHA-1' : algorithm === undefined ? 'SHA-256' : readDigestAlgorithm(algorithm),
    hash,
    issuerSerial: issuerSerial === undefined ? undefined : readIssuerSerial(issuerSerial),
  };
}

function readIssuerSerial(node: DerNode): CertificateHash['issuerSerial'] {
  const parts = fields(node, 'IssuerSerial');
  const names = fields(parts.take('issuer'), 'GeneralNames').rest();
  const directory = names.find(({ tag }) => tag === contextTag(4));
  return {
    issuer: directory === undefined ? undefined : toDer(inner(directory, 'directoryName')),
    serial: readIntegerHex(parts.take('serialNumber', TAG.integer)),
  };
}

function checkDigest(
  signedData: SignedData,
  info: SignerInfo,
  content: DetachedContent | undefined,
  stated: Uint8Array,
  reasons: string[],
): boolean {
  const { digestAlgorithm } = info;
  if (typeof digestAlgorithm !== 'string') {
    reasons.push(digestAlgorithm.oid === OID.md5 ? 'WEAK_ALGORITHM' : 'ALGORITHM_UNSUPPORTED');
    return false;
  }
  if (digestAlgorithm === 'SHA-1') reasons.push('WEAK_ALGORITHM');
  if (content !== undefined && signedData.content !== undefined) {
    reasons.push('CONTENT_NOT_DETACHED');
    return false;
  }
  const signed = content ?? signedData.content;
  const computed = signed instanceof Uint8Array ? digestOf(digestAlgorithm, signed) : signed?.(digestAlgorithm);
  if (computed === undefined) {
    reasons.push('CONTENT_MISSING');
    return false;
  }
  const intact = stated.length === DIGEST_BYTES[digestAlgorithm] && sameBytes(computed, stated);
  if (!intact) reasons.push('MESSAGE_DIGEST_MISMATCH');
  return intact;
}

/** The certificate named by `sid`; among several, the one the signing-certificate attribute refers to. */
function findSigner(
  signedData: SignedData,
  info: SignerInfo,
  { certificateHashes }: ReadAttributes,
  extra: readonly Certificate[],
  reasons: string[],
): Certificate | undefined {
  const candidates = [...signedData.certificates, ...extra].filter((certificate) => isNamed(certificate, info.sid));
  const [first] = candidates;
  if (first === undefined) {
    reasons.push('SIGNER_CERTIFICATE_MISSING');
    return undefined;
  }
  const referred = candidates.find((candidate) => certificateHashes.every((hash) => refersTo(hash, candidate)));
  if (referred === undefined) reasons.push('SIGNING_CERTIFICATE_MISMATCH');
  return referred ?? first;
}

function isNamed(certificate: Certificate, sid: SignerInfo['sid']): boolean {
  if ('subjectKeyIdentifier' in sid) return sameBytes(certificate.subjectKeyIdentifier, sid.subjectKeyIdentifier);
  return certificate.serial === sid.serial && isIssuedBy(certificate, sid.issuer);
}

function isIssuedBy(certificate: Certificate, issuer: Uint8Array): boolean {
  if (sameBytes(certificate.issuer.der, issuer)) return true;
  try {
    return sameName(certificate.issuer, parseName(issuer));
  } catch {
    return false;
  }
}

function refersTo({ digest, hash, issuerSerial }: CertificateHash, certificate: Certificate): boolean {
  if (typeof digest !== 'string' || !sameBytes(digestOf(digest, certificate.der), hash)) return false;
  if (issuerSerial === undefined) return true;
  return (
    issuerSerial.serial === certificate.serial &&
    (issuerSerial.issuer === undefined || isIssuedBy(certificate, issuerSerial.issuer))
  );
}

/** RFC 6211 §2: if the attribute is there, both algorithms in it are those of the SignerInfo. */
function protectionMatches(info: SignerInfo, attribute: DerNode | undefined): boolean {
  if (attribute === undefined) return true;
  try {
    const parts = fields(attribute, 'CMSAlgorithmProtection');
    const digest = readDigestAlgorithm(parts.take('digestAlgorithm', TAG.sequence));
    const signature = parts.take('signatureAlgorithm', contextTag(1));
    parts.end('signatureAlgorithm');
    const retagged = new Uint8Array(signature.raw);
    retagged[0] = TAG.sequence;
    return (
      JSON.stringify(digest) === JSON.stringify(info.digestAlgorithm) &&
      JSON.stringify(readSignatureAlgorithm(readDer(retagged, { ber: true }))) ===
        JSON.stringify(info.signatureAlgorithm)
    );
  } catch {
    return false;
  }
}

/** The algorithm to verify under: a bare key algorithm takes the digest of the SignerInfo (RFC 3370 §3.2). */
function effectiveAlgorithm(info: SignerInfo, reasons: string[]): SignatureAlgorithm | undefined {
  const { signatureAlgorithm: algorithm, digestAlgorithm } = info;
  if (algorithm.scheme === 'other') {
    reasons.push(algorithm.oid === OID.md5WithRsa ? 'WEAK_ALGORITHM' : 'ALGORITHM_UNSUPPORTED');
    return undefined;
  }
  if (typeof digestAlgorithm !== 'string') return undefined;
  // RFC 5652 §5.3, RFC 4056 §3: one digest for the content and for the attributes.
  if (algorithm.digest !== undefined && algorithm.digest !== digestAlgorithm) reasons.push('DIGEST_ALGORITHM_MISMATCH');
  return algorithm.scheme === 'rsa-pss' ? algorithm : { ...algorithm, digest: algorithm.digest ?? digestAlgorithm };
}

function checkValue(info: SignerInfo, signer: Certificate, reasons: string[], notices: string[]): boolean {
  const algorithm = effectiveAlgorithm(info, reasons);
  const raw = info.signedAttributesDer;
  if (algorithm === undefined || raw === undefined) return false;
  if (isWeak(signer.keyAlgorithm, algorithm)) reasons.push('WEAK_ALGORITHM');
  const verifies = (message: Uint8Array) => verifySignature(signer, algorithm, message, info.signature);
  const der = toDer(raw);
  const isDer = sameBytes(der, raw);
  if (!isDer) notices.push('SIGNED_ATTRIBUTES_NOT_DER');
  if (verifies(der)) return true;
  reasons.push(!isDer && verifies(raw) ? 'FORMAT_FAILURE' : 'SIGNATURE_VALUE_WRONG');
  return false;
}
