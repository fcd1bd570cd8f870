/**
 * From Typst's PDF/A to the unsigned original: source attachment, empty tagged signature fields, stamp font, identifiers.
 * pdf-lib rewrites the whole file, so this never happens to a file that holds a signature.
 */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import {
  PDFArray,
  type PDFContext,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  PDFNumber,
  PDFRawStream,
  type PDFRef,
  PDFString,
} from 'pdf-lib';
import { MARKER_PREFIX } from './library.ts';
import { STAMP_FONT_RESOURCE, type StampFont } from './stamp-font.ts';
import { stampFontObjects } from './stamp-font-pdf.ts';
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

const name = PDFName.of;

/** Deterministic: the same bytes in give the same bytes out. */
export function createAssembler(stampFont: StampFont): (typst: Uint8Array, assembly: Assembly) => Promise<Uint8Array> {
  const font = stampFontObjects(stampFont);
  return async (typst, assembly) => {
    const document = await PDFDocument.load(typst, { updateMetadata: false });
    const { context, catalog } = document;
    const digest = createHash('sha256').update(typst).update(assembly.sourceJson).digest('hex').slice(0, 32);

    attachSource(context, catalog, assembly.sourceJson, assembly.createdAt);
    if (assembly.slots.length > 0) {
      const fields = addSignatureFields(document, assembly.slots);
      // ISO 32000-2 §12.7.3: SigFlags 3 = signatures exist, append only.
      const form = context.obj({
        Fields: fields,
        SigFlags: 3,
        DR: { Font: { [STAMP_FONT_RESOURCE]: font(context) } },
      });
      catalog.set(name('AcroForm'), context.register(form));
      moveToEnd(catalog, 'StructTreeRoot');
    }
    // ISO 14289-1 §7.1: the window shows the title, not the file name.
    if (assembly.accessible)
      catalog.lookup(name('ViewerPreferences'), PDFDict).set(name('DisplayDocTitle'), context.obj(true));
    patchMetadata(context, catalog, { instanceId: digest, accessible: assembly.accessible });
    replaceFileId(context, digest);

    const bytes = await document.save({
      useObjectStreams: assembly.useObjectStreams,
      addDefaultPage: false,
      updateFieldAppearances: false,
      objectsPerTick: Number.POSITIVE_INFINITY,
    });
    // pdf-lib ends at %%EOF; the first appended object would land on that line (ISO 19005-3 §6.1.9).
    const withLineEnd = new Uint8Array(bytes.length + 1);
    withLineEnd.set(bytes);
    withLineEnd[bytes.length] = 0x0a;
    return withLineEnd;
  };
}

/** ISO 19005-3 §6.8: `/AF` in the catalog, `/AFRelationship`, media type, both names; viewers want the name tree as well. */
function attachSource(context: PDFContext, catalog: PDFDict, json: Uint8Array, createdAt: Date): void {
  const fileName = 'nguon.json';
  const deflated = deflateSync(json);
  const file = context.obj({
    Type: 'EmbeddedFile',
    Filter: 'FlateDecode',
    Length: deflated.length,
    Params: {
      Size: json.length,
      ModDate: PDFString.of(`D:${createdAt.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`),
      CheckSum: PDFHexString.of(createHash('md5').update(json).digest('hex')),
    },
  });
  file.set(name('Subtype'), name('application/json'));
  const fileRef = context.register(PDFRawStream.of(file, deflated));
  const specification = context.register(
    context.obj({
      Type: 'Filespec',
      F: PDFString.of(fileName),
      UF: PDFHexString.fromText(fileName),
      Desc: PDFHexString.fromText('Dữ liệu nguồn của giấy tờ (JSON)'),
      AFRelationship: 'Source',
      EF: { F: fileRef, UF: fileRef },
    }),
  );
  catalog.set(name('AF'), context.obj([specification]));
  const names = catalog.lookupMaybe(name('Names'), PDFDict) ?? context.obj({});
  names.set(name('EmbeddedFiles'), context.obj({ Names: [PDFString.of(fileName), specification] }));
  catalog.set(name('Names'), names);
}

/** Empty fields whose widgets sit in the tag tree where the template laid their boxes (ISO 14289-1 §7.18.4). */
function addSignatureFields(document: PDFDocument, slots: Assembly['slots']): PDFRef[] {
  const { context, catalog } = document;
  const tree = catalog.lookup(name('StructTreeRoot'), PDFDict);
  const markers = signatureMarkers(context);
  const pages = document.getPages();
  // On every page: a later document time-stamp puts its widget on a page, which may not be touched then (ISO 14289-1 §7.18.3).
  for (const page of pages) page.node.set(name('Tabs'), name('S'));
  const firstKey = tree.lookup(name('ParentTreeNextKey'), PDFNumber).asNumber();
  const parents: [number, PDFRef][] = [];
  const fields = slots.map((slot, index) => {
    const page = pages[slot.page - 1];
    const marker = markers.get(slot.field);
    if (page === undefined || marker === undefined) throw new Error(`no marker in the tag tree for ${slot.field}`);
    const key = firstKey + index;
    const [left, bottom, right, top] = slot.rect;
    const bbox = [0, 0, right - left, top - bottom].map((value) => Math.round(value * 100) / 100);
    const emptyLook = context.register(
      PDFRawStream.of(
        context.obj({ Type: 'XObject', Subtype: 'Form', BBox: bbox, Resources: {}, Length: 0 }),
        new Uint8Array(),
      ),
    );
    const widget = context.register(
      context.obj({
        Type: 'Annot',
        Subtype: 'Widget',
        FT: 'Sig',
        T: PDFHexString.fromText(slot.field),
        TU: PDFHexString.fromText(slot.label),
        // Print + Locked (ISO 32000-2 table 167); PDF/A wants Print.
        F: 132,
        Rect: [...slot.rect],
        P: page.ref,
        StructParent: key,
        // Straight to its tag. EU DSS walks every path from the catalog: this one, below /Annots, is where it expects a signature to appear.
        XXStructElem: marker,
        AP: { N: emptyLook },
      }),
    );
    becomeFormElement(context, marker, widget, page.ref);
    parents.push([key, marker]);
    const annotations = page.node.lookupMaybe(name('Annots'), PDFArray);
    if (annotations === undefined) page.node.set(name('Annots'), context.obj([widget]));
    else annotations.push(widget);
    return widget;
  });
  extendParentTree(context, tree, parents);
  tree.set(name('ParentTreeNextKey'), PDFNumber.of(firstKey + slots.length));
  return fields;
}

function signatureMarkers(context: PDFContext): Map<string, PDFRef> {
  const found = new Map<string, PDFRef>();
  for (const [ref, object] of context.enumerateIndirectObjects()) {
    if (!(object instanceof PDFDict) || object.get(name('S')) !== name('Figure')) continue;
    const alt = object.lookup(name('Alt'));
    const text = alt instanceof PDFString || alt instanceof PDFHexString ? alt.decodeText() : '';
    if (text.startsWith(MARKER_PREFIX)) found.set(text.slice(MARKER_PREFIX.length), ref);
  }
  return found;
}

/** Whoever walks the catalog in order meets pages and fields before the tag tree, which also leads to the fields. */
function moveToEnd(dictionary: PDFDict, key: string): void {
  const value = dictionary.get(name(key));
  if (value === undefined) return;
  dictionary.delete(name(key));
  dictionary.set(name(key), value);
}

/** The empty `/Figure` becomes the `/Form` whose only child is the widget. */
function becomeFormElement(context: PDFContext, marker: PDFRef, widget: PDFRef, page: PDFRef): void {
  const element = context.lookup(marker, PDFDict);
  element.set(name('S'), name('Form'));
  element.delete(name('Alt'));
  element.delete(name('A'));
  element.set(name('Pg'), page);
  element.set(name('K'), context.register(context.obj({ Type: 'OBJR', Obj: widget, Pg: page })));
}

function extendParentTree(context: PDFContext, tree: PDFDict, parents: readonly [number, PDFRef][]): void {
  const parentTree = tree.lookup(name('ParentTree'), PDFDict);
  const entries = parents.flatMap(([key, element]) => [PDFNumber.of(key), element]);
  const flat = parentTree.lookupMaybe(name('Nums'), PDFArray);
  if (flat !== undefined) {
    for (const entry of entries) flat.push(entry);
    return;
  }
  // A tree with branches gets a last leaf (ISO 32000-2 §7.9.7).
  const limits = [parents[0]?.[0] ?? 0, parents.at(-1)?.[0] ?? 0];
  parentTree.lookup(name('Kids'), PDFArray).push(context.register(context.obj({ Limits: limits, Nums: entries })));
}

/** ISO 32000-2 §14.4: the first half stays Typst's, the second names this content. */
function replaceFileId(context: PDFContext, digest: string): void {
  const id = context.trailerInfo.ID;
  if (!(id instanceof PDFArray)) throw new Error('the PDF has no file identifier');
  context.trailerInfo.ID = context.obj([id.get(0), PDFHexString.of(digest)]);
}
