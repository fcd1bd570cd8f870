/**
 * PDF engine: reads by cross-reference (never by scanning), knows every revision, writes incremental updates.
 * Knows no cryptography. Contract: `openPdf(bytes, limits?)`, `signatureFields(view)`, `signatureDictionaries(file)`, `beginUpdate(file)`.
 */
export { fieldNames, rectangle, signatureFields } from './fields.ts';
export type * from './file.ts';
export * from './objects.ts';
export { checkObjects, checkPlaces, openPdf } from './open.ts';
export { inheritedFromTree, pageRefs } from './pages.ts';
export { addPicture, type Picture } from './picture.ts';
export { rewrite } from './rewrite.ts';
export { certification, fieldLock, locksField, signatureDictionaries } from './signatures.ts';
export {
  type EmbeddableFont,
  embedFont,
  findStampFont,
  STAMP_FONT,
  shareFont,
  type Typeface,
} from './stamp-font.ts';
export { dateString, textString } from './text.ts';
export { subsetTrueType } from './truetype.ts';
export { beginUpdate } from './update.ts';
