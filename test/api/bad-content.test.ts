/** Content that a hospital's system got wrong: refused whole, with every mistake at its place. */
import { expect, test } from 'vitest';
import { settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, type RunningAntin, useAntin } from '../support/antin.ts';
import { type BadInput, everythingKept, pdfMetadata, post, refuses, type Sent, upload } from './support.ts';

const running = useAntin({ clock: settableClock(new Date('2026-06-01T02:00:00Z')), jobs: false });

type Json = Record<string, unknown>;
const REFUSED = { status: 422, code: 'CONTENT_INVALID' } as const;

/** A certificate with some fields of its content changed; `undefined` leaves a field out. */
const certificate =
  (change: Json) =>
  (antin: RunningAntin): Sent => ({ json: dischargeCertificate(antin, change) });

/** A certificate whose patient is changed. */
const patient =
  (change: Json) =>
  (antin: RunningAntin): Sent => {
    const intake = dischargeCertificate(antin);
    const { patient: person } = intake.content as { patient?: object };
    return { json: { ...intake, content: { ...intake.content, patient: { ...person, ...change } } } };
  };

/** The request around the content is changed. */
const around =
  (change: Json) =>
  (antin: RunningAntin): Sent => ({ json: { ...dischargeCertificate(antin), ...change } });

/** A body of text, as it stands. */
const text = (body: string | Uint8Array<ArrayBuffer>) => (): Sent => ({
  body,
  headers: { 'content-type': 'application/json' },
});

/** A certificate whose JSON text is spoiled. */
const spoiled =
  (spoil: (json: string) => string) =>
  (antin: RunningAntin): Sent =>
    text(spoil(JSON.stringify(dischargeCertificate(antin))))();

const one = (path: string, code: string): Pick<BadInput, 'mistakes'> => ({ mistakes: [[path, code]] });

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

const MALFORMED = { status: 400, code: 'REQUEST_MALFORMED' } as const;

refuses(running, 'broken JSON', [
  { name: 'nothing', send: text(''), ...MALFORMED },
  { name: 'cut off in the middle', send: spoiled((json) => json.slice(0, json.length / 2)), ...MALFORMED },
  { name: 'a comma too many', send: spoiled((json) => json.replace('{', '{,')), ...MALFORMED },
  { name: 'single quotes', send: spoiled((json) => json.replaceAll('"', "'")), ...MALFORMED },
  { name: 'two values', send: spoiled((json) => json + json), ...MALFORMED },
  { name: 'NaN', send: text('{"type":NaN}'), ...MALFORMED },
  { name: 'a byte that is no UTF-8', send: text(new Uint8Array([0x22, 0xc3, 0x28, 0x22])), ...MALFORMED },
  { name: 'UTF-16', send: text(new Uint8Array(Buffer.from('{"type":"giay-ra-vien"}', 'utf16le'))), ...MALFORMED },
  { name: 'a million brackets', send: text('['.repeat(1_000_000)), ...MALFORMED },
  {
    name: 'a form instead of JSON',
    send: () => ({ body: new URLSearchParams({ type: 'giay-ra-vien' }) }),
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED',
  },
  { name: 'broken JSON as metadata of an upload', send: () => upload('{"type":', '%PDF-1.7'), ...MALFORMED },
]);

refuses(running, 'wrong types', [
  ...(['text', 42, true, null, []] as const).map((value) => ({
    name: `the request is ${JSON.stringify(value)}`,
    send: () => ({ json: value }),
    ...REFUSED,
    ...one('', 'WRONG_TYPE'),
  })),
  { name: 'content is text', send: around({ content: 'nội dung' }), ...REFUSED, ...one('/content', 'WRONG_TYPE') },
  { name: 'content is a list', send: around({ content: [] }), ...REFUSED, ...one('/content', 'WRONG_TYPE') },
  {
    name: 'a number as name, a list as birthday, an object as address',
    send: patient({ fullName: 7, birthDate: [1958], address: {} }),
    ...REFUSED,
    mistakes: [
      ['/content/patient/fullName', 'WRONG_TYPE'],
      ['/content/patient/birthDate', 'WRONG_TYPE'],
      ['/content/patient/address', 'WRONG_TYPE'],
    ],
  },
  {
    name: 'fields that the form does not have, also with names that JavaScript treats as its own',
    send: spoiled((json) =>
      json.replace('"content":{', '"content":{"__proto__":{"x":1},"constructor":1,"a/b~c":2,"toString":null,'),
    ),
    ...REFUSED,
    mistakes: ['__proto__', 'constructor', 'a~1b~0c', 'toString'].map(
      (key) => [`/content/${key}`, 'UNKNOWN_FIELD'] as const,
    ),
  },
  {
    name: 'fields that the request does not have',
    send: around({ facilityId: 'x', __prototype: 1 }),
    ...REFUSED,
    mistakes: [
      ['/facilityId', 'UNKNOWN_FIELD'],
      ['/__prototype', 'UNKNOWN_FIELD'],
    ],
  },
  {
    name: 'content nested a thousand deep',
    send: around({ content: JSON.parse(`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`) }),
    ...REFUSED,
    ...one('/content', 'WRONG_TYPE'),
  },
  {
    name: 'supersedes no id',
    send: around({ supersedes: 'the old one' }),
    ...REFUSED,
    mistakes: [['/supersedes', 'INVALID']],
  },
  {
    name: 'codes that are none: ICD-10, card of identity, card of insurance',
    send: (antin) => {
      const { json } = patient({
        identity: { kind: 'cccd', number: '12 chữ số' },
        insuranceCard: 'HT9',
      })(antin) as { json: { content: Json } };
      return { json: { ...json, content: { ...json.content, diagnoses: [{ code: 'viêm phổi', name: 'Viêm phổi' }] } } };
    },
    ...REFUSED,
    mistakes: [
      ['/content/patient/identity/number', 'NOT_A_CCCD'],
      ['/content/patient/insuranceCard', 'NOT_A_BHYT_CARD'],
      ['/content/diagnoses/0/code', 'NOT_ICD10'],
    ],
  },
]);

refuses(running, 'oversize', [
  {
    name: 'a JSON body of three megabytes',
    send: (antin) => certificate({ note: 'a'.repeat(3 * 1024 * 1024) })(antin),
    status: 413,
    code: 'REQUEST_TOO_LARGE',
  },
  {
    name: 'a length that is announced and not sent',
    send: (antin) => ({ ...certificate({})(antin), headers: { 'content-length': String(10 ** 12) } }),
    status: 413,
    code: 'REQUEST_TOO_LARGE',
  },
  {
    name: 'a file larger than MAX_PDF_BYTES',
    send: (antin) => upload(pdfMetadata(antin), new Uint8Array(25 * 1024 * 1024)),
    status: 413,
    code: 'REQUEST_TOO_LARGE',
  },
  {
    name: 'a file just over MAX_PDF_BYTES, within the allowance for the multipart frame',
    send: (antin) => upload(pdfMetadata(antin), new Uint8Array(21 * 1024 * 1024)),
    status: 413,
    code: 'REQUEST_TOO_LARGE',
  },
  {
    name: 'many pictures that are too much together',
    send: (antin) => {
      const page = new Uint8Array(3 * 1024 * 1024);
      page.set([0xff, 0xd8, 0xff]);
      return upload(pdfMetadata(antin), ...Array.from({ length: 7 }, () => page));
    },
    status: 413,
    code: 'REQUEST_TOO_LARGE',
  },
  {
    name: 'texts longer than their fields, and too many diagnoses',
    send: (antin) => {
      const { json } = patient({ fullName: 'Ă'.repeat(121) })(antin) as { json: { content: Json } };
      const diagnoses = Array.from({ length: 31 }, () => ({ code: 'I10', name: 'Tăng huyết áp' }));
      return { json: { ...json, content: { ...json.content, treatment: 'a'.repeat(3001), diagnoses } } };
    },
    ...REFUSED,
    mistakes: [
      ['/content/patient/fullName', 'TOO_LONG'],
      ['/content/treatment', 'TOO_LONG'],
      ['/content/diagnoses', 'TOO_MANY'],
    ],
  },
  {
    name: 'a hundred thousand unknown fields',
    send: (antin) => {
      const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]));
      return certificate(many)(antin);
    },
    status: 422,
    code: 'CONTENT_INVALID',
  },
]);

refuses(running, 'NUL and control characters', [
  ...(
    ['\0', '\u0007', '\u001b[31m', '\u0085', '\u200b', '\u202e', '\ufeff', '\ue000', '\ufffd', '\u2028'] as const
  ).map((character) => ({
    name: `U+${character.codePointAt(0)?.toString(16).padStart(4, '0')} in the name`,
    send: patient({ fullName: `Nguyễn Thị${character} Ví Dụ` }),
    status: 422,
    code: 'CHARACTER_FORBIDDEN' as const,
    ...one('/content/patient/fullName', 'CHARACTER_FORBIDDEN'),
  })),
  {
    name: 'half a surrogate pair',
    send: spoiled((json) => json.replace('Nguyễn Thị', 'Nguyễn \\ud83d Thị')),
    status: 422,
    code: 'CHARACTER_FORBIDDEN',
    ...one('/content/patient/fullName', 'CHARACTER_FORBIDDEN'),
  },
  {
    name: 'a raw control character inside a JSON string',
    send: spoiled((json) => json.replace('Nguyễn', 'Ngu\u0001yễn')),
    ...MALFORMED,
  },
  {
    name: 'a tab and a line break in a field of one line',
    send: patient({ address: 'Số 8\nngõ 19', workplace: 'a\tb' }),
    ...REFUSED,
    mistakes: [
      ['/content/patient/address', 'LINE_BREAK'],
      ['/content/patient/workplace', 'CHARACTER_FORBIDDEN'],
    ],
  },
  {
    name: 'NUL in the numbers of record and document, in type, cause and outcome',
    send: around({ record: { number: '26\0', causes: ['\0'], outcome: '\0' }, number: '\0', type: 'giay-ra-vien' }),
    ...REFUSED,
    mistakes: [
      ['/record/number', 'NUMBER_MALFORMED'],
      ['/record/causes/0', 'CAUSE_UNKNOWN'],
      ['/record/outcome', 'OUTCOME_UNKNOWN'],
      ['/number', 'NUMBER_MALFORMED'],
    ],
  },
  { name: 'NUL in the type', send: around({ type: 'giay-ra-vien\0' }), status: 422, code: 'FORM_UNKNOWN' },
  {
    name: 'NUL in the reason of a return',
    send: async (antin) => {
      const answer = await post(antin, { json: dischargeCertificate(antin) });
      const { id } = (await answer.json()) as { id: string };
      const key = antin.hospital.keys.admin;
      return { key, path: `/v1/documents/${id}/return`, json: { reason: 'Sai\0tên' } };
    },
    ...REFUSED,
    ...one('/reason', 'CHARACTER_FORBIDDEN'),
  },
]);

refuses(running, 'unknown glyphs', [
  ...(['漢', 'ไ', 'अ', '😀', '𝔄', '☤'] as const).map((character) => ({
    name: `${character} in the name`,
    send: patient({ fullName: `Nguyễn ${character}` }),
    status: 422,
    code: 'GLYPH_UNKNOWN' as const,
    ...one('/content/patient/fullName', 'GLYPH_UNKNOWN'),
  })),
  {
    name: 'several, in several fields, beside another mistake',
    send: certificate({ treatment: 'Châm cứu 針灸', note: '✓', department: undefined }),
    ...REFUSED,
    mistakes: [
      ['/content/treatment', 'GLYPH_UNKNOWN'],
      ['/content/treatment', 'GLYPH_UNKNOWN'],
      ['/content/note', 'GLYPH_UNKNOWN'],
      ['/content/department', 'REQUIRED'],
    ],
  },
  {
    name: 'in the printed number',
    send: around({ number: '漢-1' }),
    ...REFUSED,
    ...one('/number', 'NUMBER_MALFORMED'),
  },
  {
    name: 'in a title of an upload',
    send: (antin) => upload(pdfMetadata(antin, { title: 'Phiếu 漢' }), '%PDF-1.7'),
    status: 422,
    code: 'GLYPH_UNKNOWN',
    ...one('/content/title', 'GLYPH_UNKNOWN'),
  },
]);
