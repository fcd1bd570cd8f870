/** Builds CMS SignedData for PAdES and RFC 3161 (RFC 5652, EN 319 122-1 §5), byte by byte and always DER. */
import { digestAlgorithm, signatureAlgorithm } from './algorithms.ts';
import { contextTag, fields, readDer, reading, TAG } from './der.ts';
import { encode } from './der-writer.ts';
import { OID } from './oids.ts';
import type { Certificate, CmsAttribute, SigningScheme } from './types.ts';

export interface SignedAttributesInput {
  /** OID of the content; `id-data` unless said otherwise. */
  readonly contentType?: string;
  /** Digest of the content, made with `scheme.digest`. */
  readonly messageDigest: Uint8Array;
  /** The signer's certificate. */
  readonly certificate: Certificate;
  readonly scheme: SigningScheme;
}

function attribute(oid: string, ...values: Uint8Array[]): Uint8Array {
  return encode.sequence(encode.oid(oid), encode.setOf(values));
}

/**
 * RFC 5035 §3: the certificate by its SHA-256; the default hash algorithm is left out as DER demands (X.690 §11.5), and the
 * issuer's name and serial too, which EN 319 122-1 §5.2.2.3 makes optional.
 */
function signingCertificateV2(certificate: Certificate): Uint8Array {
  const hash = encode.octetString(new Uint8Array(Buffer.from(certificate.fingerprint, 'hex')));
  return encode.sequence(encode.sequence(encode.sequence(hash)));
}

/**
 * DER of the signed attributes as the SET OF that is signed (RFC 5652 §5.4): content-type, message-digest, signing-certificate-v2,
 * CMSAlgorithmProtection (RFC 6211). No signing-time: the claimed time of a PAdES signature is `/M` (EN 319 142-1 §6.3).
 */
export function signedAttributes(input: SignedAttributesInput): Uint8Array {
  const { messageDigest, certificate, scheme } = input;
  return encode.setOf([
    attribute(OID.contentType, encode.oid(input.contentType ?? OID.data)),
    attribute(OID.messageDigest, encode.octetString(messageDigest)),
    attribute(OID.signingCertificateV2, signingCertificateV2(certificate)),
    attribute(OID.algorithmProtection, algorithmProtection(scheme)),
  ]);
}

/** RFC 6211 §2: digestAlgorithm, [1] signatureAlgorithm. */
function algorithmProtection(scheme: SigningScheme): Uint8Array {
  const algorithm = signatureAlgorithm(scheme);
  const retagged = new Uint8Array(algorithm);
  retagged[0] = contextTag(1);
  return encode.sequence(digestAlgorithm(scheme.digest), retagged);
}

export interface SignedDataInput {
  /** What `signedAttributes` returned. */
  readonly attributes: Uint8Array;
  /** Signature over `attributes` (ECDSA as DER). */
  readonly signature: Uint8Array;
  readonly scheme: SigningScheme;
  /** Signer first, then issuers. */
  readonly certificates: readonly Certificate[];
  /** False: the certificates only name the signer and stay out (a time-stamp without `certReq`). */
  readonly embedCertificates?: boolean;
  /** Encapsulated content; absent: detached. */
  readonly content?: Uint8Array;
  /** OID of the content; `id-data` unless said otherwise. */
  readonly contentType?: string;
  readonly unsignedAttributes?: readonly CmsAttribute[];
}

/** DER of a ContentInfo with SignedData of one signer. Throws `RangeError` if `certificates` is empty. */
export function buildSignedData(input: SignedDataInput): Uint8Array {
  const { attributes, signature, scheme, certificates, content, unsignedAttributes = [] } = input;
  const [signer] = certificates;
  if (signer === undefined) throw new RangeError('A SignedData needs the certificate of its signer.');
  const contentType = input.contentType ?? OID.data;
  const digest = digestAlgorithm(scheme.digest);

  const implicitAttributes = new Uint8Array(attributes);
  implicitAttributes[0] = contextTag(0);
  const signerInfo = [
    encode.integer(1),
    encode.sequence(signer.issuer.der, encode.integerHex(signer.serial)),
    digest,
    implicitAttributes,
    signatureAlgorithm(scheme),
    encode.octetString(signature),
  ];
  if (unsignedAttributes.length > 0) signerInfo.push(unsignedSet(unsignedAttributes));

  const encapsulated = [encode.oid(contentType)];
  if (content !== undefined) encapsulated.push(encode.context(0, encode.octetString(content)));
  const parts = [
    // RFC 5652 §5.1: version 3 once the content is anything but id-data.
    encode.integer(contentType === OID.data ? 1 : 3),
    encode.setOf([digest]),
    encode.sequenceOf(encapsulated),
  ];
  if (input.embedCertificates !== false) parts.push(certificateSet(certificates));
  parts.push(encode.setOf([encode.sequenceOf(signerInfo)]));
  return encode.sequence(encode.oid(OID.signedData), encode.context(0, encode.sequenceOf(parts)));
}

function certificateSet(certificates: readonly Certificate[]): Uint8Array {
  const ders = certificates.map(({ der }) => der);
  return encode.setOf(ders, contextTag(0));
}

function unsignedSet(attributes: readonly CmsAttribute[]): Uint8Array {
  return encode.setOf(
    attributes.map(({ oid, values }) => attribute(oid, ...values)),
    contextTag(1),
  );
}

/**
 * The CMS with one more unsigned attribute on its only signer, for example a signature time-stamp (RFC 3161 Appendix A). Everything
 * signed keeps its bytes. Throws `CMS_MALFORMED` if there is not exactly one SignerInfo.
 */
export function addUnsignedAttribute(cms: Uint8Array, oid: string, value: Uint8Array): Uint8Array {
  return reading('CMS_MALFORMED', () => {
    const contentInfo = fields(readDer(cms, { ber: true, trailing: true }), 'ContentInfo');
    const type = contentInfo.take('contentType', TAG.oid);
    const signedData = fields(contentInfo.take('content', contextTag(0)), 'content', contextTag(0)).take('SignedData');
    const before = fields(signedData, 'SignedData').rest();
    const signerInfos = before.pop();
    if (signerInfos === undefined) throw new RangeError('no SignerInfos');
    const infos = fields(signerInfos, 'SignerInfos', TAG.set);
    const parts = fields(infos.take('SignerInfo'), 'SignerInfo').rest();
    infos.end('the only SignerInfo');
    const old = parts.at(-1)?.tag === contextTag(1) ? parts.pop() : undefined;
    const unsigned = old === undefined ? [] : fields(old, 'unsignedAttrs', contextTag(1)).rest();
    const signerInfo = encode.sequence(
      ...parts.map(({ raw }) => raw),
      encode.setOf([...unsigned.map(({ raw }) => raw), attribute(oid, value)], contextTag(1)),
    );
    return encode.sequence(
      type.raw,
      encode.context(0, encode.sequence(...before.map(({ raw }) => raw), encode.setOf([signerInfo]))),
    );
  });
}
