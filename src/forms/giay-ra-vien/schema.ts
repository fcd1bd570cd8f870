/** Giấy ra viện (Circular 25/2025/TT-BYT Art 7, form 02): what a hospital's system sends. */
import { z } from 'zod';
import {
  calendarDay,
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
  /** The patient lacks legal capacity: guardians are required. */
  incapacitated: z.boolean().optional(),
  guardians: guardians.optional(),
  admittedAt: vnTime,
  dischargedAt: vnTime,
  diagnoses,
  treatment: prose(3_000),
  /** Termination of a pregnancy: all three or none. */
  pregnancy: z
    .strictObject({
      terminationReason: prose(300),
      terminatedAt: vnTime,
      /** Completed weeks. */
      gestationalWeeks: z.int().min(1).max(42),
    })
    .optional(),
  /** Days off work after discharge, both days included. */
  sickLeave: z.strictObject({ days: z.int().min(1), from: calendarDay, to: calendarDay }).optional(),
  note: prose(1_500).optional(),
  /** Not printed; decides how long the record is kept. */
  outcome: outcome.optional(),
  causes: causes.optional(),
  /** Printed below the boxes, where the signers are known beforehand. */
  signers: z
    .strictObject({ practitioner: personName.optional(), unitRepresentative: personName.optional() })
    .optional(),
});

export type DischargeCertificate = z.output<typeof schema>;
export default schema;
