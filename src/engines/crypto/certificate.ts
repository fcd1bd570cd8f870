/**
 * X.509 certificates (RFC 5280 §4) over their original bytes. The same chain comes by thousands of times, so parsed certificates
 * are kept by fingerprint in a bounded cache.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { AppError, sha256Hex } from '../../shared/index.ts';
import { readKeyAlgorithm, readSignatureAlgorithm } from './algorithms.ts';
import {
  contextTag,
  expectOid,
  fields,
  inner,
  malformed,
  plainBytes,
  readBoolean,
  readDer,
  readIntegerHex,
  reading,
  readNamedBits,
  readSignatureBits,
  readSmallInteger,
  readTime,
  sameBytes,
  TAG,
} from './der.ts';
import { readDistributionPoints, readGeneralName, webAddresses } from './general-names.ts';
import { readName } from './names.ts';
import { OID } from './oids.ts';
import { createRecent } from './recent.ts';
import type { Certificate, DerNode, Extension } from './types.ts';

const MAX_CERTIFICATE_BYTES = 256 * 1024;
const cache = createRecent<Certificate>(2000);

/** RFC 5280 §4.2.1.3, bit 0 first. */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/**
 * Reads one DER certificate. The result holds a copy of the bytes, so a large file around them can be freed.
 * Throws `CERTIFICATE_MALFORMED`. A key of an unknown kind is no error until `publicKey` is asked for (`KEY_UNSUPPORTED`).
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const fingerprint = sha256Hex(der);
  return cache.of(fingerprint, () =>
    reading('CERTIFICATE_MALFORMED', () => read(plainBytes(der).slice(), fingerprint)),
  );
}

/** All certificates of a PEM text, in order; other PEM blocks are passed over. Throws `CERTIFICATE_MALFORMED`. */
export function parsePem(text: string): Certificate[] {
  return [...text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g)].map(
    ([, base64 = '']) => parseCertificate(Buffer.from(base64, 'base64')),
  );
}

/** PEM text of certificates, one block each. */
export function toPem(...certificates: readonly Certificate[]): string {
  return certificates
    .map(({ der }) =>
      Buffer.from(der)
        .toString('base64')
        .replace(/.{1,64}/g, '$&\n'),
    )
    .map((base64) => `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`)
    .join('');
}

/** True if both are the same certificate, byte for byte. */
export function sameCertificate(a: Certificate, b: Certificate): boolean {
  return a.fingerprint === b.fingerprint;
}

function read(der: Uint8Array, fingerprint: string): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) malformed('Certificate larger than 256 KiB');
  const outer = fields(readDer(der), 'Certificate');
  const tbs = outer.take('tbsCertificate', TAG.sequence);
  const algorithm = outer.take('signatureAlgorithm', TAG.sequence);
  const signature = readSignatureBits(outer.take('signature', TAG.bitString));
  outer.end('signature');

  const parts = fields(tbs, 'TBSCertificate');
  const versionNode = parts.optional(contextTag(0));
  const version = versionNode === undefined ? 1 : readSmallInteger(inner(versionNode, 'version')) + 1;
  const serial = readIntegerHex(parts.take('serialNumber', TAG.integer));
  // RFC 5280 §4.1.1.2: both places name the same algorithm.
  if (!sameBytes(parts.take('signature').raw, algorithm.raw)) malformed('TBSCertificate.signature');
  const issuer = readName(parts.take('issuer'));
  const validity = fields(parts.take('validity'), 'Validity');
  const notBefore = readTime(validity.take('notBefore'));
  const notAfter = readTime(validity.take('notAfter'));
  const subject = readName(parts.take('subject'));
  const spki = parts.take('subjectPublicKeyInfo', TAG.sequence).raw;
  parts.optional(contextTag(1, false));
  parts.optional(contextTag(2, false));
  const extensionsNode = parts.optional(contextTag(3));
  parts.end('extensions');

  const extensions = extensionsNode === undefined ? [] : readExtensions(inner(extensionsNode, 'extensions'));
  let publicKey: KeyObject | undefined;
  return {
    der,
    tbs: tbs.raw,
    version,
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki,
    get publicKey() {
      publicKey ??= importPublicKey(spki);
      return publicKey;
    },
    keyAlgorithm: readKeyAlgorithm(spki).algorithm,
    signatureAlgorithm: readSignatureAlgorithm(algorithm),
    signature,
    extensions,
    ...readKnownExtensions(extensions),
    fingerprint,
  };
}

function importPublicKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (error) {
    throw new AppError('KEY_UNSUPPORTED', { cause: error });
  }
}

/** Extensions (RFC 5280 §4.2); the same one twice is malformed. */
export function readExtensions(node: DerNode): Extension[] {
  const seen = new Set<string>();
  return fields(node, 'Extensions')
    .rest()
    .map((extension) => {
      const parts = fields(extension, 'Extension');
      const oid = expectOid(parts.take('extnID'), 'Extension.extnID');
      const critical = parts.optional(TAG.boolean);
      const value = parts.take('extnValue', TAG.octetString).content;
      parts.end('extnValue');
      if (seen.has(oid)) malformed('Extension given twice');
      seen.add(oid);
      return { oid, critical: critical !== undefined && readBoolean(critical), value };
    });
}

/** Value of an extension as a DER element, undefined if the certificate or CRL does not have it. */
export function extensionValue(extensions: readonly Extension[], oid: string): DerNode | undefined {
  const extension = extensions.find((candidate) => candidate.oid === oid);
  return extension === undefined ? undefined : readDer(extension.value);
}

function readKnownExtensions(extensions: readonly Extension[]) {
  const value = (oid: string) => extensionValue(extensions, oid);
  const keyUsage = value(OID.keyUsage);
  const extendedKeyUsage = value(OID.extendedKeyUsage);
  const basicConstraints = value(OID.basicConstraints);
  const distributionPoints = value(OID.crlDistributionPoints);
  const access = readAuthorityAccess(value(OID.authorityInfoAccess));
  return {
    keyUsage:
      keyUsage === undefined
        ? undefined
        : new Set([...readNamedBits(keyUsage)].flatMap((bit) => KEY_USAGES[bit] ?? [])),
    extendedKeyUsage:
      extendedKeyUsage === undefined
        ? undefined
        : {
            oids: fields(extendedKeyUsage, 'ExtKeyUsage')
              .rest()
              .map((purpose) => expectOid(purpose, 'KeyPurposeId')),
            critical: extensions.some(({ oid, critical }) => oid === OID.extendedKeyUsage && critical),
          },
    basicConstraints: basicConstraints === undefined ? undefined : readBasicConstraints(basicConstraints),
    subjectKeyIdentifier: value(OID.subjectKeyIdentifier)?.content,
    authorityKeyIdentifier: readAuthorityKeyIdentifier(value(OID.authorityKeyIdentifier)),
    ocspUrls: access.get(OID.ocsp) ?? [],
    caIssuersUrls: access.get(OID.caIssuers) ?? [],
    crlUrls:
      distributionPoints === undefined
        ? []
        : readDistributionPoints(distributionPoints).flatMap(({ fullName }) => webAddresses(fullName ?? [])),
    ocspNoCheck: extensions.some(({ oid }) => oid === OID.ocspNoCheck),
  };
}

function readBasicConstraints(node: DerNode) {
  const parts = fields(node, 'BasicConstraints');
  const ca = parts.optional(TAG.boolean);
  const pathLength = parts.optional(TAG.integer);
  parts.end('pathLenConstraint');
  return {
    ca: ca !== undefined && readBoolean(ca),
    pathLength: pathLength === undefined ? undefined : readSmallInteger(pathLength),
  };
}

/** keyIdentifier of an AuthorityKeyIdentifier (RFC 5280 §4.2.1.1). */
export function readAuthorityKeyIdentifier(node: DerNode | undefined): Uint8Array | undefined {
  return node === undefined
    ? undefined
    : fields(node, 'AuthorityKeyIdentifier').optional(contextTag(0, false))?.content;
}

function readAuthorityAccess(node: DerNode | undefined): Map<string, string[]> {
  const urls = new Map<string, string[]>();
  for (const description of node === undefined ? [] : fields(node, 'AuthorityInfoAccess').rest()) {
    const parts = fields(description, 'AccessDescription');
    const method = expectOid(parts.take('accessMethod'), 'accessMethod');
    const location = readGeneralName(parts.take('accessLocation'));
    urls.set(method, [...(urls.get(method) ?? []), ...webAddresses([location])]);
  }
  return urls;
}
