/** First half of signing: the document with a gap, and what has to be signed (in two phases; what lies between can be stored). */
import { digest } from '../../shared/index.ts';
import { layOut } from './layout.ts';
import { fileSha256 } from './range-digests.ts';
import type { PreparedSignature, PrepareOptions } from './types.ts';

/**
 * Prepares a signature. The result is plain JSON and may wait for days; `pdf` itself is not kept in it.
 * Throws when the file cannot be signed: PDF_NOT_A_PDF, PDF_XREF_BROKEN, PDF_SYNTAX, PDF_ENCRYPTED, PDF_TRAILING_BYTES, FIELD_UNKNOWN,
 * FIELD_ALREADY_SIGNED, FIELD_LOCKED, CERTIFIED_NO_CHANGES, CERTIFY_NOT_FIRST, NEW_FIELD_AFTER_SIGNATURE, FIELD_INVALID,
 * STAMP_FONT_MISSING, STAMP_TOO_SMALL, PICTURE_UNREADABLE.
 */
export function prepare(pdf: Uint8Array, options: PrepareOptions): PreparedSignature {
  const { file, appended, contentsStart, contentsEnd, signedAttributes } = layOut(pdf, options);
  return {
    version: 1,
    inputSha256: fileSha256(file),
    inputLength: pdf.length,
    appended: base64(appended),
    contentsStart,
    contentsEnd,
    signedAttributes: base64(signedAttributes),
    toSign: base64(digest(options.scheme.digest, signedAttributes)),
    scheme: options.scheme,
    certificates: [options.certificate, ...options.chain].map(({ der }) => base64(der)),
    field: options.field,
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
