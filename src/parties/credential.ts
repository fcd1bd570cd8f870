/** A certificate under which someone signs, bound by serial number, issuer and UID. */
import { randomBytes } from 'node:crypto';
import {
  algorithmOf,
  type Certificate,
  MIN_RSA_BITS,
  type SigningScheme,
  verifySignature,
} from '../engines/crypto/index.ts';
import { AppError } from '../shared/index.ts';

/** `pkcs12`: the encrypted key file is kept here; `external`: the key is elsewhere (token, phone, agent). */
export type CredentialKind = 'pkcs12' | 'external';

export interface Credential {
  readonly id: string;
  readonly facilityId: string;
  /** Absent: the facility's own (its seal). */
  readonly clinicianId: string | undefined;
  readonly kind: CredentialKind;
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER of the issuers, nearest first. */
  readonly chain: readonly Uint8Array[];
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** RFC 4514. */
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly uid: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Found by a test signature at enrolment. */
  readonly scheme: SigningScheme;
  /** The encrypted container, for `pkcs12`. */
  readonly pkcs12: Uint8Array | undefined;
  readonly enrolledAt: Date;
  readonly withdrawnAt: Date | undefined;
}

export interface Enrolment {
  readonly facilityId: string;
  /** Absent: a seal of the facility. */
  readonly clinicianId?: string | undefined;
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
  /** The encrypted key file, if it is to be kept here. */
  readonly pkcs12?: Uint8Array | undefined;
  /** Signs `message` under the key; throws if the key cannot do the scheme. Called for one scheme after the other. */
  readonly testSign: (scheme: SigningScheme, message: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** What the key might do, best first: PSS where it can (Circular 15/2025/TT-BKHCN Annex I), else PKCS#1 v1.5. */
function candidates({ keyAlgorithm }: Certificate): readonly SigningScheme[] {
  switch (keyAlgorithm.kind) {
    case 'rsa':
      if (keyAlgorithm.bits < MIN_RSA_BITS) return [];
      return [
        { scheme: 'rsa-pss', digest: 'SHA-256' },
        { scheme: 'rsa-pkcs1', digest: 'SHA-256' },
      ];
    case 'rsa-pss':
      return keyAlgorithm.bits < MIN_RSA_BITS ? [] : [{ scheme: 'rsa-pss', digest: 'SHA-256' }];
    case 'ec': {
      // The digest that matches the curve (RFC 5753, FIPS 186-5 §6.1.1).
      const digest = { 'P-256': 'SHA-256', 'P-384': 'SHA-384', 'P-521': 'SHA-512' } as const;
      return [{ scheme: 'ecdsa', digest: digest[keyAlgorithm.curve] }];
    }
    default:
      return [];
  }
}

/**
 * The scheme under which the key behind `certificate` signs, found by a test signature that the certificate verifies.
 * @throws CREDENTIAL_UNUSABLE if none does: wrong key, weak key, or an algorithm we do not sign with.
 */
export async function findScheme({ certificate, testSign }: Enrolment): Promise<SigningScheme> {
  let cause: unknown;
  for (const scheme of candidates(certificate)) {
    // Never anything that could be mistaken for signed attributes: those begin with a DER SET.
    const message = Buffer.concat([Buffer.from('antin enrolment '), randomBytes(32)]);
    try {
      const signature = await testSign(scheme, message);
      if (verifySignature(certificate, algorithmOf(scheme), message, signature)) return scheme;
    } catch (thrown) {
      cause = thrown;
    }
  }
  throw new AppError('CREDENTIAL_UNUSABLE', { cause });
}

/** UIDs of the subject (`CCCD:…`, `MST:…`): the attribute UID, which may repeat; without one, serialNumber. */
export function subjectUids({ subject }: Certificate): readonly string[] {
  return subject.attributes.get('UID') ?? subject.attributes.get('serialNumber') ?? [];
}

/** Why a credential may not sign at that moment, or undefined. Revocation is asked of the authority, not judged here. */
export function refuseCredential(credential: Credential, at: Date): AppError | undefined {
  if (credential.withdrawnAt !== undefined) return new AppError('CREDENTIAL_WITHDRAWN');
  if (at < credential.notBefore) return new AppError('CREDENTIAL_NOT_YET_VALID');
  if (at > credential.notAfter) return new AppError('CREDENTIAL_EXPIRED');
  return undefined;
}
