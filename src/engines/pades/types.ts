/** Shapes of the PAdES engine (EN 319 142-1): signing in two steps, extension, validation. */
import type { Certificate, RawSigner, RevocationMaterial, SigningScheme } from '../crypto/index.ts';

export type Level = 'B-B' | 'B-T' | 'B-LT' | 'B-LTA';

/** Gets an RFC 3161 token over `imprint` (already hashed with `digest`). Throws AppError TSA_UNAVAILABLE. */
export type TimestampSource = (imprint: Uint8Array, digest: 'SHA-256' | 'SHA-384' | 'SHA-512') => Promise<Uint8Array>;

/** Finds certificates and revocation answers for a chain: from a cache or the network. Everything it returns is checked again. */
export interface ValidationMaterialSource {
  /** Answers for each non-anchor certificate of `chain`, produced not before `notBefore` if given; AIA issuers added. Throws AppError OCSP_UNAVAILABLE / TRY_LATER. */
  collect(
    chain: readonly Certificate[],
    options: { readonly notBefore?: Date },
  ): Promise<RevocationMaterial & { readonly certificates: readonly Certificate[] }>;
}

/** A visible stamp: lines of text, an optional picture, where. */
export interface Appearance {
  /** Lines, first one strongest. Fitted into the field's rectangle. */
  readonly lines: readonly string[];
  /** PNG with alpha or JPEG, drawn at the left or behind. */
  readonly picture?: Uint8Array;
}

export interface PrepareOptions {
  /** Existing empty field by name, or a new field made before the first signature only. */
  readonly field: string;
  /**
   * A new field, if the file has none of that name: visible on a page (1-based) with its rectangle in points from the lower left of the
   * page as it is seen (cropped, turned), or invisible. Absent: invisible, unless the file has empty signature fields; then a name
   * that is none of theirs is a mistake (FIELD_UNKNOWN).
   */
  readonly newField?: 'invisible' | { readonly page: number; readonly rect: readonly [number, number, number, number] };
  /** A new visible field may be added although the document is signed (outside readers may object). Default false. */
  readonly newFieldAfterSignature?: boolean;
  readonly certificate: Certificate;
  /** Issuers, signer excluded; whole chain goes into the CMS. */
  readonly chain: readonly Certificate[];
  readonly scheme: SigningScheme;
  /** Claimed time: goes into /M. */
  readonly claimedTime: Date;
  readonly reason?: string;
  readonly location?: string;
  readonly signerName?: string;
  readonly contactInfo?: string;
  readonly appearance?: Appearance;
  /** Certification with DocMDP permission; only as the first signature. */
  readonly certify?: 1 | 2 | 3;
  /** Bytes held for the CMS beyond what is known now (time-stamp token); default from `timestampReserve`. */
  readonly reserve?: number;
  /** A signature time-stamp will be embedded: its expected size in bytes (measured token size + margin). 0 for B-B. */
  readonly timestampReserve?: number;
  /**
   * Whole TrueType font: for stamps in files that carry none (a Vietnamese subset is embedded once and found by later stamps), and for
   * glyphs that the file's own stamp font lacks (they alone are embedded).
   */
  readonly fallbackFont?: Uint8Array;
}

/** The paused state between prepare and embed: plain JSON, survives a restart and days of waiting. */
export interface PreparedSignature {
  readonly version: 1;
  /** SHA-256 (hex) of the input bytes. */
  readonly inputSha256: string;
  readonly inputLength: number;
  /** The bytes appended to the input, base64, with the gap of /Contents filled with zeros. */
  readonly appended: string;
  /** Offset and length (whole `<…>` token) of /Contents in the prepared file. */
  readonly contentsStart: number;
  readonly contentsEnd: number;
  /** DER of the signed attributes, base64: what the signer signs. */
  readonly signedAttributes: string;
  /** Digest of the signed attributes, base64, for signers that take digests. */
  readonly toSign: string;
  readonly scheme: SigningScheme;
  /** Certificates, DER base64: signer first. */
  readonly certificates: readonly string[];
  readonly field: string;
}

/** A signed file, the level it honestly has, and why that is less than was wanted. */
export interface EmbeddedSignature {
  readonly pdf: Uint8Array;
  readonly level: 'B-B' | 'B-T';
  /**
   * A time-stamp is owed: no authority answered, or its token did not fit. It can no more be put into this signature; a document
   * time-stamp pays the debt.
   */
  readonly debt?: 'TSA_UNAVAILABLE' | 'TOKEN_TOO_LARGE';
}

export interface LocalSigner {
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
  readonly scheme: SigningScheme;
  readonly sign: RawSigner;
}

export type Indication = 'TOTAL-PASSED' | 'INDETERMINATE' | 'TOTAL-FAILED';

/** Later changes, from harmless to forbidden. */
export type ChangeClass = 'none' | 'ltv' | 'metadata' | 'signing' | 'form-filling' | 'annotations' | 'forbidden';

export interface Change {
  readonly revision: number;
  /** `Root/DSS`, `Root/AcroForm/Fields[2]/V` … */
  readonly path: string;
  readonly class: ChangeClass;
}

export interface TimestampReport {
  readonly kind: 'signature-timestamp' | 'content-timestamp' | 'document-timestamp';
  readonly time: string;
  readonly indication: Indication;
  readonly subIndication: string | null;
  readonly reasons: readonly string[];
  readonly tsa: string;
}

export interface RevocationReport {
  readonly certificate: string;
  readonly source: string;
  readonly embedded: boolean;
  readonly status: string;
  readonly producedAt: string | null;
}

export interface SignatureReport {
  readonly field: string;
  readonly fields: readonly string[];
  readonly kind: 'signature' | 'document-timestamp';
  readonly subFilter: string | null;
  readonly level: Level | 'PKCS7' | null;
  readonly indication: Indication;
  readonly subIndication: string | null;
  readonly reasons: readonly string[];
  readonly notices: readonly string[];
  readonly intact: boolean;
  readonly signatureValid: boolean;
  readonly trusted: boolean;
  readonly coversRevision: number | null;
  readonly coversWholeFile: boolean;
  readonly byteRangeValid: boolean;
  readonly laterChanges: ChangeClass;
  readonly changes: readonly Change[];
  readonly docMdp: number | null;
  readonly digestAlgorithm: string | null;
  /** `RSASSA-PSS-2048`, `RSASSA-PKCS1-v1_5-2048`, `ECDSA-P-256`. */
  readonly signatureAlgorithm: string | null;
  readonly signer: {
    readonly commonName: string;
    readonly subject: string;
    readonly serial: string;
    readonly issuer: string;
    readonly uids: readonly string[];
    readonly notBefore: string;
    readonly notAfter: string;
    readonly fingerprint: string;
    readonly anchor: string | null;
  } | null;
  readonly claimedTime: string | null;
  readonly bestSignatureTime: string | null;
  readonly timestamps: readonly TimestampReport[];
  readonly revocation: readonly RevocationReport[];
}

/** One object per file; keys in this order. */
export interface ValidationReport {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly revisions: number;
  readonly trailingBytes: number;
  readonly verdict: Indication | 'NO-SIGNATURE' | 'NOT-A-PDF' | 'UNREADABLE';
  readonly reasons: readonly string[];
  readonly validatedAt: string;
  readonly signatures: readonly SignatureReport[];
}

export interface ValidateOptions {
  readonly file: string;
  /** Anchors for signers and for time-stamp authorities; several hierarchies are fine. */
  readonly anchors: readonly Certificate[];
  readonly timestampAnchors?: readonly Certificate[];
  /** Moment of validation. */
  readonly at: Date;
  /** Extra certificates and revocation answers (fetched by the caller); none when offline. */
  readonly material?: RevocationMaterial & { readonly certificates: readonly Certificate[] };
}
