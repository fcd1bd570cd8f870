/**
 * A reader that takes a file for damaged puts it together anew from everything that looks like an object, in whatever order it stands
 * there. Whoever plants an object that no cross-reference lists, and then gives readers a reason to search, shows them another document
 * than the one that was judged. Neither the plant nor the reason may pass.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  beginUpdate,
  name,
  openPdf,
  type PdfDict,
  type PdfObject,
  type PdfUpdate,
  ref,
} from '../../src/engines/pdf/index.ts';
import { extendTo, record, signRecord, type Tester, verdictOn } from '../engines/pades/record.ts';
import { testAuthority } from '../support/authority.ts';

const bytes = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));
const text = (value: Uint8Array): string => Buffer.from(value).toString('latin1');
const dict = (entries: Readonly<Record<string, PdfObject>>): PdfDict => new Map(Object.entries(entries));
const FORGED = 'BT /F1 12 Tf 60 700 Td (Morphin 5000 mg) Tj ET';
const plant = (num: number): string =>
  `${num} 0 obj\n<< /Length ${FORGED.length} >>\nstream\n${FORGED}\nendstream\nendobj\n`;

interface Update {
  readonly body?: string;
  readonly entries?: string;
  readonly trailer?: string;
  readonly size?: number;
  readonly gap?: string;
  readonly word?: string;
  readonly tail?: string;
}

describe('two documents in one file', () => {
  let tester: Tester;
  let sealed: Uint8Array;
  let packed: Uint8Array;
  let identity: string;
  beforeAll(async () => {
    tester = await testAuthority();
    sealed = await extendTo(tester, await signRecord(tester, record(), { count: 1 }), 'B-LTA');
    packed = await extendTo(tester, await signRecord(tester, record('object streams'), { count: 1 }), 'B-LTA');
    identity = [...text(sealed).matchAll(/\/ID ?\[[^\]]*\]/g)].at(-1)?.[0] ?? '';
  });
  const verdict = (pdf: Uint8Array): string => verdictOn(tester, pdf).verdict;

  /** One more revision, written by hand: it changes nothing unless told to. */
  const appended = ({
    body = '',
    entries = '0 0\n',
    trailer = '',
    size,
    gap = '\n',
    word = 'startxref\n',
    tail = '',
  }: Update) => {
    const file = openPdf(sealed);
    const before = text(sealed) + body;
    const count = size ?? file.latest.trailer.get('Size');
    const previous = file.revisions.at(-1)?.startXref;
    const keys = `/Size ${count} /Root 1 0 R /Info 32 0 R /Prev ${previous} ${identity} ${trailer}`;
    return bytes(`${before}xref\n${entries}trailer\n<< ${keys} >>${gap}${word}${before.length}\n%%EOF\n${tail}`);
  };
  const updated = (pdf: Uint8Array, change: (update: PdfUpdate) => void): Uint8Array => {
    const update = beginUpdate(openPdf(pdf));
    change(update);
    return update.finish().bytes;
  };

  it('begins with updates that change nothing', () => {
    expect(verdict(appended({}))).toBe('TOTAL-PASSED');
    expect(verdict(appended({ gap: '\n% a remark\n', tail: '\n\n' }))).toBe('TOTAL-PASSED');
    expect(verdict(appended({ entries: '0 1\n0000000000 65535 f \n' }))).toBe('TOTAL-PASSED');
  });

  describe('an object that no cross-reference lists', () => {
    const places: Readonly<Record<string, Update>> = {
      'before the section': { body: plant(6) },
      'before the section, without a line of its own': { body: `% x ${plant(6)}` },
      'with blanks of every kind in its header': { body: plant(6).replace('6 0 obj', '6\t\f0\0\r\nobj') },
      'between trailer and startxref': { gap: `\n${plant(6)}` },
      'with padding behind the end, so that no end is found': { body: plant(6), tail: '\0'.repeat(5_000) },
    };
    for (const [where, update] of Object.entries(places)) {
      it(where, () => expect(verdict(appended(update))).toBe('TOTAL-FAILED'));
    }

    it('inside the data of a stream, or inside a text', () => {
      for (const pdf of [sealed, packed]) {
        const raw = bytes(`<x/>\n${plant(6)}`);
        const entries = { Type: name('Metadata'), Subtype: name('XML') };
        const stream = (data: Uint8Array): PdfObject => ({
          kind: 'stream',
          dict: dict({ ...entries, Length: data.length }),
          raw: data,
        });
        expect(verdict(updated(pdf, (update) => update.set(ref(33), stream(bytes('<x/>')))))).toBe('TOTAL-PASSED');
        expect(verdict(updated(pdf, (update) => update.set(ref(33), stream(raw))))).toBe('TOTAL-FAILED');
        const literal: PdfObject = { kind: 'raw', text: `(x\n${plant(6)})` };
        const named = updated(pdf, (update) => void update.edit(ref(32)).set('Producer', literal));
        expect(verdict(named)).toBe('TOTAL-FAILED');
      }
    });

    it('a second trailer, which names another catalog', () =>
      expect(verdict(appended({ gap: '\ntrailer\n<< /Size 60 /Root 39 0 R >>\n' }))).toBe('TOTAL-FAILED'));
  });

  describe('a reason to search', () => {
    const reasons: Readonly<Record<string, Update>> = {
      'an entry that points at no object': { size: 100, entries: '90 1\n0000000017 00000 n \n' },
      'an entry in use at the first byte': { size: 100, entries: '90 1\n0000000000 00000 n \n' },
      'an entry beyond the end': { size: 100, entries: '90 1\n0099999999 00000 n \n' },
      'more objects than readers count': { size: 2_147_483_648 },
      'numbers greater than readers know': { entries: '99999999999 1\n0000000000 65535 f \n' },
      'a remark where digits are due': { word: 'startxref % x\n' },
      'a NUL where digits are due': { word: 'startxref\0\n' },
    };
    for (const [which, update] of Object.entries(reasons)) {
      it(which, () => expect(verdict(appended(update))).not.toBe('TOTAL-PASSED'));
    }

    it('a new field whose font is nowhere, misplaced or of another generation', () => {
      const withFont = (font: PdfObject) => (update: PdfUpdate) => {
        const form = update.add({
          kind: 'stream',
          dict: dict({
            Type: name('XObject'),
            Subtype: name('Form'),
            BBox: [0, 0, 9, 9],
            Resources: dict({ Font: dict({ F1: font }) }),
            Length: 0,
          }),
          raw: new Uint8Array(),
        });
        const field = update.add(
          dict({
            Type: name('Annot'),
            Subtype: name('Widget'),
            FT: name('Sig'),
            T: { kind: 'string', bytes: bytes('GiamDoc'), hex: false },
            Rect: [10, 10, 20, 20],
            F: 4,
            P: ref(3),
            AP: dict({ N: form }),
          }),
        );
        for (const [owner, key] of [
          [ref(5), 'Fields'],
          [ref(3), 'Annots'],
        ] as const) {
          const target = update.edit(owner);
          target.set(key, [...(update.view.array(target.get(key)) ?? []), field]);
        }
      };
      expect(verdict(updated(sealed, withFont(ref(9))))).toBe('TOTAL-PASSED');
      for (const nowhere of [ref(999), ref(9, 5)])
        expect(verdict(updated(sealed, withFont(nowhere)))).toBe('TOTAL-FAILED');
    });

    it('an entry of a type that does not exist, in a cross-reference stream', () => {
      const changed = updated(packed, (update) => void update.edit(ref(32)).set('Producer', name('x')));
      const at = text(changed).lastIndexOf('stream\n', text(changed).lastIndexOf('endstream') - 1) + 'stream\n'.length;
      for (const type of [3, 9, 102, 255]) {
        const copy = Uint8Array.from(changed);
        copy[at] = type;
        expect(verdict(copy)).toBe('UNREADABLE');
      }
    });
  });
});
