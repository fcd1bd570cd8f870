/** Tóm tắt hồ sơ bệnh án (Circular 25/2025/TT-BYT Art 8, form 03): what a hospital's system sends. */
import { z } from 'zod';
import {
  causes,
  department,
  diagnoses,
  guardians,
  medicalCode,
  outcome,
  patient,
  personName,
  prose,
  recordNumber,
  vnTime,
} from '../fields.ts';

const schema = z.strictObject({
  recordNumber,
  medicalCode: medicalCode.optional(),
  department,
  patient,
  incapacitated: z.boolean().optional(),
  guardians: guardians.optional(),
  mode: z.enum(['inpatient', 'day-patient', 'outpatient']),
  admittedAt: vnTime,
  dischargedAt: vnTime,
  admissionDiagnoses: diagnoses,
  /** At discharge; the ones other documents of the record are compared with. */
  diagnoses,
  reason: prose(1_000),
  course: prose(8_000),
  history: prose(3_000),
  signs: prose(3_000),
  tests: prose(8_000),
  /** Left out: none was given. */
  medicalTreatment: prose(4_000).optional(),
  surgicalTreatment: prose(4_000).optional(),
  /** Required with an injury (ICD-10 S00–T98). */
  injury: z.strictObject({ atAdmission: prose(2_000), atDischarge: prose(2_000) }).optional(),
  outcome,
  followUp: prose(3_000),
  note: prose(1_500).optional(),
  causes: causes.optional(),
  signers: z.strictObject({ unitRepresentative: personName.optional() }).optional(),
});

export type RecordSummary = z.output<typeof schema>;
export default schema;
