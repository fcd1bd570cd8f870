/** What each reason means for the verdict: main indication and sub-indication of EN 319 102-1 §5.1.3, tables 5 and 6. */
import type { Indication } from './types.ts';

export interface Ruling {
  readonly indication: Exclude<Indication, 'TOTAL-PASSED'>;
  readonly subIndication: string;
}

const failed = (subIndication: string): Ruling => ({ indication: 'TOTAL-FAILED', subIndication });
const undecided = (subIndication: string): Ruling => ({ indication: 'INDETERMINATE', subIndication });

/** Gravest first: the first one that applies gives the sub-indication, and reasons are listed in this order. */
export const RULINGS = {
  // Format (§5.2.2).
  CMS_UNREADABLE: failed('FORMAT_FAILURE'),
  TIMESTAMP_UNREADABLE: failed('FORMAT_FAILURE'),
  CONTENTS_NOT_DIRECT_HEX: failed('FORMAT_FAILURE'),
  CONTENTS_NOT_CANONICAL: failed('FORMAT_FAILURE'),
  CONTENTS_PADDING_NOT_ZERO: failed('FORMAT_FAILURE'),
  BYTE_RANGE_MISSING: failed('FORMAT_FAILURE'),
  BYTE_RANGE_NOT_FOUR_NUMBERS: failed('FORMAT_FAILURE'),
  BYTE_RANGE_NOT_FROM_START: failed('FORMAT_FAILURE'),
  BYTE_RANGE_OUTSIDE_FILE: failed('FORMAT_FAILURE'),
  BYTE_RANGE_GAP_NOT_CONTENTS: failed('FORMAT_FAILURE'),
  BYTE_RANGE_ENDS_AT_NO_REVISION: failed('FORMAT_FAILURE'),
  SIGNATURE_NOT_OF_COVERED_REVISION: failed('FORMAT_FAILURE'),
  SIGNATURE_OBJECT_REUSED: failed('FORMAT_FAILURE'),
  BYTE_RANGE_INVALID: failed('FORMAT_FAILURE'),
  SIGNER_COUNT: failed('FORMAT_FAILURE'),
  CONTENT_NOT_DETACHED: failed('FORMAT_FAILURE'),
  CONTENT_TYPE_MISMATCH: failed('FORMAT_FAILURE'),
  SIGNED_ATTRIBUTES_MISSING: failed('FORMAT_FAILURE'),
  ATTRIBUTE_MALFORMED: failed('FORMAT_FAILURE'),
  FORMAT_FAILURE: failed('FORMAT_FAILURE'),
  UNSIGNED_PARTS_ALTERED: failed('FORMAT_FAILURE'),
  SUB_FILTER_UNSUPPORTED: undecided('FORMAT_FAILURE'),
  // Cryptography (§5.2.7).
  MESSAGE_DIGEST_MISMATCH: failed('HASH_FAILURE'),
  IMPRINT_MISMATCH: failed('HASH_FAILURE'),
  CONTENT_MISSING: undecided('SIGNED_DATA_NOT_FOUND'),
  SIGNATURE_VALUE_WRONG: failed('SIG_CRYPTO_FAILURE'),
  ALGORITHM_PROTECTION_MISMATCH: failed('SIG_CRYPTO_FAILURE'),
  DIGEST_ALGORITHM_MISMATCH: failed('SIG_CRYPTO_FAILURE'),
  // Later changes (EN 319 142-1 §5.5, ISO 32000-2 §12.8.2.2).
  CHANGED_AFTER_SIGNING: failed('FORMAT_FAILURE'),
  DOCMDP_VIOLATED: failed('FORMAT_FAILURE'),
  FIELD_LOCK_VIOLATED: failed('FORMAT_FAILURE'),
  // Certificates and times that are proven (§5.5.4, §5.6.2).
  REVOKED: failed('REVOKED'),
  EXPIRED: failed('EXPIRED'),
  NOT_YET_VALID: failed('NOT_YET_VALID'),
  // What keeps a verdict open.
  SIGNER_CERTIFICATE_MISSING: undecided('NO_SIGNING_CERTIFICATE_FOUND'),
  SIGNING_CERTIFICATE_MISMATCH: undecided('NO_SIGNING_CERTIFICATE_FOUND'),
  NO_CERTIFICATE_CHAIN_FOUND: undecided('NO_CERTIFICATE_CHAIN_FOUND'),
  CHAIN_CONSTRAINTS_FAILURE: undecided('CHAIN_CONSTRAINTS_FAILURE'),
  WEAK_ALGORITHM: undecided('CRYPTO_CONSTRAINTS_FAILURE'),
  ALGORITHM_UNSUPPORTED: undecided('CRYPTO_CONSTRAINTS_FAILURE'),
  KEY_USAGE: undecided('SIG_CONSTRAINTS_FAILURE'),
  TSA_EKU: undecided('SIG_CONSTRAINTS_FAILURE'),
  SIGNING_CERTIFICATE_ABSENT: undecided('SIG_CONSTRAINTS_FAILURE'),
  TIMESTAMP_ORDER_FAILURE: undecided('TIMESTAMP_ORDER_FAILURE'),
  REVOKED_NO_POE: undecided('REVOKED_NO_POE'),
  REVOKED_CA_NO_POE: undecided('REVOKED_CA_NO_POE'),
  OUT_OF_BOUNDS_NO_POE: undecided('OUT_OF_BOUNDS_NO_POE'),
  NO_POE: undecided('NO_POE'),
  NO_REVOCATION_DATA: undecided('CERTIFICATE_CHAIN_GENERAL_FAILURE'),
  TRY_LATER: undecided('TRY_LATER'),
  TRAILING_BYTES: undecided('TRAILING_BYTES'),
  VALIDATION_INCOMPLETE: undecided('GENERIC'),
} as const satisfies Record<string, Ruling>;

export type Reason = keyof typeof RULINGS;

const ORDER = new Map(Object.keys(RULINGS).map((code, index) => [code, index]));

export interface Verdict {
  readonly indication: Indication;
  readonly subIndication: string | null;
  readonly reasons: readonly string[];
}

/** The verdict that a set of reasons gives; none is a pass. TOTAL-FAILED beats INDETERMINATE. */
export function verdictOf(reasons: Iterable<Reason>): Verdict {
  const rank = (reason: Reason): number =>
    (RULINGS[reason].indication === 'TOTAL-FAILED' ? 0 : 1000) + (ORDER.get(reason) ?? 0);
  const sorted = [...new Set(reasons)].sort((a, b) => rank(a) - rank(b));
  const [gravest] = sorted;
  if (gravest === undefined) return { indication: 'TOTAL-PASSED', subIndication: null, reasons: [] };
  return { ...RULINGS[gravest], reasons: sorted };
}

/** A code of the engines below as a reason of ours; a code without a ruling keeps the verdict open. */
export function reasonOf(code: string): Reason {
  return Object.hasOwn(RULINGS, code) ? (code as Reason) : 'VALIDATION_INCOMPLETE';
}

const INDICATIONS: readonly Indication[] = ['TOTAL-PASSED', 'INDETERMINATE', 'TOTAL-FAILED'];

/** The gravest of several verdicts. */
export function worst<T extends { readonly indication: Indication }>(verdicts: readonly T[]): T | undefined {
  return verdicts.reduce<T | undefined>(
    (found, verdict) =>
      found === undefined || INDICATIONS.indexOf(verdict.indication) > INDICATIONS.indexOf(found.indication)
        ? verdict
        : found,
    undefined,
  );
}
