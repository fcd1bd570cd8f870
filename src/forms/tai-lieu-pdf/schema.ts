/** A finished PDF or scanned pages of any form (Circular 32/2023/TT-BYT): only what finding and keeping it needs. */
import { z } from 'zod';
import {
  birthDate,
  calendarDay,
  causes,
  department,
  diagnoses,
  line,
  outcome,
  personName,
  recordNumber,
  vnTime,
} from '../fields.ts';

const schema = z.strictObject({
  title: line(200),
  recordNumber,
  department: department.optional(),
  /** Day the document was made or the event it tells of. */
  documentDate: calendarDay,
  patient: z.strictObject({
    fullName: personName,
    birthDate: birthDate.optional(),
    identityNumber: line(20).optional(),
  }),
  admittedAt: vnTime.optional(),
  dischargedAt: vnTime.optional(),
  diagnoses: diagnoses.optional(),
  outcome: outcome.optional(),
  causes: causes.optional(),
});

export type UploadedDocument = z.output<typeof schema>;
export default schema;
