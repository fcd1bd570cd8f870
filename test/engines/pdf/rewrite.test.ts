import { describe, expect, it } from 'vitest';
import { beginUpdate, isString, openPdf, type PdfObject, ref, rewrite } from '../../../src/engines/pdf/index.ts';
import { buildPdf } from './build-pdf.ts';

const OBJECTS = {
  1: '<< /Type /Catalog /Pages 2 0 R >>',
  2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
  3: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>',
  4: { dict: '', data: 'BT (truoc) Tj ET endobj' },
};
const ID = new Uint8Array(16).fill(7);
const open = (pdf: Uint8Array) => openPdf(pdf, {});

describe('a file written anew', () => {
  const update = beginUpdate(open(buildPdf(OBJECTS)));
  update.edit(ref(3)).set('Rotate', 90);
  const note = update.add(new Map<string, PdfObject>([['Ghi', 'chu'.length]]));
  update.set(ref(4), { kind: 'stream', dict: new Map(), raw: Buffer.from('BT (sau) Tj ET') });
  const grown = update.finish().bytes;
  const pdf = rewrite(open(grown), ID);
  const file = open(pdf);

  it('has one revision, and nothing of what was there before', () => {
    expect(open(grown).revisions).toHaveLength(2);
    expect(file.revisions).toHaveLength(1);
    expect(file.trailing.length).toBe(0);
    expect(file.latest.trailer.has('Prev')).toBe(false);
    const text = Buffer.from(pdf).toString('latin1');
    expect(text).toContain('(sau)');
    expect(text).not.toContain('(truoc)');
  });

  it('has the same objects, byte for byte', () => {
    const before = open(grown).latest;
    expect([...file.latest.objectNumbers()].sort()).toEqual([...before.objectNumbers()].sort());
    for (const num of before.objectNumbers()) {
      expect(Buffer.from(file.latest.source(num) ?? []).toString('latin1')).toBe(
        Buffer.from(before.source(num) ?? []).toString('latin1'),
      );
    }
    expect(file.latest.dict(note)?.get('Ghi')).toBe(3);
    expect(file.latest.dict(ref(3))?.get('Rotate')).toBe(90);
  });

  it('keeps the first identifier and has the second from its maker', () => {
    const id = file.latest.array(file.latest.trailer.get('ID')) ?? [];
    const hex = id.map((half) => (isString(half) ? Buffer.from(half.bytes).toString('hex') : undefined));
    expect(hex).toEqual(['00112233445566778899aabbccddeeff', '07'.repeat(16)]);
  });

  it('is not made of objects inside object streams', () => {
    expect(() => rewrite(open(buildPdf(OBJECTS, 'object streams')), ID)).toThrow(
      expect.objectContaining({ code: 'PDF_SYNTAX' }),
    );
  });
});
