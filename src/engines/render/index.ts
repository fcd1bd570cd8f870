/**
 * Sets forms and scans as PDF/A-3 with Typst, and puts the empty signature fields into them.
 * Everything here happens before the first signature; no signed byte ever comes in.
 */
export type {
  Json,
  JsonObject,
  Renderer,
  RendererOptions,
  RenderJob,
  Rendition,
  RenditionSlot,
  ScanJob,
  SlotRequest,
} from './contract.ts';
export { createPrintable, type Printable } from './printable.ts';
export { createRenderer } from './renderer.ts';
export { createStampFont, loadStampFont, STAMP_CHARACTERS, type StampFont } from './stamp-font.ts';
