/** Files that somebody else made: whether they can be signed as they are, and what the signatures that they bring are worth. */
import { AppError } from '../../shared/index.ts';
import { checkObjects, openPdf, pageRefs, signatureDictionaries } from '../pdf/index.ts';
import type { ValidateOptions, ValidationReport } from './types.ts';
import { validate } from './validate.ts';

export interface Inspection {
  readonly pages: number;
  /** Present if the file came signed. */
  readonly verdict: ValidationReport | undefined;
}

/**
 * Reads every object of a file that people here shall sign, and judges the signatures that it brings.
 * Throws what `openPdf` throws and PDF_FILTER; PDF_ENCRYPTED; PDF_NOT_ACCEPTED (bytes after its end, no page); CERTIFIED_NO_CHANGES.
 */
export function inspect(pdf: Uint8Array, options: ValidateOptions): Inspection {
  const file = openPdf(pdf);
  if (file.encrypted) throw new AppError('PDF_ENCRYPTED');
  if (file.trailing.significant) {
    throw new AppError('PDF_NOT_ACCEPTED', {
      detail: { vi: 'Có dữ liệu lạ sau phần cuối của tệp PDF', en: 'There are foreign bytes after the end of the PDF' },
    });
  }
  // What nobody can read today cannot be signed, sealed and kept for decades.
  checkObjects(file);
  const pages = pageRefs(file.latest).length;
  if (pages === 0) {
    throw new AppError('PDF_NOT_ACCEPTED', { detail: { vi: 'Tệp PDF không có trang nào', en: 'The PDF has no page' } });
  }
  const signatures = signatureDictionaries(file);
  if (signatures.length === 0) return { pages, verdict: undefined };
  if (signatures.some((signature) => signature.docMdp === 1)) throw new AppError('CERTIFIED_NO_CHANGES');
  return { pages, verdict: validate(pdf, options) };
}
