/**
 * What an attacker can do to a record after everybody has signed it, it was sealed and archived (B-LTA). None of it may be called
 * valid. Flips at every 97th byte, then forgeries by people who know the format.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { addDocumentTimestamp, type ValidationReport } from '../../src/engines/pades/index.ts';
import {
  beginUpdate,
  name,
  openPdf,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  type PdfUpdate,
  type PdfView,
  ref,
  signatureDictionaries,
  signatureFields,
} from '../../src/engines/pdf/index.ts';
import { extendTo, record, signRecord, type Tester, verdictOn } from '../engines/pades/record.ts';
import { testAuthority } from '../support/authority.ts';

const STRIDE = 97;
/** How a byte is hit: one bit, the bit that turns letters into capitals, all bits. */
const MASKS = [0x01, 0x20, 0xff];

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));
const stream = (data: string, entries: Iterable<readonly [string, PdfObject]> = []): PdfObject => ({
  kind: 'stream',
  dict: new Map<string, PdfObject>([...entries, ['Length', data.length]]),
  raw: text(data),
});
const FORGED = 'BT /F1 12 Tf 60 700 Td (Don thuoc: Morphin 5000 mg) Tj ET';

// Objects of the record.
const CATALOG = ref(1);
const PAGES = ref(2);
const PAGE_ONE = ref(3);
const PAGE_TWO = ref(4);
const FORM = ref(5);
const CONTENT = ref(6);
const RESOURCES = ref(8);
const FONT = ref(9);
const NOTE = ref(13);
const LINK = ref(14);
const OUTLINE = ref(31);
const INFO = ref(32);
const STRUCTURE = ref(35);
const ATTACHMENT = ref(37);
const LAYER = ref(38);
const HIDDEN = ref(39);

type Update = (update: PdfUpdate, view: PdfView) => void;

const fieldOf = (view: PdfView, field: string): PdfRef => {
  const found = signatureFields(view).find((each) => each.name === field);
  if (found === undefined) throw new Error(`no field ${field}`);
  return found.ref;
};
const signatureOf = (view: PdfView, field: string): PdfRef => {
  const found = signatureFields(view).find((each) => each.name === field)?.valueRef;
  if (found === undefined) throw new Error(`no signature ${field}`);
  return found;
};
const push = (update: PdfUpdate, owner: PdfRef, key: string, item: PdfObject): void => {
  const dict = update.edit(owner);
  dict.set(key, [...(update.view.array(dict.get(key)) ?? []), item]);
};
const annotation = (subtype: string, entries: Iterable<readonly [string, PdfObject]> = []): PdfDict =>
  new Map<string, PdfObject>([
    ['Type', name('Annot')],
    ['Subtype', name(subtype)],
    ['Rect', [50, 690, 500, 720]],
    ['P', PAGE_ONE],
    ...entries,
  ]);
const widget = (fieldName: string, entries: Iterable<readonly [string, PdfObject]> = []): PdfDict =>
  annotation('Widget', [
    ['FT', name('Sig')],
    ['T', { kind: 'string', bytes: text(fieldName), hex: false }],
    ['F', 132],
    ...entries,
  ]);
const form = (update: PdfUpdate, data: string, entries: Iterable<readonly [string, PdfObject]> = []): PdfRef =>
  update.add(
    stream(data, [['Type', name('XObject')], ['Subtype', name('Form')], ['BBox', [0, 0, 450, 30]], ...entries]),
  );
const OWN_FONT: readonly [string, PdfObject] = ['Resources', new Map([['Font', new Map([['F1', FONT]])]])];

/** Appended as one more revision. */
const UPDATES: Readonly<Record<string, Update>> = {
  'a page appended': (update) => {
    const page = update.add(
      new Map<string, PdfObject>([
        ['Type', name('Page')],
        ['Parent', PAGES],
        ['Contents', HIDDEN],
        ['Resources', RESOURCES],
      ]),
    );
    push(update, PAGES, 'Kids', page);
    update.edit(PAGES).set('Count', 3);
  },
  'a page removed': (update) => {
    update.edit(PAGES).set('Kids', [PAGE_ONE]).set('Count', 1);
  },
  'pages swapped': (update) => void update.edit(PAGES).set('Kids', [PAGE_TWO, PAGE_ONE]),
  'another page tree': (update) => {
    const tree = update.add(
      new Map<string, PdfObject>([
        ['Type', name('Pages')],
        ['Kids', [PAGE_TWO]],
        ['Count', 1],
        ['MediaBox', [0, 0, 595, 842]],
      ]),
    );
    update.edit(CATALOG).set('Pages', tree);
  },
  'page content replaced': (update) => update.set(CONTENT, stream(FORGED)),
  'page content pointed at hidden content of the signed file': (update) =>
    void update.edit(PAGE_TWO).set('Contents', HIDDEN),
  'hidden content added to the page content': (update) => void update.edit(PAGE_TWO).set('Contents', [ref(7), HIDDEN]),
  'a font replaced': (update) => void update.edit(FONT).set('BaseFont', name('Symbol')),
  'an encoding changed, so that the same text reads otherwise': (update) =>
    void update.edit(FONT).set('Encoding', new Map<string, PdfObject>([['Differences', [48, name('nine')]]])),
  'resources of the page extended': (update) =>
    void update.edit(RESOURCES).set('XObject', new Map([['X', form(update, FORGED)]])),
  'the page cropped': (update) => void update.edit(PAGE_ONE).set('CropBox', [0, 0, 100, 100]),
  'the page turned': (update) => void update.edit(PAGE_ONE).set('Rotate', 180),
  'a FreeText overlay': (update) =>
    push(
      update,
      PAGE_ONE,
      'Annots',
      update.add(
        annotation('FreeText', [
          ['Contents', { kind: 'string', bytes: text('Morphin'), hex: false }],
          ['AP', new Map([['N', form(update, FORGED, [OWN_FONT])]])],
        ]),
      ),
    ),
  'a stamp overlay': (update) =>
    push(
      update,
      PAGE_ONE,
      'Annots',
      update.add(annotation('Stamp', [['AP', new Map([['N', form(update, FORGED, [OWN_FONT])]])]])),
    ),
  'a link overlay': (update) =>
    push(
      update,
      PAGE_ONE,
      'Annots',
      update.add(
        annotation('Link', [
          [
            'A',
            new Map<string, PdfObject>([
              ['S', name('URI')],
              ['URI', { kind: 'string', bytes: text('http://example.org'), hex: false }],
            ]),
          ],
        ]),
      ),
    ),
  'a link turned elsewhere': (update) => void update.edit(LINK).set('Dest', [PAGE_ONE, name('Fit')]),
  'an annotation removed': (update, view) =>
    void update.edit(PAGE_ONE).set('Annots', (view.array(view.dict(PAGE_ONE)?.get('Annots')) ?? []).slice(1)),
  'the appearance of a signed field replaced': (update, view) =>
    void update.edit(fieldOf(view, 'BacSi')).set('AP', new Map([['N', form(update, FORGED, [OWN_FONT])]])),
  'a signed field moved over the text': (update, view) =>
    void update.edit(fieldOf(view, 'BacSi')).set('Rect', [50, 690, 500, 720]),
  'a signed field made hidden': (update, view) => void update.edit(fieldOf(view, 'BacSi')).set('F', 2),
  'the reason in a signature dictionary changed': (update, view) =>
    void update.edit(signatureOf(view, 'BacSi')).set('Reason', { kind: 'string', bytes: text('Dong y'), hex: false }),
  'the time in a signature dictionary changed': (update, view) =>
    void update
      .edit(signatureOf(view, 'DaiDien'))
      .set('M', { kind: 'string', bytes: text("D:20200101000000+07'00'"), hex: false }),
  'a signature removed from its field': (update, view) => void update.edit(fieldOf(view, 'DaiDien')).delete('V'),
  'the archive time-stamp removed': (update, view) => void update.edit(fieldOf(view, 'DauThoiGian1')).delete('V'),
  'a field removed from the form': (update, view) =>
    void update.edit(FORM).set('Fields', (view.array(view.dict(FORM)?.get('Fields')) ?? []).slice(1)),
  'two signatures swapped': (update, view) => {
    const [one, two] = [signatureOf(view, 'BacSi'), signatureOf(view, 'DaiDien')];
    update.edit(fieldOf(view, 'BacSi')).set('V', two);
    update.edit(fieldOf(view, 'DaiDien')).set('V', one);
  },
  'a signature shown in one more field': (update, view) => {
    const field = update.add(widget('GiamDoc', [['V', signatureOf(view, 'BacSi')]]));
    push(update, FORM, 'Fields', field);
    push(update, PAGE_ONE, 'Annots', field);
  },
  'an unsigned field that paints over the text': (update) => {
    const field = update.add(widget('GiamDoc', [['AP', new Map([['N', form(update, FORGED, [OWN_FONT])]])]]));
    push(update, FORM, 'Fields', field);
    push(update, PAGE_ONE, 'Annots', field);
  },
  'a new field with an action': (update) => {
    const field = update.add(
      widget('GiamDoc', [
        [
          'AA',
          new Map([
            [
              'E',
              new Map<string, PdfObject>([
                ['S', name('Named')],
                ['N', name('Print')],
              ]),
            ],
          ]),
        ],
      ]),
    );
    push(update, FORM, 'Fields', field);
    push(update, PAGE_ONE, 'Annots', field);
  },
  'the font of the form replaced': (update) =>
    void update.edit(FORM).set(
      'DR',
      new Map([
        [
          'Font',
          new Map([
            [
              'F1',
              update.add(
                new Map<string, PdfObject>([
                  ['Type', name('Font')],
                  ['Subtype', name('Type1')],
                  ['BaseFont', name('Symbol')],
                ]),
              ),
            ],
          ]),
        ],
      ]),
    ),
  'NeedAppearances switched on': (update) => void update.edit(FORM).set('NeedAppearances', true),
  'an XFA form': (update) => void update.edit(FORM).set('XFA', update.add(stream('<xdp/>'))),
  'an action at opening': (update) =>
    void update.edit(CATALOG).set(
      'OpenAction',
      new Map<string, PdfObject>([
        ['S', name('JavaScript')],
        ['JS', { kind: 'string', bytes: text('app.alert(1)'), hex: false }],
      ]),
    ),
  'an action of the page': (update) =>
    void update.edit(PAGE_ONE).set(
      'AA',
      new Map([
        [
          'O',
          new Map<string, PdfObject>([
            ['S', name('Named')],
            ['N', name('NextPage')],
          ]),
        ],
      ]),
    ),
  'a layer switched off': (update) =>
    void update.edit(CATALOG).set(
      'OCProperties',
      new Map<string, PdfObject>([
        ['OCGs', [LAYER]],
        ['D', new Map([['OFF', [LAYER]]])],
      ]),
    ),
  'a layer renamed': (update) => void update.edit(LAYER).set('Name', { kind: 'string', bytes: text('An'), hex: false }),
  'an outline entry renamed': (update) =>
    void update.edit(OUTLINE).set('Title', { kind: 'string', bytes: text('Khac'), hex: false }),
  'the attachment replaced': (update) =>
    update.set(ATTACHMENT, stream('{"chanDoan":"khac"}', [['Type', name('EmbeddedFile')]])),
  'the structure retagged': (update) =>
    void update.edit(STRUCTURE).set('ActualText', { kind: 'string', bytes: text('khac'), hex: false }),
  'the title changed': (update) =>
    void update.edit(INFO).set('Title', { kind: 'string', bytes: text('Khac'), hex: false }),
  'the language changed': (update) =>
    void update.edit(CATALOG).set('Lang', { kind: 'string', bytes: text('en'), hex: false }),
  'an unknown entry in the catalog': (update) => void update.edit(CATALOG).set('Khac', HIDDEN),
  'a note filled in against certification': (update) => {
    update
      .edit(NOTE)
      .set('V', { kind: 'string', bytes: text('Morphin'), hex: false })
      .set('Rect', [50, 690, 500, 720]);
  },
};

const inventedSignature: Update = (update) => {
  const value = new Map<string, PdfObject>([
    ['Type', name('Sig')],
    ['Filter', name('Adobe.PPKLite')],
    ['SubFilter', name('ETSI.CAdES.detached')],
    ['ByteRange', [0, 10, 20, 10]],
    ['Contents', { kind: 'string', bytes: text('no CMS'), hex: true }],
  ]);
  const field = update.add(widget('GiamDoc', [['V', update.add(value)]]));
  push(update, FORM, 'Fields', field);
  push(update, PAGE_ONE, 'Annots', field);
};

interface Span {
  readonly start: number;
  readonly end: number;
}

/** `into` with the signature container of `from` in the place of its own, padded as a signer would: one may be longer than the other's room. */
function replayed(from: Uint8Array, source: Span, into: Uint8Array, target: Span): Uint8Array {
  const room = target.end - target.start - 2;
  const hex = Buffer.from(from.subarray(source.start + 1, source.end - 1))
    .toString('latin1')
    .replace(/(00)+$/, '');
  const copy = Uint8Array.from(into);
  copy.set(text(hex.padEnd(room, '0').slice(0, room)), target.start + 1);
  return copy;
}

describe('attacks on a B-LTA record', () => {
  let tester: Tester;
  let sealed: Uint8Array;
  let certified: Uint8Array;
  const judged: ValidationReport[] = [];

  beforeAll(async () => {
    tester = await testAuthority();
    sealed = await extendTo(tester, await signRecord(tester, record()), 'B-LTA');
    certified = await extendTo(tester, await signRecord(tester, record('object streams'), { certify: 2 }), 'B-LTA');
  });

  const judge = (pdf: Uint8Array): ValidationReport => {
    const report = verdictOn(tester, pdf);
    judged.push(report);
    return report;
  };
  const attacked = (pdf: Uint8Array, change: Update): Uint8Array => {
    const file = openPdf(pdf);
    const update = beginUpdate(file);
    change(update, file.latest);
    return update.finish().bytes;
  };

  it('begins with records that are valid', () => {
    for (const pdf of [sealed, certified]) expect(verdictOn(tester, pdf).verdict).toBe('TOTAL-PASSED');
  });

  const flipped = (pdf: Uint8Array, offset: number, mask: number): Uint8Array => {
    const copy = Uint8Array.from(pdf);
    copy[offset] = (copy[offset] ?? 0) ^ mask;
    return copy;
  };
  const maskAt = (offset: number): number => MASKS[offset % MASKS.length] ?? 1;

  it('sees a flip at every 97th byte, wherever it falls', () => {
    const unseen: string[] = [];
    for (let offset = 0; offset < sealed.length; offset += STRIDE) {
      if (judge(flipped(sealed, offset, maskAt(offset))).verdict === 'TOTAL-PASSED') unseen.push(`${offset}`);
    }
    for (let offset = 0; offset < certified.length; offset += 8 * STRIDE) {
      if (judge(flipped(certified, offset, maskAt(offset / STRIDE))).verdict === 'TOTAL-PASSED')
        unseen.push(`${offset}`);
    }
    expect(unseen).toEqual([]);
  }, 180_000);

  it('sees a flip in the last time-stamp, which no later range covers', () => {
    const last = signatureDictionaries(openPdf(sealed)).at(-1);
    const start = last?.contentsSpan?.start ?? 0;
    const digits = Buffer.from(last?.contents ?? [])
      .toString('hex')
      .replace(/(00)+$/, '').length;
    const unseen: string[] = [];
    for (let offset = start; offset < start + digits + 20; offset += 7) {
      if (judge(flipped(sealed, offset, maskAt(offset))).verdict === 'TOTAL-PASSED') unseen.push(`${offset - start}`);
    }
    expect(unseen).toEqual([]);
  }, 180_000);

  for (const [what, change] of Object.entries(UPDATES)) {
    it(`names the signatures that are broken by: ${what}`, () => {
      const report = judge(attacked(sealed, change));
      expect(report.verdict).toBe('TOTAL-FAILED');
      expect(report.signatures[0]?.reasons).toContain('CHANGED_AFTER_SIGNING');
      expect(report.signatures[0]?.laterChanges).toMatch(/^(forbidden|annotations)$/);
      expect(judge(attacked(certified, change)).verdict).toBe('TOTAL-FAILED');
    });
  }

  it('is not appeased by a fresh time-stamp over the forgery', async () => {
    const forged = attacked(sealed, (update) => update.set(CONTENT, stream(FORGED)));
    const report = judge(await addDocumentTimestamp(forged, tester.timestamp));
    expect(report.verdict).toBe('TOTAL-FAILED');
    expect(report.signatures.at(-1)?.indication).toBe('TOTAL-PASSED');
  });

  it('counts an invented signature as the worst of all, while the others stand', () => {
    const report = judge(attacked(sealed, inventedSignature));
    expect(report).toMatchObject({ verdict: 'TOTAL-FAILED', reasons: expect.arrayContaining(['CMS_UNREADABLE']) });
    expect(report.signatures[0]?.indication).toBe('TOTAL-PASSED');
  });

  it('sees a reference to nothing turned into one to hidden content that is shown elsewhere', async () => {
    // Generation 1 of object 39 does not exist; generation 0 is reachable through an attachment's entry.
    const prepared = record('table', {
      3: '<< /Type /Page /Parent 2 0 R /Contents [6 0 R 39 1 R] /Resources 8 0 R /Annots [10 0 R 11 0 R 12 0 R 13 0 R 14 0 R] /PieceInfo [39 0 R 39 0 R] >>',
    });
    const honest = await extendTo(tester, await signRecord(tester, prepared, { count: 1 }), 'B-LTA');
    expect(verdictOn(tester, honest).verdict).toBe('TOTAL-PASSED');
    const revealed = attacked(
      honest,
      (update) => void update.edit(PAGE_ONE).set('Contents', [CONTENT, HIDDEN]).set('PieceInfo', [HIDDEN, HIDDEN]),
    );
    const touched = attacked(revealed, (update) => void update.edit(PAGE_ONE).set('Contents', [CONTENT, HIDDEN]));
    for (const pdf of [revealed, touched]) expect(judge(pdf).verdict).toBe('TOTAL-FAILED');
  });

  it('remembers a change that was changed back', () => {
    const original = openPdf(sealed).latest.resolve(CONTENT);
    const there = attacked(sealed, (update) => update.set(CONTENT, stream(FORGED)));
    expect(judge(attacked(there, (update) => update.set(CONTENT, original))).verdict).toBe('TOTAL-FAILED');
  });

  it('reports bytes after the end as such, whatever they are', () => {
    for (const tail of ['x', '% a comment\n', '\n40 0 obj\n<< >>\nendobj\n', '%%EOF', FORGED]) {
      const report = judge(Buffer.concat([sealed, text(tail)]));
      expect(report.verdict).toBe('INDETERMINATE');
      expect(report.reasons).toContain('TRAILING_BYTES');
      expect(report.trailingBytes).toBeGreaterThan(0);
    }
  });

  it('tolerates line ends and NUL padding after the end', () => {
    for (const tail of ['\n', '\r\n', '\0\0\0\0']) {
      expect(verdictOn(tester, Buffer.concat([sealed, text(tail)])).verdict).toBe('TOTAL-PASSED');
    }
  });

  describe('on the signature itself', () => {
    /** The file with a piece of one signature dictionary replaced by text of the same length. */
    const rewritten = (pdf: Uint8Array, signature: number, edit: (range: number[]) => number[]): Uint8Array => {
      const dictionary = signatureDictionaries(openPdf(pdf))[signature];
      const range = dictionary?.byteRange ?? [];
      const at = Buffer.from(pdf).lastIndexOf('/ByteRange', dictionary?.contentsSpan?.start) + '/ByteRange'.length;
      const start = Buffer.from(pdf).indexOf('[', at);
      const end = Buffer.from(pdf).indexOf(']', start) + 1;
      const copy = Uint8Array.from(pdf);
      copy.set(text(`[${edit([...range]).join(' ')}]`.padEnd(end - start)), start);
      return copy;
    };
    const ranges: Readonly<Record<string, (range: number[]) => number[]>> = {
      narrowed: ([a = 0, b = 0, c = 0, d = 0]) => [a, b, c, d - 10],
      'with a wider gap': ([a = 0, b = 0, c = 0, d = 0]) => [a, b - 4, c, d],
      'with the gap moved': ([a = 0, b = 0, c = 0, d = 0]) => [a, b + 1, c + 1, d - 1],
      'begun later': ([, b = 0, c = 0, d = 0]) => [1, b - 1, c, d],
      'ending before the file does': ([a = 0, b = 0, c = 0]) => [a, b, c, 1],
      'of two numbers': ([a = 0, b = 0]) => [a, b],
      'reaching outside the file': ([a = 0, b = 0, c = 0, d = 0]) => [a, b, c, d + 9],
      negative: ([a = 0, b = 0, c = 0, d = 0]) => [a, -b, c, d],
    };
    for (const [how, edit] of Object.entries(ranges)) {
      it(`refuses a byte range ${how}`, () => {
        for (const signature of [0, 2, 3])
          expect(judge(rewritten(sealed, signature, edit)).verdict).toBe('TOTAL-FAILED');
      });
    }

    it('refuses the CMS of one signature in place of another', () => {
      const dictionaries = signatureDictionaries(openPdf(sealed));
      for (const [from, to] of [
        [0, 1],
        [1, 2],
        [2, 0],
        [0, 3],
      ] as const) {
        const source = dictionaries[from]?.contentsSpan;
        const target = dictionaries[to]?.contentsSpan;
        if (source === undefined || target === undefined) throw new Error('unsigned');
        expect(judge(replayed(sealed, source, sealed, target)).verdict).toBe('TOTAL-FAILED');
      }
    });

    it('refuses a time-stamp replayed from another document', async () => {
      const other = await extendTo(
        tester,
        await signRecord(tester, record('table', { 6: { dict: '', data: FORGED } })),
        'B-LTA',
      );
      const [mine, theirs] = [sealed, other].map((pdf) => signatureDictionaries(openPdf(pdf)).at(-1)?.contentsSpan);
      if (mine === undefined || theirs === undefined) throw new Error('unsigned');
      const report = judge(replayed(other, theirs, sealed, mine));
      expect(report.verdict).toBe('TOTAL-FAILED');
      expect(report.reasons).toContain('IMPRINT_MISMATCH');
    });

    it('refuses anything in the padding behind a signature', () => {
      const span = signatureDictionaries(openPdf(sealed)).at(-1)?.contentsSpan;
      for (const digits of ['01', ' 0', '0a', 'A0']) {
        const copy = Uint8Array.from(sealed);
        copy.set(text(digits), (span?.end ?? 0) - 7);
        expect(judge(copy).verdict).toBe('TOTAL-FAILED');
      }
    });

    it('does not take the signature of one record for that of another', async () => {
      const other = await signRecord(tester, record('table', { 6: { dict: '', data: FORGED } }), { count: 1 });
      const own = await signRecord(tester, record(), { count: 1 });
      const [mine, theirs] = [own, other].map((pdf) => signatureDictionaries(openPdf(pdf))[0]?.contentsSpan);
      if (mine === undefined || theirs === undefined) throw new Error('unsigned');
      const report = judge(replayed(other, theirs, own, mine));
      expect(report.signatures[0]).toMatchObject({
        intact: false,
        signatureValid: true,
        subIndication: 'HASH_FAILURE',
      });
    });
  });

  it('has not called one of a thousand and more attacks valid', () => {
    expect(judged.length).toBeGreaterThanOrEqual(1000);
    expect(judged.filter(({ verdict }) => verdict === 'TOTAL-PASSED')).toEqual([]);
  });
});
