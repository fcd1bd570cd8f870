/** Content that the law or the calendar does not allow: refused whole, with every mistake at its place. */
import { expect, test } from 'vitest';
import { settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { around, certificate, type Json, one, patient, REFUSED } from './certificates.ts';
import { everythingKept, post, refuses } from './support.ts';

const running = useAntin({ clock: settableClock(new Date('2026-06-01T02:00:00Z')), jobs: false });

test('what all cases rest on: a right certificate is kept, and the comparison sees it', async () => {
  const before = await everythingKept(running());
  const answer = await post(running(), { json: dischargeCertificate(running()) });
  expect(answer.status).toBe(201);
  const after = await everythingKept(running());
  expect(after['public.document']).toMatch(/^1 rows/);
  expect(Object.keys(after).length).toBe(Object.keys(before).length + 1);
});

refuses(running, 'missing fields', [
  { name: 'no content at all', send: around({ content: undefined }), ...REFUSED, ...one('/content', 'REQUIRED') },
  { name: 'content is null', send: around({ content: null }), ...REFUSED, ...one('/content', 'WRONG_TYPE') },
  {
    name: 'an empty content: every field that is needed is named',
    send: around({ content: {} }),
    ...REFUSED,
    mistakes: ['recordNumber', 'department', 'patient', 'admittedAt', 'dischargedAt', 'diagnoses', 'treatment'].map(
      (field) => [`/content/${field}`, 'REQUIRED'] as const,
    ),
  },
  { name: 'no patient', send: certificate({ patient: undefined }), ...REFUSED, ...one('/content/patient', 'REQUIRED') },
  {
    name: 'a patient without name, gender and address',
    send: patient({ fullName: undefined, gender: undefined, address: ' \n ' }),
    ...REFUSED,
    mistakes: [
      ['/content/patient/fullName', 'REQUIRED'],
      ['/content/patient/gender', 'REQUIRED'],
      ['/content/patient/address', 'REQUIRED'],
    ],
  },
  { name: 'no diagnosis', send: certificate({ diagnoses: [] }), ...REFUSED, ...one('/content/diagnoses', 'TOO_FEW') },
  {
    name: 'an empty request',
    send: () => ({ json: {} }),
    ...REFUSED,
    mistakes: [
      ['/type', 'REQUIRED'],
      ['/record', 'REQUIRED'],
      ['/content', 'REQUIRED'],
    ],
  },
  { name: 'a record without number', send: around({ record: {} }), ...REFUSED, ...one('/record/number', 'REQUIRED') },
  {
    name: 'a summary without any treatment, of an injury that is not described',
    send: ({ antin }) => {
      const sample = antin.forms
        .list()
        .find((form) => form.id === 'tom-tat-ho-so-benh-an')
        ?.sample();
      const { medicalTreatment: _, surgicalTreatment: __, injury: ___, ...rest } = sample as Json;
      const content = { ...rest, diagnoses: [{ code: 'S72.0', name: 'Gãy cổ xương đùi' }] };
      return { json: { type: 'tom-tat-ho-so-benh-an', record: { number: rest.recordNumber }, content } };
    },
    ...REFUSED,
    mistakes: [
      ['/content/medicalTreatment', 'TREATMENT_REQUIRED'],
      ['/content/injury', 'INJURY_REQUIRED'],
    ],
  },
  {
    name: 'mistakes around the content and in it are told together',
    send: (antin) => {
      const { content } = dischargeCertificate(antin, { treatment: undefined });
      return {
        json: { type: 'giay-ra-vien', record: { number: '../..', causes: ['bad-luck'] }, number: '#', content },
      };
    },
    ...REFUSED,
    mistakes: [
      ['/record/number', 'NUMBER_MALFORMED'],
      ['/record/causes/0', 'CAUSE_UNKNOWN'],
      ['/number', 'NUMBER_MALFORMED'],
      ['/content/treatment', 'REQUIRED'],
    ],
  },
  {
    name: 'a form that does not exist',
    send: around({ type: 'giay-khai-sinh' }),
    status: 422,
    code: 'FORM_UNKNOWN',
  },
]);

refuses(running, 'impossible dates', [
  {
    name: '30 February and 25 o’clock',
    send: certificate({ admittedAt: '2026-02-30T08:00:00+07:00', dischargedAt: '2026-03-14T25:30:00+07:00' }),
    ...REFUSED,
    mistakes: [
      ['/content/admittedAt', 'NOT_A_TIME'],
      ['/content/dischargedAt', 'NOT_A_TIME'],
    ],
  },
  {
    name: 'discharged before admitted',
    send: certificate({ admittedAt: '2026-03-14T10:30:00+07:00', dischargedAt: '2026-03-14T10:29:59+07:00' }),
    ...REFUSED,
    ...one('/content/dischargedAt', 'DISCHARGE_BEFORE_ADMISSION'),
  },
  {
    name: 'discharged tomorrow',
    send: certificate({ dischargedAt: '2026-06-02T10:30:00+07:00', sickLeave: undefined }),
    ...REFUSED,
    ...one('/content/dischargedAt', 'IN_FUTURE'),
  },
  {
    name: 'a time without, and one with another offset',
    send: certificate({ admittedAt: '2026-03-03T08:15:00', dischargedAt: '2026-03-14T10:30:00Z' }),
    ...REFUSED,
    mistakes: [
      ['/content/admittedAt', 'NOT_A_TIME'],
      ['/content/dischargedAt', 'NOT_A_TIME'],
    ],
  },
  {
    name: 'born after admission',
    send: patient({ birthDate: '2026-03-04' }),
    ...REFUSED,
    mistakes: [
      ['/content/patient/birthDate', 'BORN_AFTER_ADMISSION'],
      ['/content/guardians', 'GUARDIAN_REQUIRED'],
    ],
  },
  {
    name: 'a birthday of no calendar',
    send: patient({ birthDate: '1957-02-29' }),
    ...REFUSED,
    ...one('/content/patient/birthDate', 'NOT_A_DAY'),
  },
  {
    name: 'years with too many digits, signs and words',
    send: certificate({ admittedAt: '+012026-03-03T08:15:00+07:00', dischargedAt: 'hôm qua' }),
    ...REFUSED,
    mistakes: [
      ['/content/admittedAt', 'NOT_A_TIME'],
      ['/content/dischargedAt', 'NOT_A_TIME'],
    ],
  },
  {
    name: 'an identity card issued in the future',
    send: patient({ identity: { kind: 'cccd', number: '066158000123', issuedOn: '2030-01-01' } }),
    ...REFUSED,
    ...one('/content/patient/identity/issuedOn', 'IN_FUTURE'),
  },
  {
    name: 'a discharge of the year 1900, before any form was in force',
    send: certificate({ admittedAt: '1899-12-31T08:00:00+07:00', dischargedAt: '1900-01-01T08:00:00+07:00' }),
    status: 422,
    code: 'FORM_UNKNOWN',
  },
]);

const leave = (days: unknown, from: string, to: string): Json => ({ sickLeave: { days, from, to } });

refuses(running, 'leave days over the limit', [
  {
    name: '31 days for an ordinary illness',
    send: certificate(leave(31, '2026-03-14', '2026-04-13')),
    ...REFUSED,
    ...one('/content/sickLeave/days', 'LEAVE_TOO_LONG'),
  },
  {
    name: '51 days after the loss of a pregnancy of 13 weeks',
    send: certificate({
      ...leave(51, '2026-03-14', '2026-05-03'),
      pregnancy: {
        terminationReason: 'Thai lưu',
        terminatedAt: '2026-03-10T08:00:00+07:00',
        gestationalWeeks: 13,
      },
    }),
    ...REFUSED,
    ...one('/content/sickLeave/days', 'LEAVE_TOO_LONG'),
  },
  {
    name: '31 days after the loss of a pregnancy of 12 weeks',
    send: certificate({
      ...leave(31, '2026-03-14', '2026-04-13'),
      pregnancy: {
        terminationReason: 'Thai lưu',
        terminatedAt: '2026-03-10T08:00:00+07:00',
        gestationalWeeks: 12,
      },
    }),
    ...REFUSED,
    ...one('/content/sickLeave/days', 'LEAVE_TOO_LONG'),
  },
  {
    name: '181 days for tuberculosis',
    send: certificate({
      ...leave(181, '2026-03-14', '2026-09-10'),
      diagnoses: [{ code: 'A15.0', name: 'Lao phổi, xác nhận bằng soi đờm' }],
    }),
    ...REFUSED,
    ...one('/content/sickLeave/days', 'LEAVE_TOO_LONG'),
  },
  {
    name: 'more days than lie between the dates',
    send: certificate(leave(8, '2026-03-14', '2026-03-20')),
    ...REFUSED,
    ...one('/content/sickLeave/days', 'LEAVE_DAYS_WRONG'),
  },
  {
    name: 'a leave that starts before discharge and ends before it starts',
    send: certificate(leave(2, '2026-03-13', '2026-03-11')),
    ...REFUSED,
    mistakes: [
      ['/content/sickLeave/to', 'LEAVE_ENDS_BEFORE_START'],
      ['/content/sickLeave/from', 'LEAVE_BEFORE_DISCHARGE'],
    ],
  },
  {
    name: 'no day, half a day, as a word',
    send: certificate(leave(0, '2026-03-14', '2026-03-14')),
    ...REFUSED,
    ...one('/content/sickLeave/days', 'TOO_SMALL'),
  },
  {
    name: 'half a day',
    send: certificate(leave(0.5, '2026-03-14', '2026-03-14')),
    ...REFUSED,
    ...one('/content/sickLeave/days', 'WRONG_TYPE'),
  },
  {
    name: 'more days than a number holds',
    send: certificate(leave(1e300, '2026-03-14', '2026-03-14')),
    status: 422,
    code: 'CONTENT_INVALID',
  },
]);

refuses(running, 'guardian missing', [
  {
    name: 'a newborn',
    send: patient({ birthDate: '2026-03-03' }),
    ...REFUSED,
    ...one('/content/guardians', 'GUARDIAN_REQUIRED'),
  },
  {
    name: 'one day before the sixteenth birthday',
    send: patient({ birthDate: '2010-03-15' }),
    ...REFUSED,
    ...one('/content/guardians', 'GUARDIAN_REQUIRED'),
  },
  {
    name: 'only the year of birth is known, and it is less than 16 years ago',
    send: patient({ birthDate: '2011' }),
    ...REFUSED,
    ...one('/content/guardians', 'GUARDIAN_REQUIRED'),
  },
  {
    name: 'an adult without legal capacity',
    send: certificate({ incapacitated: true }),
    ...REFUSED,
    ...one('/content/guardians', 'GUARDIAN_REQUIRED'),
  },
  {
    name: 'an empty list of guardians',
    send: certificate({ incapacitated: true, guardians: [] }),
    ...REFUSED,
    ...one('/content/guardians', 'TOO_FEW'),
  },
  {
    name: 'a guardian without a name, and one of no known relation',
    send: certificate({ guardians: [{ relation: 'mother' }, { relation: 'neighbour', fullName: 'Lê Thị Ví Dụ' }] }),
    ...REFUSED,
    mistakes: [
      ['/content/guardians/0/fullName', 'REQUIRED'],
      ['/content/guardians/1/relation', 'NOT_ALLOWED'],
    ],
  },
]);
