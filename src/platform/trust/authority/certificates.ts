/** Certificates of the authority, in the shape that strict outside judges want (RFC 5280, RFC 6960, RFC 3161). */
import 'reflect-metadata';
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type Certificate, children, encode, OID, parseCertificate, readDer } from '../../../engines/crypto/index.ts';
import { nfc } from '../../../shared/index.ts';
import { DEVELOPMENT_MARK } from '../trust-store.ts';
import { CA_ALGORITHM, caCryptoKey, spkiOf } from './keys.ts';
import type { Holder } from './types.ts';

/** userId (RFC 4519 §2.39). */
const UID = '0.9.2342.19200300.100.1.1';

export interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  readonly uids?: readonly string[];
}

export type Profile =
  | { readonly kind: 'root' }
  | { readonly kind: 'issuing-ca' }
  | { readonly kind: 'ocsp-responder' }
  | { readonly kind: 'tsa' }
  | { readonly kind: 'person'; readonly keyUsage: readonly KeyUsageName[] };

export type KeyUsageName = 'digitalSignature' | 'nonRepudiation' | 'keyEncipherment';

/** Where relying parties ask about a certificate. */
export interface Whereabouts {
  readonly ocsp?: string;
  readonly crl?: string;
  readonly caIssuers?: string;
}

export interface CertificateOrder {
  readonly subject: Subject;
  readonly profile: Profile;
  /** Key of the subject; only its public half is used, except for a root. */
  readonly privateKey: KeyObject;
  /** Absent for a root. */
  readonly issuer?: Holder;
  readonly from: Date;
  readonly to: Date;
  readonly whereabouts: Whereabouts;
}

/** Issues one certificate. Times are cut to whole seconds. */
export async function issueCertificate(order: CertificateOrder): Promise<Certificate> {
  const spki = spkiOf(order.privateKey);
  const subject = nameOf(order.subject);
  const issuerName = order.issuer === undefined ? subject : peculiarName(order.issuer.certificate);
  const issuerKey = order.issuer?.privateKey ?? order.privateKey;
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject,
    issuer: issuerName,
    notBefore: wholeSecond(order.from),
    notAfter: wholeSecond(order.to),
    publicKey: spki,
    signingKey: caCryptoKey(issuerKey),
    signingAlgorithm: CA_ALGORITHM,
    extensions: extensionsOf(order, spki, spkiOf(issuerKey)),
  });
  return parseCertificate(new Uint8Array(made.rawData));
}

/** The time without fractions of a second: NSS refuses OCSP answers that have them, certificates cannot hold them. */
export function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

function extensionsOf(order: CertificateOrder, spki: Uint8Array, issuerSpki: Uint8Array): x509.Extension[] {
  const { whereabouts } = order;
  const extensions: x509.Extension[] = [
    ...roleExtensions(order.profile),
    new x509.SubjectKeyIdentifierExtension(keyIdentifier(spki)),
    new x509.AuthorityKeyIdentifierExtension(keyIdentifier(issuerSpki)),
  ];
  if (whereabouts.ocsp !== undefined || whereabouts.caIssuers !== undefined) {
    extensions.push(
      new x509.AuthorityInfoAccessExtension({
        ...(whereabouts.ocsp === undefined ? {} : { ocsp: whereabouts.ocsp }),
        ...(whereabouts.caIssuers === undefined ? {} : { caIssuers: whereabouts.caIssuers }),
      }),
    );
  }
  if (whereabouts.crl !== undefined) extensions.push(new x509.CRLDistributionPointsExtension([whereabouts.crl]));
  return extensions;
}

function roleExtensions(profile: Profile): x509.Extension[] {
  const usage = x509.KeyUsageFlags;
  const caUsage = new x509.KeyUsagesExtension(usage.keyCertSign | usage.cRLSign, true);
  const notCa = new x509.BasicConstraintsExtension(false, undefined, true);
  switch (profile.kind) {
    case 'root':
      return [new x509.BasicConstraintsExtension(true, undefined, true), caUsage];
    case 'issuing-ca':
      return [new x509.BasicConstraintsExtension(true, 0, true), caUsage];
    case 'ocsp-responder':
      return [
        notCa,
        new x509.KeyUsagesExtension(usage.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([OID.ocspSigning]),
        // RFC 6960 §4.2.2.2.1: nobody needs to ask about the one who answers.
        new x509.Extension(OID.ocspNoCheck, false, plain(encode.null())),
      ];
    case 'tsa':
      return [
        notCa,
        new x509.KeyUsagesExtension(usage.digitalSignature | usage.nonRepudiation, true),
        // RFC 3161 §2.3: exactly this purpose, critical.
        new x509.ExtendedKeyUsageExtension([OID.timeStamping], true),
      ];
    case 'person': {
      const bits = profile.keyUsage.reduce((all, name) => all | usage[name], 0);
      return [notCa, new x509.KeyUsagesExtension(bits, true)];
    }
  }
}

function nameOf(subject: Subject): x509.Name {
  const attributes: x509.JsonNameParams = [
    { C: [{ printableString: 'VN' }] },
    ...(subject.organization === undefined ? [] : [{ O: [{ utf8String: nfc(subject.organization) }] }]),
    { OU: [{ utf8String: DEVELOPMENT_MARK }] },
    { CN: [{ utf8String: nfc(subject.commonName) }] },
    ...(subject.uids ?? []).map((uid) => ({ [UID]: [{ utf8String: nfc(uid) }] })),
  ];
  return new x509.Name(attributes);
}

/** The subject of an existing certificate, byte for byte. */
function peculiarName(certificate: Certificate): x509.Name {
  return new x509.Name(plain(certificate.subject.der));
}

/** RFC 5280 §4.2.1.2 method 1: SHA-1 over the bits of the key. An identifier, not a protection. */
function keyIdentifier(spki: Uint8Array): string {
  const [, bits] = children(readDer(spki));
  if (bits === undefined) throw new TypeError('not a SubjectPublicKeyInfo');
  return createHash('sha1').update(bits.content.subarray(1)).digest('hex');
}

/** 16 random bytes that make a positive INTEGER without padding. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** A copy over an ArrayBuffer of its own, as WebCrypto types want it. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
