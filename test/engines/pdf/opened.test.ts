import { describe, expect, it } from 'vitest';
import { checkPlaces, openPdf, type PdfFile } from '../../../src/engines/pdf/index.ts';
import { AppError } from '../../../src/shared/index.ts';
import { appendUpdate, buildPdf, KINDS, ONE_PAGE, withFields } from './build-pdf.ts';

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const at = (num: number) => ({ kind: 'ref', num, gen: 0 }) as const;

/** Opened with limits of its own, a file is neither remembered nor compared with one that is. */
const unaided = (pdf: Uint8Array): PdfFile => openPdf(pdf, {});

/** Every object of every revision, or why it cannot be read. */
function everything(file: PdfFile): unknown[] {
  return file.revisions.flatMap(({ index, startXref, end, endOfMarker, trailer, entries }) => [
    { index, startXref, end, endOfMarker, trailer, entries },
    ...Array.from(file.view(index).objectNumbers(), (num) => {
      try {
        return [num, file.view(index).resolve(at(num))];
      } catch (thrown) {
        return [num, thrown instanceof AppError ? thrown.code : thrown];
      }
    }),
  ]);
}

describe('files opened lately', () => {
  it('opens equal bytes once', () => {
    const pdf = buildPdf(withFields(['MotLan']));
    expect(openPdf(new Uint8Array(pdf))).toBe(openPdf(pdf));
  });

  it('is not deceived by an array whose bytes change after it was opened', () => {
    const pdf = buildPdf({ ...ONE_PAGE, 4: { dict: '', data: 'BT (truoc) Tj ET' } });
    const before = openPdf(pdf);
    pdf.set(latin1('sau  '), textOf(pdf).indexOf('truoc'));
    const contents = (file: PdfFile) => textOf(file.latest.streamBytes(at(4)) ?? new Uint8Array());
    expect(contents(openPdf(pdf))).toBe('BT (sau  ) Tj ET');
    expect(contents(before)).toBe('BT (truoc) Tj ET');
  });

  it.each(KINDS)('goes on from a file that the bytes begin with: %s', (kind) => {
    const first = buildPdf(withFields(['BacSi', kind]), kind);
    const second = appendUpdate(first, { 4: { dict: '', data: 'BT ET' } }, 60);
    const third = appendUpdate(second, { 4: { dict: '', data: 'q Q' } }, 60);
    const begun = openPdf(first);
    const file = openPdf(third);
    expect(file.base).toBe(begun);
    expect(openPdf(second).base).toBe(begun);
    expect(file.latest.resolve(at(3))).toBe(begun.latest.resolve(at(3)));
    expect(everything(file)).toEqual(everything(unaided(third)));
    checkPlaces(file);
  });

  it('keeps two continuations of one file apart', () => {
    const first = buildPdf(withFields(['NgaBa']));
    const [left, right] = ['trai', 'phai'].map((data) => openPdf(appendUpdate(first, { 4: { dict: '', data } }, 60)));
    const begun = openPdf(first);
    const again = openPdf(appendUpdate(first, { 4: { dict: '', data: 'khac' } }, 60));
    expect(again.base).toBe(begun);
    const contents = (file: PdfFile | undefined) => textOf(file?.latest.streamBytes(at(4)) ?? new Uint8Array());
    expect([left, right, again].map(contents)).toEqual(['trai', 'phai', 'khac']);
    expect(contents(begun)).toContain('re S');
  });

  it('reads what was beyond the end of the shorter file as without it', () => {
    const whole = textOf(buildPdf({ ...ONE_PAGE, 5: '(cho san)' }));
    // The first revision says that object 5 stands where only the next one will have something.
    const place = whole.indexOf('5 0 obj');
    const first = latin1(whole.replace(String(place).padStart(10, '0'), String(whole.length).padStart(10, '0')));
    const begun = openPdf(first);
    expect(() => begun.latest.resolve(at(5))).toThrow(AppError);
    expect(begun.isSound).toBe(false);
    const longer = latin1(textOf(appendUpdate(first, { 5: '(lo ra)' }, 6)));
    const file = openPdf(longer);
    expect(file.base).toBe(begun);
    expect(everything(file)).toEqual(everything(unaided(longer)));
    expect(file.view(1).text(at(5))).toBe('lo ra');
    expect(() => begun.latest.resolve(at(5))).toThrow(AppError);
  });

  it('does not take a file that goes back to an older revision for a continuation of the newer one', () => {
    const first = buildPdf(withFields(['QuayLai']));
    const second = appendUpdate(first, { 4: { dict: '', data: 'BT ET' } }, 60);
    openPdf(second);
    const [startXref] = /(?<=startxref\n)\d+/.exec(textOf(first)) ?? [];
    const third = latin1(`${textOf(second)}startxref\n${startXref}\n%%EOF\n`);
    const read = (open: typeof openPdf): unknown => {
      try {
        return everything(open(third));
      } catch (thrown) {
        return thrown instanceof AppError ? thrown.code : thrown;
      }
    };
    expect(read(openPdf)).toEqual(read(unaided));
  });
});
