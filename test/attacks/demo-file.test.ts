/** What an attacker does to exactly the file that a hospital gets: a discharge certificate that went the whole road. None may pass. */
import { beforeAll, expect, test } from 'vitest';
import { validate } from '../../src/engines/pades/index.ts';
import {
  beginUpdate,
  name,
  openPdf,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  type PdfUpdate,
  pageRefs,
  signatureDictionaries,
  signatureFields,
  textString,
} from '../../src/engines/pdf/index.ts';
import { dischargeCertificate, settle, useAntin } from '../support/antin.ts';

const running = useAntin();
let signed: Uint8Array;
let other: Uint8Array;

async function certificate(): Promise<Uint8Array> {
  const { antin, hospital, request } = running();
  const received = await request('POST', '/v1/documents', {
    key: hospital.keys.intake,
    json: dischargeCertificate(running()),
  });
  const { id } = await received.json();
  for (const { apiKey: key, credential, pin } of [hospital.practitioner, hospital.representative]) {
    await request('POST', '/v1/sessions', { key, json: { credential, pin, documents: [{ id }] } });
  }
  await settle(running());
  const at = { facilityId: hospital.facility, documentId: id, actor: { kind: 'system', id: 'test' } as const };
  return (await antin.archive.fetchArchived(at)).bytes;
}

beforeAll(async () => {
  signed = new Uint8Array(await certificate());
  other = new Uint8Array(await certificate());
}, 60_000);

const verdictOn = (pdf: Uint8Array) => {
  const { signers, tsa } = running().antin.anchors;
  return validate(pdf, { file: 'a.pdf', anchors: signers, timestampAnchors: tsa, at: new Date() });
};

const dict = (entries: Record<string, PdfObject>): PdfDict => new Map(Object.entries(entries));
const stream = (text: string, entries: Record<string, PdfObject> = {}): PdfObject => {
  const raw = new TextEncoder().encode(text);
  return { kind: 'stream', dict: dict({ ...entries, Length: raw.length }), raw };
};
const FORGED = '1 0 0 rg 0 0 595 842 re f';

/** Reference behind a value that must be one. */
function refOf(value: PdfObject | undefined): PdfRef {
  if (value !== null && typeof value === 'object' && 'kind' in value && value.kind === 'ref') return value;
  throw new Error('no reference there');
}

/** The dictionary behind `value`, editable, whether it is a reference or stands in `owner`. */
function within(update: PdfUpdate, owner: PdfDict, key: string): PdfDict {
  const value = owner.get(key);
  const direct = update.view.dict(value);
  if (direct === undefined) throw new Error(`no dictionary at ${key}`);
  if (direct !== value) return update.edit(refOf(value));
  const copy = new Map(direct);
  owner.set(key, copy);
  return copy;
}

const page = (update: PdfUpdate): PdfDict => update.edit(pageRefs(update.view)[0] as PdfRef);
const root = (update: PdfUpdate): PdfDict => update.edit(update.rootRef);
const field = (update: PdfUpdate, wanted: string) => {
  const found = signatureFields(update.view).find((one) => one.name === wanted);
  if (found === undefined) throw new Error(`no field ${wanted}`);
  return found;
};
const annotate = (update: PdfUpdate, annotation: Record<string, PdfObject>): void => {
  const own = page(update);
  own.set('Annots', [
    ...(update.view.array(own.get('Annots')) ?? []),
    update.add(dict({ Type: name('Annot'), ...annotation })),
  ]);
};

const UPDATES: readonly [string, (update: PdfUpdate) => void][] = [
  [
    'a page is appended',
    (update) => {
      const pages = within(update, root(update), 'Pages');
      const added = update.add(
        dict({
          Type: name('Page'),
          MediaBox: [0, 0, 595, 842],
          Parent: refOf(update.view.root.get('Pages')),
          Contents: update.add(stream(FORGED)),
          Resources: dict({}),
        }),
      );
      pages.set('Kids', [...(update.view.array(pages.get('Kids')) ?? []), added]);
      pages.set('Count', 2);
    },
  ],
  [
    'the page tree is replaced',
    (update) => {
      const pages = update.add(
        dict({
          Type: name('Pages'),
          Count: 1,
          Kids: [
            update.add(
              dict({
                Type: name('Page'),
                MediaBox: [0, 0, 595, 842],
                Contents: update.add(stream(FORGED)),
                Resources: dict({}),
              }),
            ),
          ],
        }),
      );
      root(update).set('Pages', pages);
    },
  ],
  ['the content is replaced', (update) => page(update).set('Contents', update.add(stream(FORGED)))],
  ['the content object is overridden', (update) => update.set(refOf(page(update).get('Contents')), stream(FORGED))],
  [
    'content is added',
    (update) => {
      const own = page(update);
      own.set('Contents', [own.get('Contents') ?? null, update.add(stream(FORGED))]);
    },
  ],
  ['the fonts of the page are taken away', (update) => within(update, page(update), 'Resources').set('Font', dict({}))],
  ['the page box is cut', (update) => page(update).set('CropBox', [0, 400, 595, 842])],
  ['the page is turned', (update) => page(update).set('Rotate', 180)],
  [
    'the page gets an action',
    (update) => page(update).set('AA', dict({ O: dict({ S: name('JavaScript'), JS: textString('app.alert(1)') }) })),
  ],
  [
    'an overlay annotation',
    (update) =>
      annotate(update, { Subtype: name('FreeText'), Rect: [50, 400, 400, 500], Contents: textString('30 ngày') }),
  ],
  [
    'a stamp annotation with a picture',
    (update) =>
      annotate(update, {
        Subtype: name('Stamp'),
        Rect: [0, 0, 595, 842],
        F: 4,
        AP: dict({
          N: update.add(stream(FORGED, { Type: name('XObject'), Subtype: name('Form'), BBox: [0, 0, 595, 842] })),
        }),
      }),
  ],
  [
    'a link annotation',
    (update) =>
      annotate(update, {
        Subtype: name('Link'),
        Rect: [0, 0, 100, 100],
        A: dict({ S: name('URI'), URI: textString('http://example.test') }),
      }),
  ],
  [
    'the look of a signed field is changed',
    (update) => {
      const ap = within(update, update.edit(field(update, 'NguoiHanhNghe').ref), 'AP');
      ap.set('N', update.add(stream(FORGED, { Type: name('XObject'), Subtype: name('Form'), BBox: [0, 0, 153, 73] })));
    },
  ],
  ['a signed field is moved', (update) => update.edit(field(update, 'DaiDienDonVi').ref).set('Rect', [0, 0, 595, 842])],
  ['a signed field is hidden', (update) => update.edit(field(update, 'DaiDienDonVi').ref).set('F', 134)],
  [
    'a signature dictionary gets another reason',
    (update) =>
      update.edit(field(update, 'NguoiHanhNghe').valueRef as PdfRef).set('Reason', textString('Không đồng ý')),
  ],
  [
    'a signature dictionary gets another name',
    (update) =>
      update.edit(field(update, 'NguoiHanhNghe').valueRef as PdfRef).set('Name', textString('BS. Người Khác')),
  ],
  ['a signature is removed', (update) => update.edit(field(update, 'NguoiHanhNghe').ref).delete('V')],
  [
    'a signature is put into another field',
    (update) => {
      const from = field(update, 'NguoiHanhNghe').valueRef as PdfRef;
      update.edit(field(update, 'DaiDienDonVi').ref).set('V', from);
    },
  ],
  ['a field is renamed', (update) => update.edit(field(update, 'NguoiHanhNghe').ref).set('T', textString('NguoiKhac'))],
  [
    'a field is taken out of the form',
    (update) => {
      const form = within(update, root(update), 'AcroForm');
      form.set('Fields', (update.view.array(form.get('Fields')) ?? []).slice(1));
    },
  ],
  [
    'the form lets readers redraw everything',
    (update) => within(update, root(update), 'AcroForm').set('NeedAppearances', true),
  ],
  [
    'the form font is replaced',
    (update) =>
      within(update, root(update), 'AcroForm').set(
        'DR',
        dict({
          Font: dict({
            VnStamp: update.add(dict({ Type: name('Font'), Subtype: name('Type1'), BaseFont: name('Symbol') })),
          }),
        }),
      ),
  ],
  [
    'the document acts when opened',
    (update) => root(update).set('OpenAction', dict({ S: name('JavaScript'), JS: textString('app.alert(1)') })),
  ],
  ['layers are added', (update) => root(update).set('OCProperties', dict({ OCGs: [], D: dict({}) }))],
  ['the attached source is exchanged', (update) => root(update).set('AF', [])],
  [
    'the tag tree is exchanged',
    (update) => root(update).set('StructTreeRoot', update.add(dict({ Type: name('StructTreeRoot') }))),
  ],
  ['the language is changed', (update) => root(update).set('Lang', textString('en'))],
];

test('the file itself passes', () => {
  expect(verdictOn(signed).verdict).toBe('TOTAL-PASSED');
});

test.each(UPDATES)('%s', (_title, change) => {
  const update = beginUpdate(openPdf(signed));
  change(update);
  const forged = update.finish().bytes;
  expect(Buffer.compare(forged.subarray(0, signed.length), signed)).toBe(0);
  expect(verdictOn(forged).verdict).not.toBe('TOTAL-PASSED');
});

/** Copies the text of `from` over the bytes at `start`. */
function patched(start: number, from: Uint8Array): Uint8Array {
  const forged = signed.slice();
  forged.set(from, start);
  return forged;
}

test('a ByteRange that is narrowed or shifted', () => {
  const text = Buffer.from(signed).toString('latin1');
  const places = [...text.matchAll(/\/ByteRange ?\[ ?0 (\d+) (\d+) (\d+)/g)];
  expect(places.length).toBeGreaterThanOrEqual(4);
  for (const place of places) {
    for (const [group, by] of [
      [1, -2],
      [2, 2],
      [3, -1],
    ] as const) {
      const number = place[group] ?? '';
      const at = place.index + place[0].lastIndexOf(number);
      const changed = String(Number(number) + by).padStart(number.length, '0');
      expect(verdictOn(patched(at, Buffer.from(changed))).verdict).not.toBe('TOTAL-PASSED');
    }
  }
});

test('a CMS or a time-stamp of another signature or another record', () => {
  const [mine, theirs] = [signatureDictionaries(openPdf(signed)), signatureDictionaries(openPdf(other))];
  let swaps = 0;
  for (const target of mine) {
    for (const [file, sources] of [
      [signed, mine],
      [other, theirs],
    ] as const) {
      for (const source of sources) {
        if (file === signed && source === target) continue;
        const [to, from] = [target.contentsSpan, source.contentsSpan];
        if (to === undefined || from === undefined) throw new Error('a signature without contents');
        const hex = file.subarray(from.start + 1, from.end - 1);
        const room = to.end - to.start - 2;
        const fitted = Buffer.alloc(room, '0');
        fitted.set(hex.subarray(0, room));
        swaps += 1;
        expect(verdictOn(patched(to.start + 1, fitted)).verdict).not.toBe('TOTAL-PASSED');
      }
    }
  }
  expect(swaps).toBeGreaterThanOrEqual(20);
});
