/** Files that are not what they say, or that no reader should trust: refused before anybody is asked to sign them. */
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { settableClock } from '../../src/shared/index.ts';
import { appendUpdate, buildPdf, ONE_PAGE } from '../engines/pdf/build-pdf.ts';
import { useAntin } from '../support/antin.ts';
import { type BadInput, everythingKept, pdfMetadata, post, refuses, type Sent, upload } from './support.ts';

const clock = settableClock(new Date('2026-06-01T02:00:00Z'));
const running = useAntin({ clock, jobs: false });

type File = Uint8Array | string;

/** Every bad PDF of this page; the last test takes them to the other door. */
const badPdfs: { readonly name: string; readonly make: () => File }[] = [];

/** A bad PDF as an upload. */
function file(name: string, make: () => File, code: BadInput['code']): BadInput {
  badPdfs.push({ name, make });
  return { name, send: (antin) => upload(pdfMetadata(antin), make()), status: 422, code };
}

const _uploaded = (...files: File[]): BadInput['send'] => {
  return (antin): Sent => upload(pdfMetadata(antin), ...files);
};

/** The bytes as text, changed, as bytes: offsets after the change are then wrong, as they are in a damaged file. */
function edited(pdf: Uint8Array, change: (text: string) => string): Uint8Array {
  return new Uint8Array(Buffer.from(change(Buffer.from(pdf).toString('latin1')), 'latin1'));
}

/** Deflated `times` over: each layer is almost nothing to make and a thousand times its size to undo. */
function bomb(size: number, times = 1): Uint8Array {
  let data: Uint8Array = new Uint8Array(size);
  for (let layer = 0; layer < times; layer += 1) data = deflateSync(data, { level: 9 });
  return data;
}

test('what all cases rest on: a small sound PDF is kept', async () => {
  const answer = await post(running(), upload(pdfMetadata(running()), buildPdf(ONE_PAGE)));
  expect(answer.status).toBe(201);
  expect(await answer.json()).toMatchObject({ type: 'tai-lieu-pdf', pages: 1 });
});

refuses(running, 'PDFs that are not', [
  file('nothing', () => '', 'PDF_NOT_A_PDF'),
  file('text', () => 'Xin chào', 'PDF_NOT_A_PDF'),
  file('a web page', () => '<!doctype html><title>%PDF</title>', 'PDF_NOT_A_PDF'),
  file('a ZIP file', () => `PK\x03\x04${'\0'.repeat(100)}`, 'PDF_NOT_A_PDF'),
  file('PostScript', () => '%!PS-Adobe-3.0\n%%EOF\n', 'PDF_NOT_A_PDF'),
  file('only a header', () => '%PDF-1.7\n', 'PDF_XREF_BROKEN'),
  file(
    'a PDF behind something else',
    () => `GIF89a\n${Buffer.from(buildPdf(ONE_PAGE)).toString('latin1')}`,
    'PDF_XREF_BROKEN',
  ),
  file('no catalog', () => buildPdf({ ...ONE_PAGE, 1: '42' }), 'PDF_XREF_BROKEN'),
  file('no page', () => buildPdf({ ...ONE_PAGE, 2: '<< /Type /Pages /Kids [] /Count 1 >>' }), 'PDF_NOT_ACCEPTED'),
  file('no page tree', () => buildPdf({ ...ONE_PAGE, 1: '<< /Type /Catalog >>' }), 'PDF_SYNTAX'),
  file(
    'a page tree that loops',
    () => buildPdf({ ...ONE_PAGE, 2: '<< /Type /Pages /Kids [2 0 R] /Count 1 >>' }),
    'PDF_SYNTAX',
  ),
  file(
    'a second document after the end',
    () => `${Buffer.from(buildPdf(ONE_PAGE)).toString('latin1')}PK\x03\x04`,
    'PDF_NOT_ACCEPTED',
  ),
]);

const ENCRYPT = '/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <00> /U <00> >>';

refuses(running, 'encrypted PDFs', [
  file('with a table', () => buildPdf(ONE_PAGE, 'table', ENCRYPT), 'PDF_ENCRYPTED'),
  file('with a cross-reference stream', () => buildPdf(ONE_PAGE, 'stream', ENCRYPT), 'PDF_ENCRYPTED'),
  file('with object streams', () => buildPdf(ONE_PAGE, 'object streams', ENCRYPT), 'PDF_ENCRYPTED'),
  file(
    'by AES-256, named by reference',
    () => buildPdf({ ...ONE_PAGE, 5: '<< /Filter /Standard /V 5 /R 6 /P -4 >>' }, 'table', '/Encrypt 5 0 R'),
    'PDF_ENCRYPTED',
  ),
  file(
    'by an update of a plain file',
    () => appendUpdate(buildPdf(ONE_PAGE), { 4: ONE_PAGE[4] ?? '' }, 5, `/Root 1 0 R ${ENCRYPT}`),
    'PDF_ENCRYPTED',
  ),
  file(
    'by a handler nobody has, whose reference leads nowhere',
    () => buildPdf(ONE_PAGE, 'table', '/Encrypt 99 0 R'),
    'PDF_ENCRYPTED',
  ),
  file(
    'in the first revision only',
    () => appendUpdate(buildPdf(ONE_PAGE, 'table', ENCRYPT), { 4: ONE_PAGE[4] ?? '' }, 5),
    'PDF_ENCRYPTED',
  ),
]);

refuses(running, 'broken xref', [
  file(
    'startxref points elsewhere',
    () => edited(buildPdf(ONE_PAGE), (text) => text.replace(/startxref\n\d+/, 'startxref\n12')),
    'PDF_SYNTAX',
  ),
  file(
    'startxref points beyond the end',
    () => edited(buildPdf(ONE_PAGE), (text) => text.replace(/startxref\n\d+/, 'startxref\n99999999')),
    'PDF_XREF_BROKEN',
  ),
  file('no startxref', () => edited(buildPdf(ONE_PAGE), (text) => text.replace('startxref', '')), 'PDF_XREF_BROKEN'),
  file('cut off', () => edited(buildPdf(ONE_PAGE), (text) => text.slice(0, -60)), 'PDF_XREF_BROKEN'),
  file(
    'two letters more in a page: every offset after it is wrong',
    () => edited(buildPdf(ONE_PAGE), (text) => text.replace('/Resources', '/Resources  ')),
    'PDF_SYNTAX',
  ),
  file(
    'one offset that leads into another object',
    () =>
      edited(buildPdf(ONE_PAGE), (text) =>
        text.replace(/\n4 1\n\d{10}/, `\n4 1\n${String(text.indexOf('3 0 obj')).padStart(10, '0')}`),
      ),
    'PDF_XREF_BROKEN',
  ),
  file(
    '/Prev leads to itself',
    () => {
      const pdf = buildPdf(ONE_PAGE, 'table', '/Prev 0000');
      return edited(pdf, (text) => text.replace('/Prev 0000', `/Prev ${fourDigits(text.lastIndexOf('\nxref') + 1)}`));
    },
    'PDF_XREF_BROKEN',
  ),
  file(
    '/Prev leads round in a circle of two',
    () => {
      const updated = appendUpdate(buildPdf(ONE_PAGE, 'table', '/Prev 0000'), { 4: ONE_PAGE[4] ?? '' }, 5);
      return edited(updated, (text) =>
        text.replace('/Prev 0000', `/Prev ${fourDigits(text.lastIndexOf('\nxref') + 1)}`),
      );
    },
    'PDF_XREF_BROKEN',
  ),
  file('/Prev is a name', () => buildPdf(ONE_PAGE, 'table', '/Prev /Up'), 'PDF_XREF_BROKEN'),
  file(
    'a /Size smaller than the file',
    () => edited(buildPdf(ONE_PAGE), (text) => text.replace('/Size 5', '/Size 2')),
    'PDF_XREF_BROKEN',
  ),
  file(
    'a cross-reference stream with widths of nothing',
    () => edited(buildPdf(ONE_PAGE, 'stream'), (text) => text.replace('/W [1 3 1]', '/W [0 0 0]')),
    'PDF_XREF_BROKEN',
  ),
  file(
    'a cross-reference stream of damaged data',
    () => edited(buildPdf(ONE_PAGE, 'stream'), (text) => text.replace(/(\/Type \/XRef[\s\S]*?stream\n)..../, '$1zzzz')),
    'PDF_FILTER',
  ),
]);

const fourDigits = (value: number): string => String(value).padStart(4, '0');

const flate = (layers: number): string => `/Filter [${'/FlateDecode '.repeat(layers)}]`;

refuses(running, 'decompression bombs and endless structures', [
  file(
    'a page that unfolds to 200 MB',
    () => buildPdf({ ...ONE_PAGE, 4: { dict: flate(1), data: bomb(200 * 1024 * 1024) } }),
    'PDF_TOO_LARGE',
  ),
  file(
    'the same, folded three times to a few hundred bytes',
    () => buildPdf({ ...ONE_PAGE, 4: { dict: flate(3), data: bomb(200 * 1024 * 1024, 3) } }),
    'PDF_TOO_LARGE',
  ),
  file('a hundred filters', () => buildPdf({ ...ONE_PAGE, 4: { dict: flate(100), data: 'x' } }), 'PDF_TOO_LARGE'),
  file(
    'a cross-reference stream that unfolds to 200 MB',
    () => xrefStream(`${flate(1)} /W [1 4 2] /Size 10`, bomb(200 * 1024 * 1024)),
    'PDF_TOO_LARGE',
  ),
  file(
    'the same, folded twice',
    () => xrefStream(`${flate(2)} /W [1 4 2] /Size 10`, bomb(200 * 1024 * 1024, 2)),
    'PDF_TOO_LARGE',
  ),
  file(
    'a /Size of two thousand million',
    () => xrefStream(`${flate(1)} /W [1 4 2] /Size 2000000000`, deflateSync(new Uint8Array(700))),
    'PDF_TOO_LARGE',
  ),
  file(
    'a table that announces two thousand million entries',
    () => edited(buildPdf(ONE_PAGE), (text) => text.replace('xref\n0 1\n', 'xref\n0 2000000000\n')),
    'PDF_TOO_LARGE',
  ),
  file('a catalog in an object stream that unfolds to 200 MB', objectStreamBomb, 'PDF_TOO_LARGE'),
  file(
    'a catalog of fifty thousand brackets',
    () =>
      buildPdf({ ...ONE_PAGE, 1: `<< /Type /Catalog /Pages 2 0 R /X ${'['.repeat(50_000)}${']'.repeat(50_000)} >>` }),
    'PDF_TOO_DEEP',
  ),
  file(
    'objects that refer to each other in a circle, as the length of a stream',
    () =>
      edited(buildPdf({ ...ONE_PAGE, 5: '6 0 R', 6: '5 0 R', 4: { dict: '', data: 'x' } }), (text) =>
        text.replace('/Length 1 ', '/Length 5 0 R '),
      ),
    'PDF_SYNTAX',
  ),
  file(
    'a page tree a thousand levels deep',
    () => {
      const levels = Object.fromEntries(
        Array.from({ length: 1000 }, (_, level) => [
          10 + level,
          `<< /Type /Pages /Kids [${11 + level} 0 R] /Count 1 >>`,
        ]),
      );
      return buildPdf({
        ...ONE_PAGE,
        2: '<< /Type /Pages /Kids [10 0 R] /Count 1 >>',
        ...levels,
        1010: '<< /Type /Page >>',
      });
    },
    'PDF_SYNTAX',
  ),
  file(
    'eleven hundred revisions',
    () => {
      let pdf = Buffer.from(buildPdf(ONE_PAGE));
      for (let n = 0; n < 1100; n += 1) {
        const previous = pdf.lastIndexOf('\nxref') + 1;
        pdf = Buffer.concat([
          pdf,
          Buffer.from(
            `xref\n0 0\ntrailer\n<< /Size 5 /Root 1 0 R /Prev ${previous} >>\nstartxref\n${pdf.length}\n%%EOF\n`,
          ),
        ]);
      }
      return new Uint8Array(pdf);
    },
    'PDF_TOO_LARGE',
  ),
]);

/** A file that is nothing but a cross-reference stream. */
function xrefStream(dict: string, data: Uint8Array): Uint8Array {
  const head = Buffer.from('%PDF-1.7\n');
  return new Uint8Array(
    Buffer.concat([
      head,
      Buffer.from(`9 0 obj\n<< /Type /XRef /Root 1 0 R ${dict} /Length ${data.length} >>\nstream\n`),
      data,
      Buffer.from(`\nendstream\nendobj\nstartxref\n${head.length}\n%%EOF\n`),
    ]),
  );
}

/** Object 1, the catalog, is said to lie in the object stream 5, which unfolds to far more than any document. */
function objectStreamBomb(): Uint8Array {
  const data = bomb(200 * 1024 * 1024);
  const stream = Buffer.concat([
    Buffer.from(`5 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length ${data.length} >>\nstream\n`),
    data,
    Buffer.from('\nendstream\nendobj\n'),
  ]);
  const head = Buffer.from('%PDF-1.7\n');
  const at = head.length + stream.length;
  const row = (kind: number, second: number, third: number) => [
    kind,
    second >> 24,
    second >> 16,
    second >> 8,
    second,
    third,
  ];
  const rows = Uint8Array.from(
    [...row(2, 5, 0), ...row(1, head.length, 0), ...row(1, at, 0)].map((byte) => byte & 255),
  );
  return new Uint8Array(
    Buffer.concat([
      head,
      stream,
      Buffer.from(
        `6 0 obj\n<< /Type /XRef /Root 1 0 R /Size 7 /W [1 4 1] /Index [1 1 5 2] /Length ${rows.length} >>\nstream\n`,
      ),
      rows,
      Buffer.from(`\nendstream\nendobj\nstartxref\n${at}\n%%EOF\n`),
    ]),
  );
}

test('a file cut off at any place is refused, or read as what it then is, and never breaks the door', async () => {
  const pdf = buildPdf(ONE_PAGE, 'object streams');
  const before = await everythingKept(running());
  for (let length = 0; length < pdf.length - 1; length += 7) {
    const answer = await post(running(), upload(pdfMetadata(running()), pdf.slice(0, length)));
    expect({ length, status: answer.status }).toEqual({ length, status: 422 });
  }
  expect(await everythingKept(running())).toEqual(before);
});

test('validation answers each of them with a verdict and its reason, never with a pass', async () => {
  expect(badPdfs.length).toBeGreaterThan(40);
  const before = await everythingKept(running());
  for (const { name, make } of badPdfs) {
    const made = make();
    const body = typeof made === 'string' ? Buffer.from(made, 'latin1') : new Uint8Array(made);
    const answer = await post(running(), {
      path: '/v1/validations',
      body,
      headers: { 'content-type': 'application/pdf' },
    });
    const report = (await answer.json()) as { verdict: string };
    expect({ name, status: answer.status }).toEqual({ name, status: 200 });
    expect(['NOT-A-PDF', 'UNREADABLE', 'NO-SIGNATURE']).toContain(report.verdict);
  }
  expect(await everythingKept(running())).toEqual(before);
});
