import type { InputMistake } from '../../shared/index.ts';
import { mistakeAt } from '../content-mistakes.ts';
import { diagnosisCodes, episodeCauses, vnDay } from '../episode.ts';
import type { RecordFacts } from '../facts.ts';
import type { UploadedDocument } from './schema.ts';

export function rules({ documentDate, admittedAt, dischargedAt }: UploadedDocument, now: Date): InputMistake[] {
  const mistakes: InputMistake[] = [];
  if (documentDate > vnDay(now)) {
    mistakes.push(
      mistakeAt(
        'documentDate',
        'IN_FUTURE',
        'Ngày của tài liệu sau ngày hôm nay',
        'The day of the document lies in the future',
      ),
    );
  }
  for (const [path, time] of [
    ['admittedAt', admittedAt],
    ['dischargedAt', dischargedAt],
  ] as const) {
    if (time !== undefined && new Date(time) > now) {
      mistakes.push(mistakeAt(path, 'IN_FUTURE', 'Thời gian muộn hơn hiện tại', 'The time lies in the future'));
    }
  }
  if (admittedAt !== undefined && dischargedAt !== undefined && new Date(dischargedAt) < new Date(admittedAt)) {
    mistakes.push(
      mistakeAt(
        'dischargedAt',
        'DISCHARGE_BEFORE_ADMISSION',
        'Thời gian ra viện trước thời gian vào viện',
        'Discharge lies before admission',
      ),
    );
  }
  return mistakes;
}

export function facts(content: UploadedDocument): RecordFacts {
  const codes = diagnosisCodes(content.diagnoses ?? []);
  const { fullName, birthDate, identityNumber } = content.patient;
  return {
    recordNumber: content.recordNumber,
    patient: { fullName, ...(birthDate && { birthDate }), ...(identityNumber && { identityNumber }) },
    ...(content.admittedAt && { admittedAt: content.admittedAt }),
    ...(content.dischargedAt && { dischargedAt: content.dischargedAt }),
    diagnoses: codes,
    ...(content.outcome && { outcome: content.outcome }),
    causes: episodeCauses(content.causes, codes),
  };
}
