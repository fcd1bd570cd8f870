/** What the signers allow to happen after them: DocMDP, FieldMDP and the Lock of the signed field (ISO 32000-2 §12.8.2). */
import { locksField, type SignatureDictionary } from '../pdf/index.ts';
import type { LaterChange } from './changes.ts';
import type { ChangeClass } from './types.ts';

type FieldLock = NonNullable<SignatureDictionary['fieldMdp']>;

export interface Permissions {
  /** DocMDP permission; a document without one counts as 2. */
  readonly docMdp: 1 | 2 | 3;
  readonly locks: readonly FieldLock[];
}

/** ISO 32000-2 table 257. Document time-stamps and validation data are allowed even at 1 (EN 319 142-1 §5.4). */
const NEEDED: Readonly<Record<ChangeClass, 1 | 2 | 3 | undefined>> = {
  none: 1,
  ltv: 1,
  metadata: 1,
  signing: 2,
  'form-filling': 2,
  annotations: 3,
  forbidden: undefined,
};

export type Violation = 'CHANGE_FORBIDDEN' | 'DOCMDP_VIOLATED' | 'FIELD_LOCK_VIOLATED';

/** Why later changes break a signature; undefined if they do not. */
export function violation(changes: readonly LaterChange[], permissions: Permissions): Violation | undefined {
  if (changes.some((change) => NEEDED[change.class] === undefined)) return 'CHANGE_FORBIDDEN';
  if (changes.some((change) => (NEEDED[change.class] ?? 4) > permissions.docMdp)) return 'DOCMDP_VIOLATED';
  const locked = changes.some(
    (change) =>
      change.field !== undefined &&
      (change.class === 'signing' || change.class === 'form-filling') &&
      permissions.locks.some((lock) => locksField(lock, change.field ?? '')),
  );
  return locked ? 'FIELD_LOCK_VIOLATED' : undefined;
}
