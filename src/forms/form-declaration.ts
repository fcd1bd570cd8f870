/** `form.yaml`, read strictly: a slip there would be signed thousands of times. */
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError, type InputMistake } from '../shared/index.ts';
import type { FormDeclaration } from './contract.ts';

const words = z.strictObject({ vi: z.string().min(1), en: z.string().min(1) });
const day = z.iso.date();

const declaration = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{1,60}$/, 'lower-case letters, digits and hyphens'),
  title: words,
  legalBasis: z.string().min(1),
  inForce: z.strictObject({ from: day, to: day.optional() }),
  eventField: z.string().min(1),
  source: z.enum(['content', 'pdf']),
  slots: z
    .array(
      z.strictObject({
        field: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'ASCII letters and digits'),
        role: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens'),
        kind: z.enum(['person', 'seal']),
        title: words,
        hint: words,
        order: z.int().min(1),
      }),
    )
    .min(1)
    .refine((slots) => new Set(slots.map((slot) => slot.field)).size === slots.length, 'field names must differ')
    .refine(sealComesLast, 'the seal must come after every person'),
  certify: z.union([z.literal(2), z.literal('none')]),
  timestamps: z.enum(['each-signature', 'final-only']),
});

function sealComesLast(slots: readonly { kind: string; order: number }[]): boolean {
  const firstSeal = Math.min(...slots.filter((slot) => slot.kind === 'seal').map((slot) => slot.order));
  return slots.every((slot) => slot.kind === 'seal' || slot.order < firstSeal);
}

/** Throws `FORM_INVALID` with every mistake; `folder` names the form in the message. Slots come back in signing order. */
export function readFormDeclaration(yaml: string, folder: string): FormDeclaration {
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (cause) {
    throw formInvalid(folder, [wrong('form.yaml', 'no YAML', cause instanceof Error ? cause.message : String(cause))]);
  }
  const result = declaration.safeParse(value);
  if (!result.success) {
    throw formInvalid(
      folder,
      result.error.issues.map((issue) => wrong(`form.yaml/${issue.path.join('/')}`, issue.code, issue.message)),
    );
  }
  return { ...result.data, slots: result.data.slots.toSorted((a, b) => a.order - b.order) };
}

export function formInvalid(folder: string, mistakes: readonly InputMistake[]): AppError {
  const list = mistakes.map((mistake) => `${mistake.path}: ${mistake.en}`).join('; ');
  return new AppError('FORM_INVALID', {
    detail: { vi: `Mẫu giấy tờ “${folder}”: ${list}`, en: `Form "${folder}": ${list}` },
    mistakes,
  });
}

export function wrong(path: string, code: string, message: string): InputMistake {
  return { path, code: code.toUpperCase().replace(/\W/g, '_'), vi: message, en: message };
}
