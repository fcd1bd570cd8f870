/** What documents say about the record they belong to: the ground for retention, and for checking one against another. */
import type { InputMistake } from '../shared/index.ts';

/** Condition at discharge (Circular 25/2025/TT-BYT, form 03). */
export const OUTCOMES = [
  'recovered',
  'improved',
  'unchanged',
  'worse',
  'died',
  'grave-discharge',
  'undetermined',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Causes and kinds of an episode for which the law keeps records longer (Circular 33/2025/TT-BYT rows 38–44). */
export const CAUSES = [
  'labour-accident',
  'traffic-accident',
  'daily-life-accident',
  'mental-illness',
  'cosmetic-surgery',
  'transplant',
  'transplant-donor',
  'transplant-recipient',
  'medical-incident',
  'clinical-trial',
] as const;
export type Cause = (typeof CAUSES)[number];

/** Absent members were not said by the document. Times are ISO 8601 with `+07:00`. */
export interface RecordFacts {
  readonly recordNumber: string;
  readonly patient: {
    readonly fullName: string;
    /** `YYYY-MM-DD`, or `YYYY` where only the year is known. */
    readonly birthDate?: string;
    /** CCCD / personal identification number, or passport number. */
    readonly identityNumber?: string;
    readonly insuranceNumber?: string;
  };
  readonly admittedAt?: string;
  readonly dischargedAt?: string;
  /** ICD-10 codes, main diagnosis first. */
  readonly diagnoses: readonly string[];
  readonly outcome?: Outcome;
  readonly causes: readonly Cause[];
}

/**
 * Where two documents of one record disagree: record number, patient, times, ICD codes (insurance refuses payment then).
 * What only one of them says is no disagreement. Mistakes carry the code `FACTS_DISAGREE` and paths like `/facts/dischargedAt`.
 */
export function crossCheckFacts(a: RecordFacts, b: RecordFacts): InputMistake[] {
  const mistakes: InputMistake[] = [];
  const compare = (path: string, left: string | undefined, right: string | undefined, vi: string, en: string): void => {
    if (left === undefined || right === undefined || left === right) return;
    mistakes.push({
      path: `/facts/${path}`,
      code: 'FACTS_DISAGREE',
      vi: `${vi} không khớp với giấy tờ khác của hồ sơ`,
      en: `${en} differs from another document of the record`,
    });
  };
  const instant = (time: string | undefined): string | undefined =>
    time === undefined ? undefined : new Date(time).toISOString();
  const codes = (list: readonly string[]): string | undefined =>
    list.length === 0 ? undefined : [...list].sort().join(' ');
  compare('recordNumber', a.recordNumber, b.recordNumber, 'Số hồ sơ', 'The record number');
  compare(
    'patient/fullName',
    caseless(a.patient.fullName),
    caseless(b.patient.fullName),
    'Họ tên người bệnh',
    "The patient's name",
  );
  compare(
    'patient/birthDate',
    ...commonPrecision(a.patient.birthDate, b.patient.birthDate),
    'Ngày sinh',
    'The date of birth',
  );
  compare(
    'patient/identityNumber',
    a.patient.identityNumber,
    b.patient.identityNumber,
    'Số định danh',
    'The identity number',
  );
  compare('admittedAt', instant(a.admittedAt), instant(b.admittedAt), 'Thời gian vào viện', 'The time of admission');
  compare(
    'dischargedAt',
    instant(a.dischargedAt),
    instant(b.dischargedAt),
    'Thời gian ra viện',
    'The time of discharge',
  );
  compare('diagnoses', codes(a.diagnoses), codes(b.diagnoses), 'Mã bệnh ICD-10', 'The list of ICD-10 codes');
  compare('outcome', a.outcome, b.outcome, 'Tình trạng ra viện', 'The condition at discharge');
  return mistakes;
}

/** Forms print names in capitals or not. */
const caseless = (name: string): string => name.toLocaleUpperCase('vi');

/** `1958` and `1958-09-05` agree as far as the shorter one goes. */
function commonPrecision(
  left: string | undefined,
  right: string | undefined,
): [string | undefined, string | undefined] {
  const length = Math.min(left?.length ?? 0, right?.length ?? 0);
  return [left?.slice(0, length), right?.slice(0, length)];
}
