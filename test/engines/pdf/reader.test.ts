import { describe, expect, it } from 'vitest';
import { checkObjects, checkPlaces, isDict, openPdf, pageRefs } from '../../../src/engines/pdf/index.ts';
import { AppError } from '../../../src/shared/index.ts';
import { appendUpdate, buildPdf, KINDS, ONE_PAGE, withFields } from './build-pdf.ts';

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.code;
    throw thrown;
  }
  return 'accepted';
};

describe('opening a file by its cross-reference', () => {
  it.each(KINDS)('reads the same document through every kind: %s', (kind) => {
    const pdf = buildPdf(withFields(['BacSi', 'Truong khoa']), kind);
    const file = openPdf(pdf);
    expect(file.revisions).toHaveLength(1);
    expect(file.revisions[0]?.endOfMarker).toBe(pdf.length - 1);
    expect(file.trailing).toEqual({ offset: pdf.length, length: 0, significant: false });
    expect(pageRefs(file.latest)).toEqual([{ kind: 'ref', num: 3, gen: 0 }]);
    expect(textOf(file.latest.streamBytes({ kind: 'ref', num: 4, gen: 0 }) ?? new Uint8Array())).toContain('re S');
    checkPlaces(file);
    checkObjects(file);
  });

  it('never sees an object that no cross-reference names', () => {
    const pdf = latin1(`${textOf(buildPdf(ONE_PAGE))}9 0 obj\n<< /Type /Page >>\nendobj\n`);
    const file = openPdf(pdf);
    expect(file.latest.resolve({ kind: 'ref', num: 9, gen: 0 })).toBeNull();
    expect(file.trailing.significant).toBe(true);
  });

  it('shows each revision as its own reader saw it, and parses unchanged objects once', () => {
    const first = buildPdf(ONE_PAGE);
    const second = appendUpdate(first, { 4: { dict: '', data: 'BT ET' } }, 5);
    const file = openPdf(second);
    const contents = (revision: number) => file.view(revision).resolve({ kind: 'ref', num: 4, gen: 0 });
    expect(file.revisions.map(({ end }) => end)).toEqual([first.length, second.length]);
    expect(textOf(file.view(1).streamBytes(contents(1)) ?? new Uint8Array())).toContain('re S');
    expect(textOf(file.view(2).streamBytes(contents(2)) ?? new Uint8Array())).toBe('BT ET');
    const page = { kind: 'ref', num: 3, gen: 0 } as const;
    expect(file.view(1).resolve(page)).toBe(file.view(2).resolve(page));
  });

  it('reads a stream again when its indirect length is another one in a later revision', () => {
    const first = buildPdf({ ...ONE_PAGE, 4: '<< /Length 5 0 R >>\nstream\nBT ET%\nendstream', 5: '6' });
    const file = openPdf(appendUpdate(first, { 5: '5' }, 6));
    const contents = { kind: 'ref', num: 4, gen: 0 } as const;
    expect(file.view(1).streamBytes(contents)).toHaveLength(6);
    expect(refusal(() => file.view(2).resolve(contents))).toBe('PDF_SYNTAX');
  });

  it('does not take a %%EOF inside a stream for the end of a revision', () => {
    const pdf = buildPdf({ ...ONE_PAGE, 4: { dict: '', data: '% \nstartxref\n9\n%%EOF\n' } });
    expect(openPdf(pdf).revisions).toHaveLength(1);
  });

  it('frees an object that a later revision deletes', () => {
    const first = textOf(buildPdf(withFields(['A'])));
    const previous = /startxref\s+(\d+)/.exec(first)?.[1];
    const second = latin1(
      `${first}xref\n10 1\n0000000000 00001 f \ntrailer\n<< /Size 11 /Root 1 0 R /Prev ${previous} >>\nstartxref\n${first.length}\n%%EOF\n`,
    );
    const file = openPdf(second);
    const field = { kind: 'ref', num: 10, gen: 0 } as const;
    expect(isDict(file.view(1).resolve(field))).toBe(true);
    expect(file.view(2).resolve(field)).toBeNull();
    expect([...file.view(2).objectNumbers()]).not.toContain(10);
  });

  it('says that a file is encrypted instead of showing garbage', () => {
    const pdf = buildPdf({ ...ONE_PAGE, 5: '<< /Filter /Standard /V 1 /R 2 >>' }, 'table', '/Encrypt 5 0 R');
    expect(openPdf(pdf).encrypted).toBe(true);
  });
});

describe('broken files are refused with the reason, never repaired', () => {
  const good = textOf(buildPdf(ONE_PAGE));
  const cases: readonly (readonly [string, string, string])[] = [
    ['no PDF at all', 'PK\u0003\u0004 not a pdf', 'PDF_NOT_A_PDF'],
    ['an empty file', '', 'PDF_NOT_A_PDF'],
    ['bytes before the header', `junk${good}`, 'PDF_XREF_BROKEN'],
    ['no startxref', good.replace('startxref', 'startxfer'), 'PDF_XREF_BROKEN'],
    ['no %%EOF', good.replace('%%EOF', ''), 'PDF_XREF_BROKEN'],
    ['startxref beyond the file', good.replace(/startxref\n\d+/, 'startxref\n999999'), 'PDF_XREF_BROKEN'],
    ['startxref at an object', good.replace(/startxref\n\d+/, 'startxref\n15'), 'PDF_XREF_BROKEN'],
    ['an entry of letters', good.replace(/0000000015 /, '00000000xx '), 'PDF_XREF_BROKEN'],
    ['a /Size too small', good.replace('/Size 5', '/Size 3'), 'PDF_XREF_BROKEN'],
    ['no /Size', good.replace('/Size 5', '/Sise 5'), 'PDF_XREF_BROKEN'],
    ['a /Prev that loops', good.replace('/Size 5', `/Prev ${good.indexOf('xref\n')} /Size 5`), 'PDF_XREF_BROKEN'],
    ['no /Root', good.replace('/Root', '/Rood'), 'PDF_XREF_BROKEN'],
    ['a trailer that is no dictionary', good.replace('trailer\n<<', 'trailer\n[]<<'), 'PDF_XREF_BROKEN'],
    ['a catalog with a key twice', good.replace('/Type /Catalog', '/Pages 2 0 R'), 'PDF_SYNTAX'],
    ['a catalog without end', good.replace('/Pages 2 0 R >>', '/Pages 2 0 R   '), 'PDF_SYNTAX'],
    ['a wrong object number', good.replace('1 0 obj', '8 0 obj'), 'PDF_XREF_BROKEN'],
  ];
  it.each(cases)('%s', (_, text, code) => {
    expect(text).not.toBe(good);
    expect(refusal(() => checkPlaces(openPdf(latin1(text))))).toBe(code);
  });

  const deep: readonly (readonly [string, string, string])[] = [
    ['a stream whose length is wrong', good.replace('/Length 27', '/Length 12'), 'PDF_SYNTAX'],
    ['a stream that runs out of the file', good.replace('/Length 27', '/Length 99999'), 'PDF_SYNTAX'],
    ['an object without endobj', good.replace('>>\nendobj\n2 0', '>>\nendxxx\n2 0'), 'PDF_SYNTAX'],
    ['a number that is none', good.replace('[0 0 595 842]', '[0 0 5-5 842]'), 'PDF_SYNTAX'],
    ['a page reference without R', good.replace('/Parent 2 0 R', '/Parent 2 0 X'), 'PDF_SYNTAX'],
  ];
  it.each(deep)('when every object is read: %s', (_, text, code) => {
    expect(text).not.toBe(good);
    expect(refusal(() => checkObjects(openPdf(latin1(text))))).toBe(code);
  });

  it('an older revision whose startxref names another section', () => {
    const first = buildPdf(ONE_PAGE);
    const second = appendUpdate(first, { 4: { dict: '', data: 'BT ET' } }, 5);
    const at = textOf(first).lastIndexOf('xref\n0');
    const changed = textOf(second).replace(`startxref\n${at}`, `startxref\n${at - 5}`);
    expect(refusal(() => openPdf(latin1(changed)))).toBe('PDF_XREF_BROKEN');
  });

  it('a hybrid file that names two places for one object', () => {
    const hybrid = textOf(buildPdf(withFields(['A']), 'hybrid'));
    const both = hybrid.replace(
      /xref\n0 1\n0000000000 65535 f \n/,
      'xref\n0 1\n0000000000 65535 f \n10 1\n0000000015 00000 n \n',
    );
    expect(both).not.toBe(hybrid);
    expect(refusal(() => openPdf(latin1(both)))).toBe('PDF_XREF_BROKEN');
  });
});

describe('bombs', () => {
  it('nesting is bounded', () => {
    const pdf = buildPdf({ ...ONE_PAGE, 5: `${'['.repeat(100_000)}${']'.repeat(100_000)}` });
    expect(refusal(() => checkObjects(openPdf(pdf)))).toBe('PDF_TOO_DEEP');
  });

  it('decompression is bounded', async () => {
    const { deflateSync } = await import('node:zlib');
    const data = deflateSync(Buffer.alloc(8_000_000));
    const pdf = buildPdf({ ...ONE_PAGE, 5: { dict: '/Filter /FlateDecode', data } });
    expect(refusal(() => checkObjects(openPdf(pdf, { maxDecodedBytes: 1_000_000 })))).toBe('PDF_TOO_LARGE');
    expect(refusal(() => checkObjects(openPdf(pdf)))).toBe('accepted');
  });

  it('run lengths and LZW are bounded', () => {
    const runs = { dict: '/Filter /RunLengthDecode', data: '\u0081x'.repeat(40_000) };
    const pdf = buildPdf({ ...ONE_PAGE, 5: runs });
    expect(refusal(() => checkObjects(openPdf(pdf, { maxDecodedBytes: 1_000_000 })))).toBe('PDF_TOO_LARGE');
  });

  it('the number of objects and of revisions is bounded', () => {
    expect(refusal(() => openPdf(buildPdf(ONE_PAGE), { maxObjects: 3 }))).toBe('PDF_TOO_LARGE');
    let pdf = buildPdf(ONE_PAGE);
    for (let revision = 0; revision < 5; revision++) pdf = appendUpdate(pdf, { 4: '[]' }, 5);
    expect(refusal(() => openPdf(pdf, { maxRevisions: 4 }))).toBe('PDF_TOO_LARGE');
    expect(openPdf(pdf).revisions).toHaveLength(6);
  });

  it('a table that claims millions of entries costs nothing', () => {
    const text = textOf(buildPdf(ONE_PAGE)).replace('xref\n0 1\n', 'xref\n0 900000\n');
    expect(refusal(() => openPdf(latin1(text)))).toBe('PDF_XREF_BROKEN');
  });

  it('references that lead in circles end', () => {
    const pdf = buildPdf({ ...ONE_PAGE, 5: '6 0 R', 6: '5 0 R' });
    expect(refusal(() => openPdf(pdf).latest.resolve({ kind: 'ref', num: 5, gen: 0 }))).toBe('PDF_TOO_DEEP');
  });

  it('a stream whose length is itself ends', () => {
    const pdf = buildPdf({ ...ONE_PAGE, 5: '<< /Length 5 0 R >>\nstream\n\nendstream' });
    expect(refusal(() => checkObjects(openPdf(pdf)))).toBe('PDF_TOO_DEEP');
  });
});

describe('filters', () => {
  const read = (dict: string, data: Uint8Array | string): string => {
    const file = openPdf(buildPdf({ ...ONE_PAGE, 5: { dict, data } }));
    return textOf(file.latest.streamBytes({ kind: 'ref', num: 5, gen: 0 }) ?? new Uint8Array());
  };

  it('undoes each text filter, also one after the other', () => {
    expect(read('/Filter /ASCIIHexDecode', '48 65 6C6c 6F>')).toBe('Hello');
    expect(read('/Filter /ASCII85Decode', '87cURDZ~>')).toBe('Hello');
    expect(read('/Filter /RunLengthDecode', '\u0001He\u00ffl\u0000o\u0080')).toBe('Hello');
    expect(read('/Filter [/ASCIIHexDecode /RunLengthDecode]', '014865ff6c006f80>')).toBe('Hello');
  });

  it('undoes LZW (the example of ISO 32000-2 §7.4.4.2)', () => {
    const data = Uint8Array.from([0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01]);
    expect(read('/Filter /LZWDecode', data)).toBe('-----A---B');
  });

  it.each([
    ['none', 0],
    ['sub', 1],
    ['up', 2],
    ['average', 3],
    ['Paeth', 4],
  ])('undoes the PNG predictor: %s', async (_, type) => {
    const { deflateSync } = await import('node:zlib');
    const plain = [
      [10, 20, 30],
      [12, 24, 39],
    ];
    const guess = (row: number, at: number): number => {
      const left = plain[row]?.[at - 1] ?? 0;
      const up = plain[row - 1]?.[at] ?? 0;
      const corner = plain[row - 1]?.[at - 1] ?? 0;
      const nearest = [left, up, corner].sort(
        (a, b) => Math.abs(left + up - corner - a) - Math.abs(left + up - corner - b),
      );
      return [0, left, up, (left + up) >> 1, nearest[0] ?? 0][type] ?? 0;
    };
    const rows = plain.flatMap((row, line) => [type, ...row.map((byte, at) => (byte - guess(line, at)) & 255)]);
    const dict = '/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 3 >>';
    const out = read(dict, deflateSync(Uint8Array.from(rows)));
    expect([...Buffer.from(out, 'latin1')]).toEqual(plain.flat());
  });

  it('refuses what it cannot undo', () => {
    expect(refusal(() => read('/Filter /PlateDecode', 'x'))).toBe('PDF_FILTER');
    expect(refusal(() => read('/Filter /FlateDecode', 'not deflated'))).toBe('PDF_FILTER');
    expect(refusal(() => read('/Filter /DCTDecode', 'x'))).toBe('PDF_FILTER');
    expect(refusal(() => read(`/Filter [${'/ASCIIHexDecode '.repeat(20)}]`, '>'))).toBe('PDF_TOO_LARGE');
  });
});
