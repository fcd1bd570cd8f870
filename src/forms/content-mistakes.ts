/** What is wrong with a content, in both languages, all at once. */
import type { z } from 'zod';
import type { InputMistake } from '../shared/index.ts';

/** Where the content lies in what the caller sent. */
export const CONTENT = '/content';

/** A mistake at a place below the content: `mistakeAt('patient/birthDate', 'IN_FUTURE', …)`. */
export function mistakeAt(path: string, code: string, vi: string, en: string): InputMistake {
  return { path: `${CONTENT}/${path}`, code, vi, en };
}

/** Options for zod's `refine` that carry code and words of a mistake. */
export function says(code: string, vi: string, en: string): { message: string; params: Record<string, string> } {
  return { message: en, params: { code, vi, en } };
}

/** The checked value, or every mistake that the schema finds, each with its JSON pointer below `at` (the value's own). */
export function parseShape<T>(
  schema: z.ZodType<T>,
  value: unknown,
  at: string,
): { readonly value: T } | { readonly mistakes: InputMistake[] } {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { value: result.data };
  return { mistakes: result.error.issues.flatMap((issue) => translate(issue, at)) };
}

function translate(issue: z.core.$ZodIssue, at: string): InputMistake[] {
  const path = [at, ...issue.path.map((key) => pointerPart(String(key)))].join('/');
  const one = (code: string, vi: string, en: string): InputMistake[] => [{ path, code, vi, en }];
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return one('REQUIRED', 'Thiếu thông tin bắt buộc', 'This field is required');
      return one('WRONG_TYPE', `Sai kiểu dữ liệu, cần ${issue.expected}`, `Wrong type, ${issue.expected} expected`);
    case 'too_small':
      if (issue.origin === 'string') return one('REQUIRED', 'Không được để trống', 'This field must not be empty');
      if (issue.origin === 'array')
        return one('TOO_FEW', `Cần ít nhất ${issue.minimum} mục`, `At least ${issue.minimum} needed`);
      return one('TOO_SMALL', `Không được nhỏ hơn ${issue.minimum}`, `Must not be less than ${issue.minimum}`);
    case 'too_big':
      if (issue.origin === 'string') {
        return one('TOO_LONG', `Không được dài quá ${issue.maximum} ký tự`, `At most ${issue.maximum} characters`);
      }
      if (issue.origin === 'array')
        return one('TOO_MANY', `Không được quá ${issue.maximum} mục`, `At most ${issue.maximum} entries`);
      return one('TOO_BIG', `Không được lớn hơn ${issue.maximum}`, `Must not be more than ${issue.maximum}`);
    case 'invalid_value': {
      const allowed = issue.values.map(String).join(', ');
      if (issue.input === undefined) {
        return one('REQUIRED', `Thiếu thông tin bắt buộc (${allowed})`, `This field is required (${allowed})`);
      }
      return one('NOT_ALLOWED', `Chỉ nhận một trong các giá trị: ${allowed}`, `Must be one of: ${allowed}`);
    }
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: `${path}/${pointerPart(key)}`,
        code: 'UNKNOWN_FIELD',
        vi: 'Không có mục này',
        en: 'There is no such field',
      }));
    case 'custom': {
      const { code, vi, en } = issue.params ?? {};
      return one(String(code ?? 'INVALID'), String(vi ?? 'Không hợp lệ'), String(en ?? issue.message));
    }
    default:
      return one('INVALID', 'Không hợp lệ', issue.message);
  }
}

/** RFC 6901 §3. */
const pointerPart = (key: string): string => key.replace(/~/g, '~0').replace(/\//g, '~1');
