/** Shapes of the trust platform: anchors, outgoing requests, time-stamp authorities, revocation answers. */
import type { Certificate, RevocationFinding, RevocationMaterial } from '../../engines/crypto/index.ts';
import type { TimestampSource, ValidationMaterialSource } from '../../engines/pades/index.ts';
import type { AppError, BilingualText } from '../../shared/index.ts';

/** The anchors of one installation, read from `signers/*.pem` and `tsa/*.pem`. */
export interface TrustStore {
  readonly signers: readonly Certificate[];
  readonly tsa: readonly Certificate[];
  /** Those of both that `antin dev-pki` made: legal mode refuses to start with any. */
  readonly development: readonly Certificate[];
}

export interface TransportRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: Uint8Array;
  readonly contentType?: string;
  readonly accept?: string;
  /** A longer answer is refused while it arrives. */
  readonly maxBytes: number;
  /** Whole exchange, redirects included; absent: the transport's own limit. */
  readonly timeoutMs?: number;
}

export interface TransportAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  /** Lower case, without parameters. */
  readonly contentType: string | undefined;
}

/** Sends one request. Throws AppError OUTGOING_REFUSED, OUTGOING_TIMEOUT, OUTGOING_TOO_LARGE or OUTGOING_FAILED; an HTTP error status is an answer. */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>;

/** What became of one time-stamp authority since the start of the process. */
export interface TimestampUsage {
  readonly url: string;
  /** Tokens received and accepted: what is paid for. */
  readonly tokens: number;
  readonly failures: number;
  /** The authority is left alone until then, after repeated failures. */
  readonly restingUntil: Date | undefined;
  readonly lastFailure: BilingualText | undefined;
  /** End of the certificate that signed the latest token. */
  readonly certificateEnds: Date | undefined;
}

/** A `TimestampSource` that can say what it used. */
export type MeteredTimestampSource = TimestampSource & { usage(): readonly TimestampUsage[] };

/** Outcome of the check that the law wants before a signature is made (Decree 23/2025 Art 15, Circular 15/2025 Art 5). */
export interface SigningCheck {
  readonly status: 'good' | 'revoked' | 'expired' | 'not-yet-valid' | 'untrusted' | 'unknown';
  readonly checkedAt: Date;
  /** The path that was checked: signer first, anchor last; empty if none reaches an anchor. */
  readonly path: readonly Certificate[];
  /** One a certificate of the path. */
  readonly findings: readonly RevocationFinding[];
  /** Everything that was looked at, to be stored with the signature (Circular 15/2025 Art 5(4)). */
  readonly evidence: readonly SigningEvidence[];
  /** Ready to throw unless `status` is `good`: CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID, CERTIFICATE_UNTRUSTED, REVOCATION_UNKNOWN. */
  readonly refusal: AppError | undefined;
}

export interface SigningEvidence {
  readonly kind: 'certificate' | 'ocsp' | 'crl';
  readonly der: Uint8Array;
}

/** A `ValidationMaterialSource` that also checks a certificate before it signs. */
export interface MaterialSource extends ValidationMaterialSource {
  /** Never throws because of the certificate; the caller throws `refusal`, or warns and goes on where policy allows `unknown`. */
  checkBeforeSigning(certificate: Certificate, chain: readonly Certificate[]): Promise<SigningCheck>;
}

export type CollectedMaterial = RevocationMaterial & { readonly certificates: readonly Certificate[] };
