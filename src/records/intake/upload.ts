/** Files that somebody else made: what they are, whether they can be signed, and what their signatures are worth. */
import type { Inspection, ValidationReport } from '../../engines/pades/index.ts';
import { AppError } from '../../shared/index.ts';

export type Upload =
  | { readonly kind: 'scan'; readonly pages: readonly Uint8Array[] }
  | {
      readonly kind: 'pdf';
      readonly pdf: Uint8Array;
      readonly pages: number;
      /** Present if the file came signed. */
      readonly verdict: ValidationReport | undefined;
    };

/**
 * Pictures become a scan; a PDF must be one that can be signed as it is (every object readable, not encrypted, not locked).
 * Signatures that it brings are judged: broken ones are refused, unproven ones (unknown authority) are taken with their verdict.
 * @throws PDF_* , PDF_NOT_ACCEPTED, VALIDATION_TOO_COSTLY, UPLOAD_SIGNATURE_BAD, REQUEST_TOO_LARGE.
 */
export async function inspectUpload(
  files: readonly Uint8Array[],
  options: { inspect: (pdf: Uint8Array) => Promise<Inspection>; maxPdfBytes: number },
): Promise<Upload> {
  if (files.reduce((sum, file) => sum + file.length, 0) > options.maxPdfBytes) throw new AppError('REQUEST_TOO_LARGE');
  if (files.every((file) => isPicture(file))) return { kind: 'scan', pages: files };
  const [pdf, ...others] = files;
  if (pdf === undefined || others.length > 0) {
    throw new AppError('PDF_NOT_ACCEPTED', {
      detail: {
        vi: 'Gửi đúng một tệp PDF, hoặc chỉ các ảnh JPEG/PNG',
        en: 'Send exactly one PDF, or only JPEG/PNG pictures',
      },
    });
  }
  const { pages, verdict } = await options.inspect(pdf);
  if (verdict?.verdict === 'TOTAL-FAILED' || verdict?.signatures.some((signature) => !signature.intact)) {
    throw new AppError('UPLOAD_SIGNATURE_BAD', {
      extra: { verdict: verdict.verdict, reasons: verdict.reasons.join(' ') },
    });
  }
  return { kind: 'pdf', pdf, pages, verdict };
}

/** JPEG (FF D8 FF) or PNG signature. */
function isPicture(bytes: Uint8Array): boolean {
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
  const png = bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47;
  return jpeg || png;
}
