/** Outside judges (poppler, zbar) read the paper as people and machines would: text, picture, QR code. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/engines/render/index.ts';
import { twoToneJpeg } from '../engines/render/pictures.ts';
import { job, testRenderer } from '../engines/render/support.ts';
import { context, forms, NOW, sampleWith } from './support.ts';

const renderer = testRenderer();
const folder = mkdtempSync(join(tmpdir(), 'antin-print-'));
afterAll(async () => {
  await renderer.close();
  rmSync(folder, { recursive: true, force: true });
});

const DPI = 100;

function stored(pdf: Uint8Array): string {
  const file = join(folder, 'judged.pdf');
  writeFileSync(file, pdf);
  return file;
}
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });

/** Without blanks: where a line breaks is the paper's affair. */
const extracted = (pdf: Uint8Array): string => run('pdftotext', '-raw', stored(pdf), '-').replace(/\s/g, '');

/** Every text the template was given, but the names of fields. */
function printedValues(value: Json, key = ''): string[] {
  if (typeof value === 'string') return key === 'field' ? [] : [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([member, inner]: [string, Json]) => printedValues(inner, member));
}

function missingValues(pdf: Uint8Array, data: JsonObject): string[] {
  const text = extracted(pdf);
  // Titles of signers are set in capitals.
  return printedValues(data).filter((value) => {
    const plain = value.replace(/\s/g, '');
    return !text.includes(plain) && !text.includes(plain.toLocaleUpperCase('vi'));
  });
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Share of dark pixels in a rectangle of points, y downwards. */
  dark(left: number, top: number, right: number, bottom: number): number;
}

/** One page as grey pixels (PGM, `P5`). */
function pictureOf(pdf: Uint8Array, page: number): Picture {
  const target = join(folder, 'page');
  run(
    'pdftoppm',
    '-gray',
    '-r',
    String(DPI),
    '-f',
    String(page),
    '-l',
    String(page),
    '-singlefile',
    stored(pdf),
    target,
  );
  const bytes = readFileSync(`${target}.pgm`);
  const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 40).toString('latin1'));
  const [width, height] = [Number(header?.[1]), Number(header?.[2])];
  const pixels = bytes.subarray(bytes.length - width * height);
  const at = (points: number): number => Math.round((points * DPI) / 72);
  return {
    width,
    height,
    dark(left, top, right, bottom) {
      let dark = 0;
      let all = 0;
      for (let y = Math.max(0, at(top)); y < Math.min(height, at(bottom)); y++) {
        for (let x = Math.max(0, at(left)); x < Math.min(width, at(right)); x++) {
          all += 1;
          if ((pixels[y * width + x] ?? 255) < 140) dark += 1;
        }
      }
      return all === 0 ? 0 : dark / all;
    },
  };
}

interface Word {
  readonly page: number;
  readonly text: string;
  readonly box: readonly [number, number, number, number];
}

function wordsOf(pdf: Uint8Array): Word[] {
  const pages = run('pdftotext', '-bbox', stored(pdf), '-').split('<page ').slice(1);
  return pages.flatMap((page, index) =>
    [...page.matchAll(/xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*)<\/word>/g)].map(
      ([, left, top, right, bottom, text = '']) => ({
        page: index + 1,
        text,
        box: [Number(left), Number(top), Number(right), Number(bottom)] as const,
      }),
    ),
  );
}

const ours = forms.list().filter((form) => form.source === 'content');
const cases = ours.flatMap((form) =>
  [false, true].map((demo) => [form.id, demo ? 'trial copy' : 'real', form, demo] as const),
);

describe.each(cases)('%s, %s', (_id, _kind, form, demo) => {
  const content = form.check(form.sample(), NOW);
  const printJob = form.job(content, { ...context, demo });

  it('has every value in its text', async () => {
    const { pdf } = await renderer.render(printJob);
    expect(missingValues(pdf, printJob.data)).toEqual([]);
    expect(extracted(pdf).includes('KHÔNGCÓGIÁTRỊPHÁPLÝ')).toBe(demo);
  });

  it('shows every word of its text on the page, and nothing in the signature boxes', async () => {
    const { pdf, slots, pages } = await renderer.render(printJob);
    const pictures = Array.from({ length: pages }, (_, index) => pictureOf(pdf, index + 1));
    const words = wordsOf(pdf);
    expect(words.length).toBeGreaterThan(100);
    // Words of the pale demo mark are no ink.
    const invisible = words.filter(
      ({ page, text, box }) => (pictures[page - 1]?.dark(...box) ?? 0) < 0.02 && !(demo && /^[BẢNTHỬ]+$/.test(text)),
    );
    expect(invisible.map(({ text }) => text)).toEqual([]);
    for (const { page, rect } of slots) {
      const height = 841.89;
      expect(pictures[page - 1]?.dark(rect[0], height - rect[3], rect[2], height - rect[1])).toBe(0);
    }
  });

  it('has a QR code that leads to the lookup page', async () => {
    const { pdf } = await renderer.render(printJob);
    const target = join(folder, 'qr');
    run('pdftoppm', '-r', '200', '-f', '1', '-l', '1', '-singlefile', '-png', stored(pdf), target);
    expect(run('zbarimg', '--quiet', '--raw', `${target}.png`).trim()).toBe(context.lookupUrl);
  });

  it('is well-formed, tagged, in Vietnamese, A4', async () => {
    const { pdf } = await renderer.render(printJob);
    expect(run('qpdf', '--check', stored(pdf))).toContain('No syntax or stream encoding errors found');
    const information = run('pdfinfo', stored(pdf));
    expect(information).toMatch(/Tagged:\s+yes/);
    expect(information).toMatch(/Page size:.*\(A4\)/);
    const fonts = run('pdffonts', stored(pdf)).split('\n').slice(2).filter(Boolean);
    expect(fonts.length).toBeGreaterThan(1);
    for (const font of fonts) expect(font).toMatch(/Tinos.* yes yes yes /);
  });
});

it('extracts all Vietnamese letters and clinical signs as they were sent', async () => {
  const letters = 'aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ';
  const text = `${letters} ${letters.toLocaleUpperCase('vi')} 37,2 °C SpO₂ ≥ 96 % ≤ ± × µg β Ω 10⁹/L → № “trích” – — …`;
  const sent = sampleWith('giay-ra-vien', { treatment: text.normalize('NFD') });
  const form = forms.find('giay-ra-vien', NOW);
  const printJob = form.job(form.check(sent, NOW), context);
  const { pdf } = await renderer.render(printJob);
  expect(missingValues(pdf, printJob.data)).toEqual([]);
});

it('breaks words that are longer than a line, and loses nothing at the edge of the page', async () => {
  const patient = {
    ...(sampleWith('giay-ra-vien').patient as object),
    address: 'W'.repeat(300),
    occupation: 'M'.repeat(120),
    fullName: 'Ư'.repeat(120),
  };
  const form = forms.find('giay-ra-vien', NOW);
  const sent = sampleWith('giay-ra-vien', {
    patient,
    recordNumber: '26'.repeat(20),
    treatment: `${'nghỉ'.repeat(150)} hết`,
  });
  const printJob = form.job(form.check(sent, NOW), context);
  const { pdf } = await renderer.render(printJob);
  expect(missingValues(pdf, printJob.data)).toEqual([]);
});

it('prints code in a value as text', async () => {
  const hostile = '#eval("1+1") *đậm* _nghiêng_ $x^2$ <b>x</b> &amp; \\n @ref `raw` = Tựa // chú thích';
  const { pdf } = await renderer.render(job({ data: { text: hostile } }));
  expect(extracted(pdf)).toContain(hostile.replace(/\s/g, ''));
});

it('notices a value that is not printed', async () => {
  const { pdf } = await renderer.render(job({ data: { text: 'Có in', forgotten: 'Không in' } }));
  expect(missingValues(pdf, { text: 'Có in', forgotten: 'Không in' })).toEqual(['Không in']);
});

it('shows a scanned page upright when EXIF says that it lies on its side', async () => {
  const form = forms.find('tai-lieu-pdf', NOW);
  // Dark upper half; orientation 6 turns the picture clockwise, so the dark half comes to lie on the right.
  const pages = [twoToneJpeg(96, 160), twoToneJpeg(160, 96, { orientation: 6 })];
  const { pdf } = await renderer.renderScan(form.scanJob(form.check(form.sample(), NOW), pages, context));
  const [straight, turned] = [pictureOf(pdf, 1), pictureOf(pdf, 2)];
  expect(straight.dark(100, 100, 500, 400)).toBeGreaterThan(straight.dark(100, 450, 500, 750));
  expect(turned.dark(320, 100, 500, 750)).toBeGreaterThan(turned.dark(100, 100, 280, 750));
});
