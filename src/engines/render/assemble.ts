/**
 * From Typst's PDF/A to the unsigned original: source attachment, empty tagged signature fields, stamp font, identifiers. What Typst wrote
 * is copied; the file is written anew as one revision, so this never happens to a file that holds a signature.
 */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { PDFDocument } from 'pdf-lib';
import {
  beginUpdate,
  embedFont,
  isArray,
  isDict,
  isRef,
  name,
  openPdf,
  type PdfArray,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  type PdfString,
  type PdfUpdate,
  pageRefs,
  ref,
  rewrite,
  STAMP_FONT,
  textString,
} from '../pdf/index.ts';
import { MARKER_PREFIX } from './library.ts';
import type { StampFont } from './stamp-font.ts';
import { patchMetadata } from './xmp.ts';

export interface Box {
  readonly field: string;
  readonly page: number;
  readonly rect: readonly [number, number, number, number];
}

export interface Assembly {
  readonly slots: readonly (Box & { readonly label: string })[];
  readonly sourceJson: Uint8Array;
  readonly createdAt: Date;
  /** PDF/A level a: also made PDF/UA-1. */
  readonly accessible: boolean;
  readonly useObjectStreams: boolean;
}

/** Opened for this one time: nothing of a patient's paper is remembered. */
const UNREMEMBERED = {};

const dict = (entries: [string, PdfObject][]): PdfDict => new Map(entries);
/** UTF-16 with its mark, whatever the text. */
const unicode = (text: string): PdfString => ({
  kind: 'string',
  bytes: Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  hex: true,
});
const octets = (bytes: Uint8Array): PdfString => ({ kind: 'string', bytes, hex: true });

/** Deterministic: the same bytes in give the same bytes out. */
export function createAssembler(stampFont: StampFont): (typst: Uint8Array, assembly: Assembly) => Promise<Uint8Array> {
  return async (typst, assembly) => {
    const update = beginUpdate(openPdf(typst, UNREMEMBERED));
    const catalog = update.edit(update.rootRef);
    const digest = createHash('sha256').update(typst).update(assembly.sourceJson).digest().subarray(0, 16);

    attachSource(update, catalog, assembly.sourceJson, assembly.createdAt);
    if (assembly.slots.length > 0) {
      const form = dict([
        ['Fields', addSignatureFields(update, catalog, assembly.slots)],
        // ISO 32000-2 §12.7.3: signatures exist, append only.
        ['SigFlags', 3],
        ['DR', dict([['Font', dict([[STAMP_FONT, embedFont(update, stampFont)]])]])],
      ]);
      catalog.set('AcroForm', update.add(form));
      moveToEnd(catalog, 'StructTreeRoot');
    }
    // ISO 14289-1 §7.1: the window shows the title, not the file name.
    if (assembly.accessible) editable(update, catalog, 'ViewerPreferences').set('DisplayDocTitle', true);
    patchMetadata(update, catalog, { instanceId: digest.toString('hex'), accessible: assembly.accessible });

    // The first file identifier stays Typst's, the second names this content.
    const pdf = rewrite(openPdf(update.finish().bytes, UNREMEMBERED), digest);
    return assembly.useObjectStreams ? packed(pdf) : pdf;
  };
}

async function packed(pdf: Uint8Array): Promise<Uint8Array> {
  const document = await PDFDocument.load(pdf, { updateMetadata: false });
  const bytes = await document.save({ addDefaultPage: false, updateFieldAppearances: false });
  // pdf-lib ends at %%EOF; the first appended object would land on that line (ISO 19005-3 §6.1.9).
  return Buffer.concat([bytes, Buffer.from('\n')]);
}

/** A dictionary that `owner` must have, to be changed: in an object of its own, or inside `owner`. */
function editable(update: PdfUpdate, owner: PdfDict, key: string): PdfDict {
  const place = owner.get(key);
  if (isRef(place)) return update.edit(place);
  if (!isDict(place)) throw new Error(`the PDF has no /${key}`);
  const copy = new Map(place);
  owner.set(key, copy);
  return copy;
}

/** Puts items at the end of an array, wherever that is kept; makes one if there is none. */
function append(update: PdfUpdate, owner: PdfDict, key: string, items: readonly PdfObject[]): void {
  const place = owner.get(key);
  const current = isRef(place) ? update.get(place) : place;
  const grown = [...(isArray(current) ? current : []), ...items];
  if (isRef(place)) update.set(place, grown);
  else owner.set(key, grown);
}

/** ISO 19005-3 §6.8: `/AF` in the catalog, `/AFRelationship`, media type, both names; viewers want the name tree as well. */
function attachSource(update: PdfUpdate, catalog: PdfDict, json: Uint8Array, createdAt: Date): void {
  const fileName = 'nguon.json';
  const parameters = dict([
    ['Size', json.length],
    ['ModDate', textString(`D:${createdAt.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`)],
    ['CheckSum', octets(createHash('md5').update(json).digest())],
  ]);
  const file = update.add({
    kind: 'stream',
    dict: dict([
      ['Type', name('EmbeddedFile')],
      ['Subtype', name('application/json')],
      ['Filter', name('FlateDecode')],
      ['Params', parameters],
    ]),
    raw: deflateSync(json),
  });
  const files = dict([
    ['F', file],
    ['UF', file],
  ]);
  const specification = update.add(
    dict([
      ['Type', name('Filespec')],
      ['F', textString(fileName)],
      ['UF', unicode(fileName)],
      ['Desc', unicode('Dữ liệu nguồn của giấy tờ (JSON)')],
      ['AFRelationship', name('Source')],
      ['EF', files],
    ]),
  );
  catalog.set('AF', [specification]);
  if (!catalog.has('Names')) catalog.set('Names', dict([]));
  editable(update, catalog, 'Names').set('EmbeddedFiles', dict([['Names', [textString(fileName), specification]]]));
}

/** Empty fields whose widgets sit in the tag tree where the template laid their boxes (ISO 14289-1 §7.18.4). */
function addSignatureFields(update: PdfUpdate, catalog: PdfDict, slots: Assembly['slots']): PdfArray {
  const { view } = update;
  const tree = editable(update, catalog, 'StructTreeRoot');
  const markers = signatureMarkers(update);
  const pages = pageRefs(view);
  // On every page: a later document time-stamp puts its widget on a page, which may not be touched then (ISO 14289-1 §7.18.3).
  for (const page of pages) update.edit(page).set('Tabs', name('S'));
  const firstKey = view.number(tree.get('ParentTreeNextKey'));
  if (firstKey === undefined) throw new Error('the tag tree has no /ParentTreeNextKey');
  const parents: [number, PdfRef][] = [];
  const fields = slots.map((slot, index) => {
    const page = pages[slot.page - 1];
    const marker = markers.get(slot.field);
    if (page === undefined || marker === undefined) throw new Error(`no marker in the tag tree for ${slot.field}`);
    const key = firstKey + index;
    const widget = update.add(widgetOf(slot, { page, marker, key, look: emptyLook(update, slot.rect) }));
    becomeFormElement(update, marker, widget, page);
    parents.push([key, marker]);
    append(update, update.edit(page), 'Annots', [widget]);
    return widget;
  });
  extendParentTree(update, tree, parents);
  tree.set('ParentTreeNextKey', firstKey + slots.length);
  return fields;
}

function emptyLook(update: PdfUpdate, [left, bottom, right, top]: Box['rect']): PdfRef {
  const box = [0, 0, right - left, top - bottom].map((value) => Math.round(value * 100) / 100);
  const entries: [string, PdfObject][] = [
    ['Type', name('XObject')],
    ['Subtype', name('Form')],
    ['BBox', box],
    ['Resources', dict([])],
  ];
  return update.add({ kind: 'stream', dict: dict(entries), raw: new Uint8Array() });
}

function widgetOf(
  slot: Assembly['slots'][number],
  at: { readonly page: PdfRef; readonly marker: PdfRef; readonly key: number; readonly look: PdfRef },
): PdfDict {
  return dict([
    ['Type', name('Annot')],
    ['Subtype', name('Widget')],
    ['FT', name('Sig')],
    ['T', unicode(slot.field)],
    ['TU', unicode(slot.label)],
    // Print + Locked (ISO 32000-2 table 167); PDF/A wants Print.
    ['F', 132],
    ['Rect', [...slot.rect]],
    ['P', at.page],
    ['StructParent', at.key],
    // Straight to its tag. EU DSS walks every path from the catalog: this one, below /Annots, is where it expects a signature to appear.
    ['XXStructElem', at.marker],
    ['AP', dict([['N', at.look]])],
  ]);
}

function signatureMarkers({ view }: PdfUpdate): Map<string, PdfRef> {
  const found = new Map<string, PdfRef>();
  for (const num of view.objectNumbers()) {
    const object = view.dict(ref(num));
    if (object === undefined || view.name(object.get('S')) !== 'Figure') continue;
    const text = view.text(object.get('Alt')) ?? '';
    if (text.startsWith(MARKER_PREFIX)) found.set(text.slice(MARKER_PREFIX.length), ref(num));
  }
  return found;
}

/** Whoever walks the catalog in order meets pages and fields before the tag tree, which also leads to the fields. */
function moveToEnd(dictionary: PdfDict, key: string): void {
  const value = dictionary.get(key);
  if (value === undefined) return;
  dictionary.delete(key);
  dictionary.set(key, value);
}

/** The empty `/Figure` becomes the `/Form` whose only child is the widget. */
function becomeFormElement(update: PdfUpdate, marker: PdfRef, widget: PdfRef, page: PdfRef): void {
  const element = update.edit(marker);
  element.set('S', name('Form'));
  element.delete('Alt');
  element.delete('A');
  element.set('Pg', page);
  const child = dict([
    ['Type', name('OBJR')],
    ['Obj', widget],
    ['Pg', page],
  ]);
  element.set('K', update.add(child));
}

function extendParentTree(update: PdfUpdate, tree: PdfDict, parents: readonly [number, PdfRef][]): void {
  const parentTree = editable(update, tree, 'ParentTree');
  const entries = parents.flat();
  if (parentTree.has('Nums')) {
    append(update, parentTree, 'Nums', entries);
    return;
  }
  // A tree with branches gets a last leaf (ISO 32000-2 §7.9.7).
  const limits = [parents[0]?.[0] ?? 0, parents.at(-1)?.[0] ?? 0];
  const leaf = dict([
    ['Limits', limits],
    ['Nums', entries],
  ]);
  append(update, parentTree, 'Kids', [update.add(leaf)]);
}
