/** What may be registered of facilities and people: shapes, spelling, and the refusal of everything else. */
import { z } from 'zod';
import { AppError, type BilingualText, type InputMistake, nfc, unprintableCharacters } from '../shared/index.ts';
import type { Clinician } from './party.ts';

const name = z
  .string()
  .transform((text) => nfc(text).trim().replace(/\s+/g, ' '))
  .pipe(z.string().min(1).max(200))
  .refine((text) => unprintableCharacters(text).length === 0);
const code = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}./_-]{0,63}$/u);
const uid = z.string().regex(/^[A-Za-z0-9]+:[A-Za-z0-9.-]{1,40}$/);
const day = z.iso.date();
const role = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);

export const NEW_FACILITY = z.strictObject({
  name,
  code,
  parentAuthority: name,
  place: name,
  uid: uid.optional(),
});

export const NEW_PATIENT = z.strictObject({
  fullName: name,
  birthDate: z.union([day, z.string().regex(/^(19|20)\d\d$/)]).optional(),
  identityNumber: code.optional(),
  insuranceNumber: code.optional(),
});

export const CLINICIAN_CONTENT = z.strictObject({
  staffCode: code,
  name,
  title: name,
  department: name,
  licence: z.strictObject({ number: code, validFrom: day, validTo: day.optional() }).optional(),
  uid: uid.optional(),
  roles: z.array(role),
});

export const NEW_DELEGATION = z
  .strictObject({ role, validFrom: day, validTo: day, documentNumber: code })
  .refine(({ validFrom, validTo }) => validFrom <= validTo, { path: ['validTo'] });

export type NewFacility = z.input<typeof NEW_FACILITY>;
export type NewPatient = z.input<typeof NEW_PATIENT>;
export type NewClinician = z.input<typeof CLINICIAN_CONTENT>;
export type NewDelegation = z.input<typeof NEW_DELEGATION>;

type ClinicianContent = Omit<Clinician, 'id' | 'facilityId' | 'active'>;

/** A person's entry, but for what only the register says of it. */
export function asClinician(content: {
  readonly staffCode: string;
  readonly name: string;
  readonly title: string;
  readonly department: string;
  readonly licence?:
    | { readonly number: string; readonly validFrom: string; readonly validTo?: string | undefined }
    | undefined;
  readonly uid?: string | undefined;
  readonly roles: readonly string[];
}): ClinicianContent {
  const { staffCode, name: fullName, title, department, licence, uid: ownUid, roles } = content;
  return {
    staffCode,
    name: fullName,
    title,
    department,
    licence: licence === undefined ? undefined : { ...licence, validTo: licence.validTo },
    uid: ownUid,
    roles: [...new Set(roles)].sort(),
  };
}

/** Only the members that were given. */
export function stated<T extends object>(change: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}

const INVALID: BilingualText = { vi: 'Giá trị không hợp lệ hoặc còn thiếu', en: 'Missing or not valid' };

/** NFC, trimmed. @throws PARTY_INVALID with every mistake. */
export function check<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue): InputMistake => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
    return { path: `/${[...issue.path, ...keys].map(String).join('/')}`, code: 'PARTY_INVALID', ...INVALID };
  });
  throw new AppError('PARTY_INVALID', { mistakes });
}
