/** Shapes of the cryptographic engine. All byte arrays are DER unless said otherwise. */
import type { KeyObject } from 'node:crypto';
import type { DigestName } from '../../shared/index.ts';

/** An element of DER/BER: header and content stay views of the original bytes. */
export interface DerNode {
  /** Identifier octet (class, constructed bit, tag number < 31). */
  readonly tag: number;
  /** Whole encoding, header included. */
  readonly raw: Uint8Array;
  /** Contents octets. */
  readonly content: Uint8Array;
  readonly constructed: boolean;
  /** True if anything inside is not DER (indefinite or long-form length, constructed string). */
  readonly ber: boolean;
}

export interface DistinguishedName {
  readonly der: Uint8Array;
  /** RFC 4514 text, most specific first. */
  readonly text: string;
  /** Attribute values by short name or OID: CN, O, OU, C, UID, serialNumber, … */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  /** One comparison key a relative name, least specific first (RFC 5280 §7.1). */
  readonly rdnKeys: readonly string[];
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export interface Certificate {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly version: number;
  /** Lower-case hex without leading zeros (a leading `-` if negative). */
  readonly serial: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly publicKey: KeyObject;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly extensions: readonly Extension[];
  readonly keyUsage: ReadonlySet<string> | undefined;
  readonly extendedKeyUsage: { readonly oids: readonly string[]; readonly critical: boolean } | undefined;
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  readonly ocspUrls: readonly string[];
  readonly caIssuersUrls: readonly string[];
  readonly crlUrls: readonly string[];
  readonly ocspNoCheck: boolean;
  /** Lower-case hex SHA-256 of the whole certificate: its identity here. */
  readonly fingerprint: string;
}

export type KeyAlgorithm =
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'rsa-pss'; readonly bits: number }
  | { readonly kind: 'ec'; readonly curve: 'P-256' | 'P-384' | 'P-521' }
  | { readonly kind: 'other'; readonly oid: string };

/** A signature algorithm as AlgorithmIdentifier says it. */
export type SignatureAlgorithm =
  | { readonly scheme: 'rsa-pkcs1'; readonly digest: DigestName | 'SHA-1' | undefined }
  | {
      readonly scheme: 'rsa-pss';
      readonly digest: DigestName | 'SHA-1';
      readonly mgfDigest: DigestName | 'SHA-1';
      readonly saltLength: number;
    }
  | { readonly scheme: 'ecdsa'; readonly digest: DigestName | 'SHA-1' | undefined }
  | { readonly scheme: 'other'; readonly oid: string };

/** What a signer will make: chosen per credential at enrolment. */
export type SigningScheme =
  | { readonly scheme: 'rsa-pkcs1'; readonly digest: DigestName }
  | { readonly scheme: 'rsa-pss'; readonly digest: DigestName }
  | { readonly scheme: 'ecdsa'; readonly digest: DigestName };

/** Signs `message` (not a digest) and returns the signature value as CMS wants it (ECDSA as DER). */
export type RawSigner = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;

export interface CmsAttribute {
  readonly oid: string;
  /** The SET OF values, each raw. */
  readonly values: readonly Uint8Array[];
}

/** A parsed SignedData with exactly the parts a PAdES judge needs. Everything is a view of the original bytes. */
export interface SignedData {
  readonly raw: Uint8Array;
  readonly contentType: string;
  /** eContent, undefined when detached. */
  readonly content: Uint8Array | undefined;
  readonly certificates: readonly Certificate[];
  readonly crls: readonly Uint8Array[];
  readonly signerInfos: readonly SignerInfo[];
  /** Bytes after the outermost element, other than zero padding. */
  readonly trailing: number;
  readonly notices: readonly string[];
}

export interface SignerInfo {
  readonly version: number;
  readonly sid:
    | { readonly issuer: Uint8Array; readonly serial: string }
    | { readonly subjectKeyIdentifier: Uint8Array };
  readonly digestAlgorithm: DigestName | 'SHA-1' | { readonly oid: string };
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** Original bytes of signedAttrs with the implicit [0] tag replaced by SET (RFC 5652 §5.4). */
  readonly signedAttributesDer: Uint8Array | undefined;
  readonly signedAttributes: readonly CmsAttribute[];
  readonly unsignedAttributes: readonly CmsAttribute[];
  readonly signature: Uint8Array;
}

/** What checking the cryptography of one SignerInfo found. Reasons are codes such as `MESSAGE_DIGEST_MISMATCH`. */
export interface CmsCheck {
  readonly signer: Certificate | undefined;
  /** message-digest attribute equals the digest of the detached content. */
  readonly intact: boolean;
  /** The signature value verifies over the signed attributes under the signer's key. */
  readonly signatureValid: boolean;
  readonly reasons: readonly string[];
  readonly notices: readonly string[];
}

/** RFC 3161 token: TSTInfo plus the SignedData around it. */
export interface TimestampToken {
  readonly raw: Uint8Array;
  readonly signedData: SignedData;
  readonly time: Date;
  /** Accuracy in milliseconds, if stated. */
  readonly accuracyMs: number | undefined;
  readonly policy: string;
  readonly serial: string;
  readonly imprint: { readonly digest: DigestName | 'SHA-1'; readonly value: Uint8Array };
  readonly nonce: Uint8Array | undefined;
  readonly ordering: boolean;
}

export interface OcspResponse {
  readonly raw: Uint8Array;
  readonly status:
    | 'successful'
    | 'malformed-request'
    | 'internal-error'
    | 'try-later'
    | 'sig-required'
    | 'unauthorized';
  readonly producedAt: Date | undefined;
  readonly responder: { readonly name: Uint8Array } | { readonly keyHash: Uint8Array } | undefined;
  readonly certificates: readonly Certificate[];
  readonly responses: readonly OcspSingleResponse[];
  readonly nonce: Uint8Array | undefined;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
}

export interface OcspSingleResponse {
  readonly certId: {
    readonly digest: DigestName | 'SHA-1';
    readonly issuerNameHash: Uint8Array;
    readonly issuerKeyHash: Uint8Array;
    readonly serial: string;
  };
  readonly status:
    | { readonly kind: 'good' }
    | { readonly kind: 'revoked'; readonly at: Date; readonly reason: number | undefined }
    | { readonly kind: 'unknown' };
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  /** RFC 6960 §4.4.4: the responder still knows certificates that expired after this. */
  readonly archiveCutoff: Date | undefined;
}

export interface CertificateList {
  readonly raw: Uint8Array;
  readonly tbs: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly crlNumber: bigint | undefined;
  readonly deltaBase: bigint | undefined;
  readonly issuingDistributionPoint: Uint8Array | undefined;
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  /** Entry for a serial (lower-case hex) issued by `certificateIssuer` (DER name; defaults to the CRL issuer). */
  find(
    serial: string,
    certificateIssuer?: Uint8Array,
  ): { readonly at: Date; readonly reason: number | undefined } | undefined;
  /** A critical extension of the list or of one of its entries that we do not know: the list proves nothing (RFC 5280 §5.2, §5.3). */
  readonly unknownCriticalExtension: boolean;
  /** X.509 §9.5.2.8: the list still holds certificates that expired after this. */
  readonly expiredCertificatesSince: Date | undefined;
}

/** Revocation material known to the caller: from the DSS, a cache or the network. */
export interface RevocationMaterial {
  readonly ocsps: readonly OcspResponse[];
  readonly crls: readonly CertificateList[];
}

/**
 * State of one certificate at the moment `PathOptions.at`: of the path, or of an OCSP responder or CRL signer that speaks about it.
 * `revoked` means from `revokedAt` ≤ at on; a later revocation is `good` with `revokedAt` given.
 */
export interface RevocationFinding {
  readonly certificate: Certificate;
  /** Absent for certificates of the path; otherwise the certificate whose status this one vouches for. */
  readonly vouchesFor?: Certificate;
  readonly source: 'ocsp' | 'crl' | 'none' | 'no-check' | 'anchor';
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly revokedAt?: Date;
  readonly reason?: number;
  /** producedAt of the OCSP answer or thisUpdate of the CRL. */
  readonly producedAt?: Date;
  readonly nextUpdate?: Date;
  /** The object that decided, as stored in a DSS. */
  readonly evidence?: Uint8Array;
  /** Certificates needed to check the evidence itself (OCSP responder, CRL signer chain). */
  readonly evidenceCertificates?: readonly Certificate[];
}

/** What is wrong with a path, RFC 5280 §6.1 in the order of its steps. */
export type PathProblem =
  | 'NO_CHAIN'
  | 'SEARCH_LIMIT'
  | 'BAD_SIGNATURE'
  | 'EXPIRED'
  | 'NOT_YET_VALID'
  | 'REVOKED'
  | 'REVOCATION_UNKNOWN'
  | 'NAME_CONSTRAINTS'
  | 'POLICY'
  | 'NOT_A_CA'
  | 'PATH_LENGTH'
  | 'KEY_USAGE'
  | 'EXTENDED_KEY_USAGE'
  | 'UNKNOWN_CRITICAL_EXTENSION'
  | 'EXTENSION_MALFORMED';

export interface PathResult {
  /** Signer first, anchor last; undefined if none reached an anchor. */
  readonly path: readonly Certificate[] | undefined;
  readonly anchor: Certificate | undefined;
  /** Empty if valid. Codes: see `findPath`. */
  readonly problems: readonly PathProblem[];
  /** Certificates of the path signed with SHA-1 or MD5 or holding RSA below 2048 bits (anchor's signature not counted). */
  readonly weak: readonly Certificate[];
  readonly revocation: readonly RevocationFinding[];
}

export interface PathOptions {
  readonly anchors: readonly Certificate[];
  /** Certificates that may be used as intermediates, trusted for nothing. */
  readonly intermediates: readonly Certificate[];
  /** Validity is judged at this moment. */
  readonly at: Date;
  /** Required extended key usage of the end certificate, if any (OID). */
  readonly extendedKeyUsage?: string;
  /** Material to judge revocation with; undefined: revocation is not looked at. */
  readonly revocation?: RevocationMaterial;
  /** RFC 5280 §6.1.1 (c)–(g), for conformance suites. */
  readonly initialPolicies?: readonly string[];
  readonly requireExplicitPolicy?: boolean;
  readonly inhibitPolicyMapping?: boolean;
  readonly inhibitAnyPolicy?: boolean;
}
