/** The three things Typst's XMP metadata lack for our files. The stream is otherwise left as it is. */
import { isRef, isStream, name, type PdfDict, type PdfObject, type PdfUpdate } from '../pdf/index.ts';

/** Schema description that PDF/A demands for properties it does not know (ISO 19005-3 §6.6.2.3). */
const PDFUA_SCHEMA = [
  '<rdf:li rdf:parseType="Resource">',
  '<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>',
  '<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>',
  '<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>',
  '<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">',
  '<pdfaProperty:category>internal</pdfaProperty:category>',
  '<pdfaProperty:description>Part of ISO 14289 to which the file conforms</pdfaProperty:description>',
  '<pdfaProperty:name>part</pdfaProperty:name>',
  '<pdfaProperty:valueType>Integer</pdfaProperty:valueType>',
  '</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li>',
].join('');
const SCHEMAS_END = '</rdf:Bag></pdfaExtension:schemas>';
const PDFUA_PART = '<pdfuaid:part xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">1</pdfuaid:part>';

export interface MetadataPatch {
  /** 32 hexadecimal digits. */
  readonly instanceId: string;
  /** Claims PDF/UA-1 (ISO 14289-1 §5). */
  readonly accessible: boolean;
}

/** Throws if Typst's metadata no longer have the places we patch (a new Typst must not silently lose the claims). */
export function patchMetadata(update: PdfUpdate, catalog: PdfDict, patch: MetadataPatch): void {
  const ref = catalog.get('Metadata');
  const stream = update.view.resolve(ref);
  if (!isRef(ref) || !isStream(stream)) throw new Error('the PDF has no XMP metadata');
  let xmp = Buffer.from(stream.raw).toString('utf8');
  xmp = replaceOnce(xmp, /<xmpMM:InstanceID>[^<]*</, `<xmpMM:InstanceID>uuid:${uuid(patch.instanceId)}<`);
  xmp = replaceOnce(xmp, /<xmpMM:RenditionClass>proof</, '<xmpMM:RenditionClass>default<');
  if (patch.accessible) xmp = replaceOnce(xmp, SCHEMAS_END, `${PDFUA_SCHEMA}${SCHEMAS_END}${PDFUA_PART}`);
  const dict = new Map<string, PdfObject>([
    ['Type', name('Metadata')],
    ['Subtype', name('XML')],
  ]);
  update.set(ref, { kind: 'stream', dict, raw: Buffer.from(xmp, 'utf8') });
}

function replaceOnce(text: string, what: string | RegExp, by: string): string {
  const replaced = text.replace(what, by);
  if (replaced === text) throw new Error(`the XMP metadata lack ${String(what)}`);
  return replaced;
}

const uuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
