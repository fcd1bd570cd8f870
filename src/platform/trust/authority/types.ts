/** Shapes of the throw-away authority: real cryptography, chosen clock, no legal value. */
import type { KeyObject } from 'node:crypto';
import type { Certificate, SigningScheme } from '../../../engines/crypto/index.ts';
import type { Clock } from '../../../shared/index.ts';
import type { TransportAnswer } from '../types.ts';

export interface AuthorityNames {
  /** Organization of the certification authority. */
  readonly organization: string;
  readonly root: string;
  readonly issuing: string;
  readonly ocsp: string;
  readonly tsa: string;
}

export interface AuthorityOptions {
  readonly clock: Clock;
  /** Where the certificates say that OCSP, CRL, issuers and TSA are; default `http://127.0.0.1:9480`. */
  readonly baseUrl?: string;
  readonly names?: Partial<AuthorityNames>;
}

export type KeyType = 'RSA-2048' | 'RSA-3072' | 'P-256' | 'P-384';

export interface IssueOptions {
  /** Name as in the certificate, NFC: `BS. Trần Văn Mẫu`. */
  readonly commonName: string;
  /** UID attributes such as `CCCD:001099000001`, `MST:0100000001`; the law's identity, may repeat. */
  readonly uid: string | readonly string[];
  readonly organization?: string;
  readonly keyType?: KeyType;
  /** Default: a day before now, three years. */
  readonly validity?: { readonly from: Date; readonly to: Date };
  /** Default digitalSignature and nonRepudiation. */
  readonly keyUsage?: readonly ('digitalSignature' | 'nonRepudiation' | 'keyEncipherment')[];
  /** Short ASCII name of its files; default made from the common name. */
  readonly slug?: string;
}

/** A person or seal that holds a key of this authority. */
export interface Identity {
  readonly slug: string;
  readonly certificate: Certificate;
  /** Issuing CA, then root. */
  readonly chain: readonly Certificate[];
  readonly privateKey: KeyObject;
  /** PSS for RSA (Circular 15/2025 Annex I), ECDSA for EC. */
  readonly scheme: SigningScheme;
  /** PIN of its PKCS#12 file. */
  readonly pin: string;
}

/** Ways in which the authority can misbehave, for tests. Everything not named works. */
export interface AuthorityFaults {
  readonly tsa?:
    | 'down'
    | 'garbage'
    | 'rejection'
    | 'wrong-imprint'
    | 'wrong-nonce'
    | 'missing-nonce'
    | 'wrong-policy'
    | 'expired-certificate'
    | 'wrong-purpose'
    | 'broken-signature';
  /** Added to genTime. */
  readonly tsaSkewMs?: number;
  readonly ocsp?:
    | 'down'
    | 'garbage'
    | 'try-later'
    | 'unknown'
    | 'wrong-nonce'
    | 'unauthorized-responder'
    | 'broken-signature';
  /** Answers are signed as of so long ago. */
  readonly ocspAgeMs?: number;
  readonly crl?: 'down';
  readonly crlAgeMs?: number;
  /** Every answer of the TSA waits so long (real time). */
  readonly tsaDelayMs?: number;
}

/** RFC 5280 §5.3.1. */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'privilegeWithdrawn';

export interface Revocation {
  readonly serial: string;
  readonly at: Date;
  readonly reason: RevocationReason;
}

/** A certificate with its key. */
export interface Holder {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

/** Everything an authority is made of, private keys included: what `saveAuthority` writes. */
export interface AuthoritySnapshot {
  readonly baseUrl: string;
  readonly root: Holder;
  readonly issuing: Holder;
  readonly tsa: Holder;
  readonly ocsp: Holder;
  readonly identities: readonly Identity[];
  readonly revocations: readonly Revocation[];
}

export interface Authority {
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly timestampUrl: string;
  readonly root: Certificate;
  readonly issuing: Certificate;
  readonly tsa: Certificate;
  readonly ocspResponder: Certificate;
  /** Everybody with a key, in order of issue. */
  identities(): readonly Identity[];
  /** Throws if there is none of this slug. */
  identity(slug: string): Identity;
  issuePerson(options: IssueOptions): Promise<Identity>;
  /** `serial` as in `Certificate.serial`. Throws if this authority never issued it. */
  revoke(serial: string, at: Date, reason?: RevocationReason): void;
  /** RFC 3161 request → response, both DER. */
  timestamp(request: Uint8Array): Promise<Uint8Array>;
  /** RFC 6960 request → response, both DER. */
  ocsp(request: Uint8Array): Promise<Uint8Array>;
  /** Complete CRL as of now. */
  crl(issuer: 'root' | 'issuing'): Promise<Uint8Array>;
  snapshot(): AuthoritySnapshot;
  /** Replaces all faults; `{}` heals. */
  setFaults(faults: AuthorityFaults): void;
  /** What its HTTP server would answer to a path (`/tsa`, `/ocsp`, `/crl/issuing.crl`, `/ca/issuing.cer`). */
  answer(request: {
    readonly method: string;
    readonly path: string;
    readonly body?: Uint8Array;
  }): Promise<TransportAnswer>;
}
