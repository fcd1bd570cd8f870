import type { InputMistake } from '../../shared/index.ts';
import { mistakeAt } from '../content-mistakes.ts';
import type { FormPrint } from '../contract.ts';
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
  shortDay,
} from '../vietnamese.ts';
import type { DischargeCertificate } from './schema.ts';

export function rules(content: DischargeCertificate, now: Date): InputMistake[] {
  return [
    ...episodeMistakes(content, now),
    ...guardianMistakes(content.patient, content.guardians, content.incapacitated, content.dischargedAt),
    ...pregnancyMistakes(content),
    ...sickLeaveMistakes(content),
  ];
}

function pregnancyMistakes({ patient, pregnancy, dischargedAt }: DischargeCertificate): InputMistake[] {
  if (pregnancy === undefined) return [];
  const mistakes: InputMistake[] = [];
  if (patient.gender === 'male') {
    mistakes.push(
      mistakeAt(
        'pregnancy',
        'NOT_FEMALE',
        'Người bệnh nam không thể có thông tin đình chỉ thai nghén',
        'A male patient has no pregnancy',
      ),
    );
  }
  if (new Date(pregnancy.terminatedAt) > new Date(dischargedAt)) {
    mistakes.push(
      mistakeAt(
        'pregnancy/terminatedAt',
        'AFTER_DISCHARGE',
        'Thời gian đình chỉ thai nghén sau thời gian ra viện',
        'The termination lies after discharge',
      ),
    );
  }
  return mistakes;
}

const DAY_MS = 86_400_000;

function sickLeaveMistakes(content: DischargeCertificate): InputMistake[] {
  const leave = content.sickLeave;
  if (leave === undefined) return [];
  const mistakes: InputMistake[] = [];
  const { days, from, to } = leave;
  const span = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (span < 1) {
    mistakes.push(
      mistakeAt(
        'sickLeave/to',
        'LEAVE_ENDS_BEFORE_START',
        'Ngày kết thúc nghỉ trước ngày bắt đầu nghỉ',
        'The leave ends before it starts',
      ),
    );
  } else if (span !== days) {
    mistakes.push(
      mistakeAt(
        'sickLeave/days',
        'LEAVE_DAYS_WRONG',
        `Từ ngày bắt đầu đến hết ngày kết thúc là ${span} ngày, không phải ${days} ngày`,
        `From the first to the last day it is ${span} days, not ${days}`,
      ),
    );
  }
  if (from < vnDay(new Date(content.dischargedAt))) {
    mistakes.push(
      mistakeAt(
        'sickLeave/from',
        'LEAVE_BEFORE_DISCHARGE',
        'Ngày bắt đầu nghỉ trước ngày ra viện',
        'The leave starts before discharge',
      ),
    );
  }
  const limit = leaveLimit(content);
  if (days > limit) {
    mistakes.push(
      mistakeAt(
        'sickLeave/days',
        'LEAVE_TOO_LONG',
        `Số ngày nghỉ tối đa là ${limit}`,
        `At most ${limit} days of leave are allowed`,
      ),
    );
  }
  return mistakes;
}

/** Circular 25/2025/TT-BYT Art 7: 30 days; 50 after the loss of a pregnancy of 13 weeks or more; 180 for tuberculosis (A15–A19). */
function leaveLimit({ diagnoses, pregnancy }: DischargeCertificate): number {
  if (diagnoses.some(({ code }) => /^A1[5-9]/.test(code))) return 180;
  return pregnancy !== undefined && pregnancy.gestationalWeeks >= 13 ? 50 : 30;
}

export function facts(content: DischargeCertificate): RecordFacts {
  const codes = diagnosisCodes(content.diagnoses);
  return {
    recordNumber: content.recordNumber,
    patient: patientFacts(content.patient),
    admittedAt: content.admittedAt,
    dischargedAt: content.dischargedAt,
    diagnoses: codes,
    ...(content.outcome && { outcome: content.outcome }),
    causes: episodeCauses(content.causes, codes),
  };
}

export function print(content: DischargeCertificate): FormPrint {
  const { patient, pregnancy, sickLeave } = content;
  const discharged = new Date(content.dischargedAt);
  return {
    department: content.department,
    recordNumber: content.recordNumber,
    medicalCode: content.medicalCode,
    // XML7 of Decision 3176/QĐ-BYT: the day of the certificate is the day of discharge.
    signedOn: vnDay(discharged),
    names: { NguoiHanhNghe: content.signers?.practitioner, DaiDienDonVi: content.signers?.unitRepresentative },
    body: {
      fullName: patient.fullName.toLocaleUpperCase('vi'),
      birth: birthAndAge(patient.birthDate, discharged),
      gender: genderWord(patient.gender),
      ethnicity: patient.ethnicity,
      occupation: patient.occupation,
      identity: identityWords(patient),
      insurance: patient.insuranceCard ?? NOTHING,
      address: patient.address,
      guardians: content.guardians === undefined ? null : guardianWords(content.guardians),
      admitted: longTime(content.admittedAt),
      discharged: longTime(content.dischargedAt),
      diagnoses: diagnosisWords(content.diagnoses),
      pregnancy:
        pregnancy === undefined
          ? null
          : `${pregnancy.terminationReason}; lúc ${longTime(pregnancy.terminatedAt)}; tuổi thai ${pregnancy.gestationalWeeks} tuần`,
      treatment: content.treatment,
      sickLeave:
        sickLeave === undefined
          ? null
          : `${sickLeave.days} ngày, từ ngày ${shortDay(sickLeave.from)} đến hết ngày ${shortDay(sickLeave.to)}`,
      note: content.note ?? null,
    },
  };
}
