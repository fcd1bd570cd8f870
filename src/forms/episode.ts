/** What holds for every document of a stay, whatever the form. */
import { type InputMistake, vnParts } from '../shared/index.ts';
import { mistakeAt } from './content-mistakes.ts';
import type { Cause, RecordFacts } from './facts.ts';
import type { Diagnosis, Guardian, Patient } from './fields.ts';

export interface Episode {
  readonly patient: Patient;
  readonly admittedAt: string;
  readonly dischargedAt: string;
}

/** Order of birth, admission, discharge; nothing after `now`. */
export function episodeMistakes({ patient, admittedAt, dischargedAt }: Episode, now: Date): InputMistake[] {
  const mistakes: InputMistake[] = [];
  const admitted = new Date(admittedAt);
  const discharged = new Date(dischargedAt);
  if (discharged < admitted) {
    mistakes.push(
      mistakeAt(
        'dischargedAt',
        'DISCHARGE_BEFORE_ADMISSION',
        'Thời gian ra viện trước thời gian vào viện',
        'Discharge lies before admission',
      ),
    );
  }
  for (const [path, time] of [
    ['admittedAt', admitted],
    ['dischargedAt', discharged],
  ] as const) {
    if (time > now)
      mistakes.push(mistakeAt(path, 'IN_FUTURE', 'Thời gian muộn hơn hiện tại', 'The time lies in the future'));
  }
  if (patient.birthDate > vnDay(admitted).slice(0, patient.birthDate.length)) {
    mistakes.push(
      mistakeAt(
        'patient/birthDate',
        'BORN_AFTER_ADMISSION',
        'Ngày sinh sau ngày vào viện',
        'The date of birth lies after admission',
      ),
    );
  }
  const issuedOn = patient.identity?.issuedOn;
  if (issuedOn !== undefined && issuedOn > vnDay(now)) {
    mistakes.push(
      mistakeAt(
        'patient/identity/issuedOn',
        'IN_FUTURE',
        'Ngày cấp sau ngày hôm nay',
        'The day of issue lies in the future',
      ),
    );
  }
  return mistakes;
}

/** Circular 25/2025/TT-BYT Art 7: parents or guardian are named for a patient under 16 or without legal capacity. */
export function guardianMistakes(
  patient: Patient,
  guardians: readonly Guardian[] | undefined,
  incapacitated: boolean | undefined,
  dischargedAt: string,
): InputMistake[] {
  const minor = ageInYears(patient.birthDate, new Date(dischargedAt)) < 16;
  if ((!minor && incapacitated !== true) || guardians !== undefined) return [];
  return [
    mistakeAt(
      'guardians',
      'GUARDIAN_REQUIRED',
      minor
        ? 'Người bệnh dưới 16 tuổi phải có họ tên cha, mẹ hoặc người giám hộ'
        : 'Người bệnh mất năng lực hành vi dân sự phải có họ tên cha, mẹ hoặc người giám hộ',
      minor
        ? 'Parents or guardian are required for a patient under 16'
        : 'Parents or guardian are required for a patient without legal capacity',
    ),
  ];
}

/** Completed years. Of a bare year: the difference of years, so that doubt counts as older. */
export function ageInYears(birthDate: string, at: Date): number {
  const today = vnDay(at);
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4));
  return birthDate.length === 10 && today.slice(5) < birthDate.slice(5) ? years - 1 : years;
}

/** Completed months; only for a full date of birth. */
export function ageInMonths(birthDate: string, at: Date): number {
  const today = vnDay(at);
  const months =
    (Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4))) * 12 +
    Number(today.slice(5, 7)) -
    Number(birthDate.slice(5, 7));
  return today.slice(8) < birthDate.slice(8) ? months - 1 : months;
}

/** The Vietnamese calendar day of an instant, `YYYY-MM-DD`. */
export function vnDay(instant: Date): string {
  const { year, month, day } = vnParts(instant);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/**
 * What the sender stated and what the codes say by themselves: F00–F99 mental illness, V01–V89 traffic accident,
 * Z52 donor of organs or tissue. A cause can only lengthen retention, so the codes add and never remove.
 */
export function episodeCauses(stated: readonly Cause[] | undefined, codes: readonly string[]): Cause[] {
  const causes = new Set(stated);
  for (const code of codes) {
    if (/^F\d\d/.test(code)) causes.add('mental-illness');
    if (/^V(0[1-9]|[1-8]\d)/.test(code)) causes.add('traffic-accident');
    if (/^Z52/.test(code)) causes.add('transplant-donor');
  }
  return [...causes].sort();
}

/** The part of the facts that comes from the patient's identity. */
export function patientFacts(patient: Patient): RecordFacts['patient'] {
  return {
    fullName: patient.fullName,
    birthDate: patient.birthDate,
    ...(patient.identity && { identityNumber: patient.identity.number }),
    ...(patient.insuranceCard && { insuranceNumber: patient.insuranceCard }),
  };
}

/** Codes without the dagger and asterisk of double coding, each once. */
export function diagnosisCodes(diagnoses: readonly Diagnosis[]): string[] {
  return [...new Set(diagnoses.map(({ code }) => code.replace(/[†*]$/, '')))];
}
