/**
 * The fields that forms are made of, as zod schemas. Text arrives here already NFC, trimmed, with plain line feeds and
 * without control characters (`tidy`), so a schema only says what a field may be.
 */
import { z } from 'zod';
import { vnParts } from '../shared/index.ts';
import { says } from './content-mistakes.ts';
import { CAUSES, OUTCOMES } from './facts.ts';

/** One line. */
export const line = (max: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !text.includes('\n'), says('LINE_BREAK', 'Không được xuống dòng', 'Line breaks are not allowed'));

/** Running text; line feeds are kept. */
export const prose = (max: number): z.ZodString => z.string().min(1).max(max);

export const personName = line(120);

const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?\+07:00$/;

/** ISO 8601 with Vietnam's offset: `2026-03-03T08:15:00+07:00`; seconds may be left out. */
export const vnTime = z
  .string()
  .refine(
    isRealTime,
    says(
      'NOT_A_TIME',
      'Không phải là thời điểm có thật (dạng 2026-03-03T08:15:00+07:00)',
      'Not a real time (like 2026-03-03T08:15:00+07:00)',
    ),
  )
  .overwrite((text) => text.replace(/T(\d{2}:\d{2})\+/, 'T$1:00+'));

/** A real time survives the way to an instant and back; 30 February does not. */
function isRealTime(text: string): boolean {
  const written = TIME.exec(text)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (written === undefined) return false;
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) return false;
  const { year, month, day, hour, minute, second } = vnParts(instant);
  return [year, month, day, hour, minute, second].every((part, index) => part === written[index]);
}

const isRealDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && isRealTime(`${text}T00:00:00+07:00`);

/** `2026-03-14`. */
export const calendarDay = z
  .string()
  .refine(
    isRealDay,
    says('NOT_A_DAY', 'Không phải là ngày có thật (dạng 2026-03-14)', 'Not a real day (like 2026-03-14)'),
  );

/** `1958-09-05`, or `1958` where only the year is known. */
export const birthDate = z
  .string()
  .refine(
    (text) => /^(18|19|20)\d{2}$/.test(text) || isRealDay(text),
    says(
      'NOT_A_DAY',
      'Không phải là ngày sinh (dạng 1958-09-05, hoặc chỉ năm 1958)',
      'Not a date of birth (like 1958-09-05, or only 1958)',
    ),
  );

/** ICD-10, with Vietnam's two-digit subcategories and the dagger or asterisk of double coding. */
export const icdCode = z
  .string()
  .refine(
    (text) => /^[A-Z]\d{2}(\.\d{1,2})?[†*]?$/.test(text),
    says('NOT_ICD10', 'Không phải là mã ICD-10 (dạng J18.9)', 'Not an ICD-10 code (like J18.9)'),
  );

/** Main diagnosis first. */
export const diagnoses = z
  .array(z.strictObject({ code: icdCode, name: line(300) }))
  .min(1)
  .max(30);

/** Số định danh cá nhân / CCCD: 12 digits. Passport: Latin capitals and digits. */
const identity = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cccd'),
    number: z
      .string()
      .refine(
        (text) => /^\d{12}$/.test(text),
        says('NOT_A_CCCD', 'Số CCCD/định danh gồm 12 chữ số', 'A CCCD number has 12 digits'),
      ),
    issuedOn: calendarDay.optional(),
  }),
  z.strictObject({
    kind: z.literal('passport'),
    number: z
      .string()
      .refine(
        (text) => /^[A-Z0-9]{6,12}$/.test(text),
        says(
          'NOT_A_PASSPORT',
          'Số hộ chiếu gồm 6–12 chữ in hoa và chữ số',
          'A passport number has 6–12 capitals and digits',
        ),
      ),
    issuedOn: calendarDay.optional(),
  }),
]);

/** Decision 1351/QĐ-BHXH: two letters, level of benefit 1–5, province, ten digits; or the ten-digit social-insurance number alone. */
const insuranceCard = z
  .string()
  .overwrite((text) => text.replace(/[\s-]/g, '').toUpperCase())
  .refine(
    (text) => /^([A-Z]{2}[1-5]\d{2})?\d{10}$/.test(text),
    says(
      'NOT_A_BHYT_CARD',
      'Số thẻ BHYT gồm 15 ký tự (dạng HT3666612345678) hoặc 10 chữ số',
      'A BHYT card number has 15 characters (like HT3666612345678) or 10 digits',
    ),
  );

export const GENDERS = ['male', 'female', 'undetermined'] as const;

export const patient = z.strictObject({
  fullName: personName,
  birthDate,
  gender: z.enum(GENDERS),
  ethnicity: line(60),
  occupation: line(120),
  workplace: line(200).optional(),
  identity: identity.optional(),
  insuranceCard: insuranceCard.optional(),
  address: line(300),
});

/** Parents or guardian, where the patient is under 16 or lacks legal capacity. */
export const guardians = z
  .array(z.strictObject({ relation: z.enum(['father', 'mother', 'guardian']), fullName: personName }))
  .min(1)
  .max(3);

export const recordNumber = line(40);
export const medicalCode = line(40);
export const department = line(120);
export const outcome = z.enum(OUTCOMES);
export const causes = z.array(z.enum(CAUSES)).max(CAUSES.length);

export type Patient = z.output<typeof patient>;
export type Diagnosis = z.output<typeof diagnoses>[number];
export type Guardian = z.output<typeof guardians>[number];
