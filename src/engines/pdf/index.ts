/**
 * PDF engine: reads by cross-reference (never by scanning), knows every revision, writes incremental updates.
 * Knows no cryptography. Contract: `openPdf(bytes, limits?)`, `signatureFields(view)`, `signatureDictionaries(file)`, `beginUpdate(file)`.
 */
export type * from './file.ts';
export * from './objects.ts';
