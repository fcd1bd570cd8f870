/** JSON that is broken, of the wrong shape or size, or of characters that cannot be printed. */
import { expect, test } from 'vitest';
import { settableClock } from '../../src/shared/index.ts';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { around, certificate, type Json, one, patient, REFUSED, spoiled, text } from './certificates.ts';
import { pdfMetadata, post, refusalOf, refuses, upload } from './support.ts';

const running = useAntin({ clock: settableClock(new Date('2026-06-01T02:00:00Z')), jobs: false });

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

test('what is too large is told how large it may be', async () => {
  const answer = await post(running(), certificate({ note: 'a'.repeat(3 * 1024 * 1024) })(running()));
  expect(await refusalOf(answer)).toMatchObject({ maxBytes: 2 * 1024 * 1024, vi: 'Nội dung dài hơn 2097152 byte' });
});
