import { AppError } from '../../shared/index.ts';

/** Also a safe path on every file system: no traversal, no hidden or device names. */
const KEY = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}(\/[A-Za-z0-9_][A-Za-z0-9._-]{0,199}){0,15}$/;
const LONGEST_KEY = 900;

/** @throws OBJECT_KEY_INVALID unless `key` is 1–16 segments of ASCII letters, digits, `.`, `_`, `-`, joined by `/`, none beginning with `.` or `-`. */
export function assertObjectKey(key: string): void {
  if (!KEY.test(key) || key.length > LONGEST_KEY) throw new AppError('OBJECT_KEY_INVALID');
}
