/** Values as Vietnamese papers write them. */
import { vnParts } from '../shared/index.ts';
import { ageInMonths, ageInYears } from './episode.ts';
import type { Outcome } from './facts.ts';
import type { Diagnosis, Guardian, Patient } from './fields.ts';

/** `08 giờ 15 phút, ngày 03 tháng 03 năm 2026`. */
export function longTime(iso: string): string {
  const { year, month, day, hour, minute } = vnParts(new Date(iso));
  return `${two(hour)} giờ ${two(minute)} phút, ngày ${two(day)} tháng ${two(month)} năm ${year}`;
}

/** `ngày 14 tháng 03 năm 2026`, from `2026-03-14`. */
export function longDay(day: string): string {
  const [year = '', month = '', date = ''] = day.split('-');
  return `ngày ${date} tháng ${month} năm ${year}`;
}

/** `14/03/2026`, from `2026-03-14`; a bare year stays a year. */
export function shortDay(day: string): string {
  return day.split('-').reverse().join('/');
}

/** `05/09/1958 (67 tuổi)`; under 72 months in months, under one month without age. */
export function birthAndAge(birthDate: string, at: Date): string {
  if (birthDate.length === 10) {
    const months = ageInMonths(birthDate, at);
    if (months < 1) return shortDay(birthDate);
    if (months < 72) return `${shortDay(birthDate)} (${months} tháng tuổi)`;
  }
  return `${shortDay(birthDate)} (${ageInYears(birthDate, at)} tuổi)`;
}

const GENDER_WORDS = { male: 'Nam', female: 'Nữ', undetermined: 'Chưa xác định' } as const;
export const genderWord = (gender: Patient['gender']): string => GENDER_WORDS[gender];

/** `066158000123, cấp ngày 12/07/2021`. */
export function identityWords(patient: Patient): string {
  if (patient.identity === undefined) return NOTHING;
  const { number, issuedOn } = patient.identity;
  return issuedOn === undefined ? number : `${number}, cấp ngày ${shortDay(issuedOn)}`;
}

/** `J18.9 – Viêm phổi, tác nhân không xác định; I10 – Tăng huyết áp vô căn (nguyên phát)`. */
export const diagnosisWords = (diagnoses: readonly Diagnosis[]): string =>
  diagnoses.map(({ code, name }) => `${code} – ${name}`).join('; ');

const RELATION_WORDS = { father: 'Cha', mother: 'Mẹ', guardian: 'Người giám hộ' } as const;

/** `Cha: Trần Văn Mẫu; Mẹ: Lê Thị Ví Dụ`. */
export const guardianWords = (guardians: readonly Guardian[]): string =>
  guardians.map(({ relation, fullName }) => `${RELATION_WORDS[relation]}: ${fullName}`).join('; ');

const OUTCOME_WORDS: Record<Outcome, string> = {
  recovered: 'Khỏi',
  improved: 'Đỡ',
  unchanged: 'Không thay đổi',
  worse: 'Nặng hơn',
  died: 'Tử vong',
  'grave-discharge': 'Tiên lượng nặng xin về',
  undetermined: 'Chưa xác định',
};
export const outcomeWord = (outcome: Outcome): string => OUTCOME_WORDS[outcome];

/** A field the law prints, for which there is nothing to say. */
export const NOTHING = 'Không có';

const two = (value: number): string => String(value).padStart(2, '0');
