import type { InputMistake } from '../../shared/index.ts';
import { mistakeAt } from '../content-mistakes.ts';
import type { FormPrint, PrintContext } from '../contract.ts';
import { diagnosisCodes, episodeCauses, episodeMistakes, guardianMistakes, patientFacts, vnDay } from '../episode.ts';
import type { RecordFacts } from '../facts.ts';
import {
  birthAndAge,
  diagnosisWords,
  genderWord,
  guardianWords,
  identityWords,
  longTime,
  NOTHING,
  outcomeWord,
} from '../vietnamese.ts';
import type { RecordSummary } from './schema.ts';

export function rules(content: RecordSummary, now: Date): InputMistake[] {
  return [
    ...episodeMistakes(content, now),
    ...guardianMistakes(content.patient, content.guardians, content.incapacitated, content.dischargedAt),
    ...treatmentMistakes(content),
    ...injuryMistakes(content),
  ];
}

function treatmentMistakes({ medicalTreatment, surgicalTreatment }: RecordSummary): InputMistake[] {
  if (medicalTreatment !== undefined || surgicalTreatment !== undefined) return [];
  return [
    mistakeAt(
      'medicalTreatment',
      'TREATMENT_REQUIRED',
      'Phải có điều trị nội khoa hoặc phẫu thuật, thủ thuật',
      'A medical or a surgical treatment is required',
    ),
  ];
}

/** Circular 25/2025/TT-BYT Art 8: injuries are described as they were at admission and at discharge. */
function injuryMistakes({ diagnoses, injury }: RecordSummary): InputMistake[] {
  if (injury !== undefined || !diagnoses.some(({ code }) => /^[ST]\d\d/.test(code))) return [];
  return [
    mistakeAt(
      'injury',
      'INJURY_REQUIRED',
      'Trường hợp tổn thương (mã S00–T98) phải mô tả tổn thương lúc vào viện và lúc ra viện',
      'An injury (codes S00–T98) must be described at admission and at discharge',
    ),
  ];
}

export function facts(content: RecordSummary): RecordFacts {
  const codes = diagnosisCodes(content.diagnoses);
  return {
    recordNumber: content.recordNumber,
    patient: patientFacts(content.patient),
    admittedAt: content.admittedAt,
    dischargedAt: content.dischargedAt,
    diagnoses: codes,
    outcome: content.outcome,
    causes: episodeCauses(content.causes, codes),
  };
}

const MODE_WORDS = { inpatient: 'Nội trú', 'day-patient': 'Nội trú ban ngày', outpatient: 'Ngoại trú' } as const;

export function print(content: RecordSummary, context: PrintContext): FormPrint {
  const { patient } = content;
  return {
    department: content.department,
    recordNumber: content.recordNumber,
    medicalCode: content.medicalCode,
    signedOn: vnDay(context.issuedAt),
    names: { DaiDienDonVi: content.signers?.unitRepresentative },
    body: {
      mode: MODE_WORDS[content.mode],
      fullName: patient.fullName.toLocaleUpperCase('vi'),
      birth: birthAndAge(patient.birthDate, new Date(content.dischargedAt)),
      gender: genderWord(patient.gender),
      ethnicity: patient.ethnicity,
      occupation: patient.occupation,
      workplace: patient.workplace ?? null,
      identity: identityWords(patient),
      insurance: patient.insuranceCard ?? NOTHING,
      address: patient.address,
      guardians: content.guardians === undefined ? null : guardianWords(content.guardians),
      admitted: longTime(content.admittedAt),
      discharged: longTime(content.dischargedAt),
      admissionDiagnoses: diagnosisWords(content.admissionDiagnoses),
      diagnoses: diagnosisWords(content.diagnoses),
      reason: content.reason,
      course: content.course,
      history: content.history,
      signs: content.signs,
      tests: content.tests,
      medicalTreatment: content.medicalTreatment ?? 'Không',
      surgicalTreatment: content.surgicalTreatment ?? 'Không',
      injury: content.injury ?? null,
      outcome: outcomeWord(content.outcome),
      followUp: content.followUp,
      note: content.note ?? null,
    },
  };
}
