import type { BilingualText } from '../vi-text.ts';

/** The kind of an error decides everything mechanical about it. */
export const ERROR_KINDS = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not-found',
  'gone',
  'conflict',
  'stale',
  'locked',
  'limited',
  'upstream',
  'integrity',
  'internal',
] as const;

export type ErrorKind = (typeof ERROR_KINDS)[number];

export interface Problem {
  readonly kind: ErrorKind;
  readonly title: BilingualText;
  /** What the reader can do about it. */
  readonly mend: BilingualText;
}
