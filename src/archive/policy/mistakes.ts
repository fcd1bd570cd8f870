import { z } from 'zod';
import type { InputMistake } from '../../shared/index.ts';

const vietnamese = z.locales.vi().localeError;

/** `input` as the schema reads it, or every mistake in both languages, with JSON pointers below `base`. */
export function parseOrMistakes<T extends z.ZodType>(
  schema: T,
  input: unknown,
  code: string,
  base = '',
): { readonly value: z.output<T> } | { readonly mistakes: readonly InputMistake[] } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { value: parsed.data };
  const inVietnamese = schema.safeParse(input, { error: vietnamese }).error?.issues ?? [];
  const mistakes = parsed.error.issues.map((issue, index) => ({
    path: `${base}${issue.path.map((part) => `/${String(part)}`).join('')}`,
    code,
    vi: inVietnamese[index]?.message ?? issue.message,
    en: issue.message,
  }));
  return { mistakes };
}
