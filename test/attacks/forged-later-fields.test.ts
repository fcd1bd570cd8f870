/**
 * Fields, widgets and time-stamps that somebody adds after everybody has signed. An identified signer may bring a picture of a
 * signature; nobody else may show anything, on screen or on paper, and no picture may stand for a signature that is not judged.
 */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { addDocumentTimestamp, type TimestampSource } from '../../src/engines/pades/index.ts';
import {
  beginUpdate,
  name,
  openPdf,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  type PdfUpdate,
  ref,
} from '../../src/engines/pdf/index.ts';
import { authorityTransport, createAuthority } from '../../src/platform/trust/authority/index.ts';
import { createTimestampSource } from '../../src/platform/trust/index.ts';
import { extendTo, record, signRecord, type Tester, verdictOn } from '../engines/pades/record.ts';
import type { Objects } from '../engines/pdf/build-pdf.ts';
import { testAuthority } from '../support/authority.ts';

const PAGE = ref(3);
const FORM = ref(5);
const SEAL_FIELD = ref(12);
const WHOLE_PAGE = [0, 0, 595, 842];
const FORGED = '1 g 0 0 595 842 re f 0 g BT /F1 30 Tf 60 500 Td (Morphin 5000 mg) Tj ET';

const dict = (entries: Readonly<Record<string, PdfObject>>): PdfDict => new Map(Object.entries(entries));
const bytes = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));
const string = (value: string): PdfObject => ({ kind: 'string', bytes: bytes(value), hex: false });
const picture = (update: PdfUpdate, data = FORGED): PdfDict => {
  const font = dict({ Type: name('Font'), Subtype: name('Type1'), BaseFont: name('Helvetica') });
  const form = update.add({
    kind: 'stream',
    dict: dict({
      Type: name('XObject'),
      Subtype: name('Form'),
      BBox: WHOLE_PAGE,
      Resources: dict({ Font: dict({ F1: font }) }),
      Length: data.length,
    }),
    raw: bytes(data),
  });
  return dict({ N: form });
};
const widget = (entries: Readonly<Record<string, PdfObject>>): PdfDict =>
  dict({ Type: name('Annot'), Subtype: name('Widget'), Rect: WHOLE_PAGE, F: 4, P: PAGE, ...entries });
const field = (entries: Readonly<Record<string, PdfObject>>): PdfDict =>
  widget({ FT: name('Sig'), T: string('GiamDoc'), ...entries });
/** Looks like a signature, but nobody signed. */
const hollow = (update: PdfUpdate): PdfRef =>
  update.add(
    dict({
      Type: name('Sig'),
      Filter: name('Adobe.PPKLite'),
      SubFilter: name('ETSI.CAdES.detached'),
      ByteRange: [0, 10, 20, 10],
      Contents: { kind: 'string', bytes: bytes('no CMS'), hex: true },
    }),
  );
const push = (update: PdfUpdate, owner: PdfRef, key: string, item: PdfObject): void => {
  const target = update.edit(owner);
  target.set(key, [...(update.view.array(target.get(key)) ?? []), item]);
};
const place = (update: PdfUpdate, made: PdfDict): PdfRef => {
  const target = update.add(made);
  push(update, FORM, 'Fields', target);
  push(update, PAGE, 'Annots', target);
  return target;
};
const updated = (pdf: Uint8Array, change: (update: PdfUpdate) => void): Uint8Array => {
  const update = beginUpdate(openPdf(pdf));
  change(update);
  return update.finish().bytes;
};

/** A document time-stamp whose field is whatever `dress` makes of it. */
async function stamped(
  pdf: Uint8Array,
  source: TimestampSource,
  dress: (update: PdfUpdate, value: PdfRef) => void,
): Promise<Uint8Array> {
  const update = beginUpdate(openPdf(pdf));
  const value = update.add(
    dict({
      Type: name('DocTimeStamp'),
      Filter: name('Adobe.PPKLite'),
      SubFilter: name('ETSI.RFC3161'),
      ByteRange: { kind: 'raw', text: ' '.repeat(60), mark: 'range' },
      Contents: { kind: 'raw', text: `<${'0'.repeat(20_000)}>`, mark: 'contents' },
    }),
  );
  dress(update, value);
  const { bytes: made, marks } = update.finish();
  const gap = marks.get('contents') ?? { start: 0, end: 0 };
  const range = `[0 ${gap.start} ${gap.end} ${made.length - gap.end}]`.padEnd(60);
  made.set(bytes(range), marks.get('range')?.start ?? 0);
  const imprint = createHash('sha256').update(made.subarray(0, gap.start)).update(made.subarray(gap.end)).digest();
  made.set(bytes(Buffer.from(await source(imprint, 'SHA-256')).toString('hex')), gap.start + 1);
  return made;
}

describe('what comes after the signatures', () => {
  let tester: Tester;
  let sealed: Uint8Array;
  /** The field of the seal is still empty. */
  let unsealed: Uint8Array;
  let certified: Uint8Array;
  beforeAll(async () => {
    tester = await testAuthority();
    sealed = await extendTo(tester, await signRecord(tester, record()), 'B-LTA');
    unsealed = await extendTo(tester, await signRecord(tester, record(), { count: 2 }), 'B-LTA');
    certified = await extendTo(tester, await signRecord(tester, record(), { count: 2, certify: 2 }), 'B-LTA');
  });
  const refuse = (pdf: Uint8Array): void => {
    const report = verdictOn(tester, pdf);
    expect(report.verdict).toBe('TOTAL-FAILED');
    expect(report.signatures[0]?.reasons).toContain('CHANGED_AFTER_SIGNING');
  };
  const refuseAll = (change: (update: PdfUpdate) => void): void => {
    for (const pdf of [sealed, unsealed, certified]) refuse(updated(pdf, change));
  };

  it('an empty field for one more signer is welcome, a plain look included', () => {
    for (const entries of [{}, { MK: dict({ R: 90 }) }, { F: 132, H: name('N') }])
      expect(
        verdictOn(
          tester,
          updated(sealed, (update) => void place(update, field(entries))),
        ).verdict,
      ).toBe('TOTAL-PASSED');
    const blank = updated(sealed, (update) => void place(update, field({ AP: picture(update, '% DSBlank\nq Q\n') })));
    expect(verdictOn(tester, blank).verdict).toBe('TOTAL-PASSED');
  });

  describe('an empty field may not show anything', () => {
    for (const [how, flags] of Object.entries({
      'on screen': 4,
      'in print only': 4 | 32,
      'under the mouse': 32 | 256,
      'once it is unhidden': 2,
    })) {
      it(how, () => refuseAll((update) => void place(update, field({ F: flags, AP: picture(update) }))));
    }
    it('not a background that hides the text, nor a border as thick as the page', () => {
      for (const look of [{ BG: [1, 1, 1] }, { BC: [0, 0, 0] }, { CA: string('Morphin') }])
        refuseAll((update) => void place(update, field({ MK: dict(look), BS: dict({ W: 500 }), Border: [0, 0, 500] })));
    });
    it('not by being both a field with kids and a widget of its own', () =>
      refuseAll((update) => {
        const kid = update.add(null);
        const parent = place(update, field({ Kids: [kid], AP: picture(update) }));
        update.set(kid, widget({ Parent: parent, Rect: [0, 0, 0, 0] }));
      }));
  });

  it('a widget does not become harmless by naming a harmless field as its parent', () =>
    refuseAll((update) => {
      const kid = update.add(null);
      const parent = update.add(dict({ FT: name('Sig'), T: string('GiamDoc'), Kids: [kid] }));
      update.set(kid, widget({ Parent: parent, Rect: [0, 0, 0, 0], F: 2 }));
      push(update, FORM, 'Fields', parent);
      push(update, PAGE, 'Annots', update.add(widget({ Parent: parent, AP: picture(update) })));
    }));

  it('a new field may not be called like one further down', () =>
    refuseAll((update) => void place(update, field({ T: string('BacSi.Mot') }))));

  describe('a hollow signature does not excuse a picture where nobody judges it', () => {
    const kinds: Readonly<Record<string, Readonly<Record<string, PdfObject>>>> = {
      'behind a kid of another type': { T: string('Mot'), FT: name('Tx') },
      'behind a kid that says it has none': { T: string('Mot'), V: null },
      'behind a kid that has kids': { T: string('Mot'), Kids: [] },
    };
    for (const [how, entries] of Object.entries(kinds)) {
      it(how, () =>
        refuseAll((update) => {
          const kid = update.add(null);
          const parent = update.add(dict({ FT: name('Sig'), T: string('GiamDoc'), Kids: [kid], V: hollow(update) }));
          update.set(kid, widget({ Parent: parent, AP: picture(update), ...entries }));
          push(update, FORM, 'Fields', parent);
          push(update, PAGE, 'Annots', kid);
        }),
      );
    }

    const prepared = async (changes: Objects) =>
      extendTo(tester, await signRecord(tester, record('table', changes), { count: 2 }), 'B-LTA');
    const page = (annotations: string) =>
      `<< /Type /Page /Parent 2 0 R /Contents 6 0 R /Resources 8 0 R /Annots [${annotations}] /StructParents 0 >>`;

    it('in a widget that was never in the form', async () => {
      const pdf = await prepared({
        3: page('10 0 R 11 0 R 40 0 R 13 0 R 14 0 R'),
        40: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (GiamDoc) /Rect [0 0 595 842] /F 132 /P 3 0 R >>',
      });
      expect(verdictOn(tester, pdf).verdict).toBe('TOTAL-PASSED');
      refuse(updated(pdf, (update) => void update.edit(ref(40)).set('V', hollow(update)).set('AP', picture(update))));
    });

    it('in a widget whose parent is switched for a copy outside the form', async () => {
      const pdf = await prepared({
        3: page('10 0 R 11 0 R 40 0 R 13 0 R 14 0 R'),
        12: '<< /FT /Sig /T (DongDau) /Kids [40 0 R] >>',
        40: '<< /Type /Annot /Subtype /Widget /Parent 12 0 R /Rect [390 100 550 160] /F 132 /P 3 0 R >>',
      });
      expect(verdictOn(tester, pdf).verdict).toBe('TOTAL-PASSED');
      const copy = { FT: name('Sig'), T: string('DongDau'), Kids: [ref(40)] };
      refuse(
        updated(pdf, (update) => {
          const parent = update.add(dict({ ...copy, V: hollow(update) }));
          update.edit(ref(40)).set('Parent', parent).set('AP', picture(update));
        }),
      );
    });

    it('in a field whose place in the form is taken by a copy', async () => {
      const pdf = await prepared({
        3: page('10 0 R 11 0 R 40 0 R 13 0 R 14 0 R'),
        12: '<< /FT /Sig /T (DongDau) /Kids [40 0 R] >>',
        40: '<< /Type /Annot /Subtype /Widget /T (Mot) /Parent 12 0 R /Rect [390 100 550 160] /F 132 /P 3 0 R >>',
      });
      expect(verdictOn(tester, pdf).verdict).toBe('TOTAL-PASSED');
      refuse(
        updated(pdf, (update) => {
          const copy = update.add(new Map(update.view.dict(ref(40))));
          update.edit(SEAL_FIELD).set('Kids', [copy]);
          update.edit(ref(40)).set('V', hollow(update)).set('AP', picture(update));
        }),
      );
    });
  });

  describe('a time-stamp names no person, so it shows nothing', () => {
    const cover = (flags: number) => (update: PdfUpdate, value: PdfRef) =>
      void place(update, field({ V: value, F: flags, AP: picture(update) }));
    const fillSeal = (update: PdfUpdate, value: PdfRef) =>
      void update.edit(SEAL_FIELD).set('V', value).set('AP', picture(update));

    it('neither over the page nor in print, nor in the empty field of the seal', async () => {
      refuse(await stamped(sealed, tester.timestamp, cover(4)));
      refuse(await stamped(sealed, tester.timestamp, cover(4 | 32)));
      refuse(await stamped(unsealed, tester.timestamp, fillSeal));
    });

    it('not even when a good one follows one of nobody', async () => {
      const { clock } = tester;
      const nobody = await createAuthority({ clock });
      const source = createTimestampSource({
        urls: [nobody.timestampUrl],
        transport: authorityTransport(nobody),
        clock,
        anchors: [nobody.root],
      });
      for (const forged of [await stamped(sealed, source, cover(4)), await stamped(unsealed, source, fillSeal)])
        refuse(await addDocumentTimestamp(forged, tester.timestamp));
    });

    it('while one that shows nothing may use an empty field', async () => {
      const filled = await stamped(unsealed, tester.timestamp, (update, value) => {
        update.edit(SEAL_FIELD).set('V', value);
      });
      expect(verdictOn(tester, filled).verdict).toBe('TOTAL-PASSED');
    });
  });
});
