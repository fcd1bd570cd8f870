/** The verdict about a PDF, as data (EN 319 102-1). */
import { AppError, sha256Hex } from '../../shared/index.ts';
import { openPdf, type PdfFile } from '../pdf/index.ts';
import { type Examination, examine } from './examine.ts';
import { fileSha256 } from './range-digests.ts';
import { reportSignatures } from './report.ts';
import type { Indication, SignatureReport, ValidateOptions, ValidationReport } from './types.ts';
import { worst } from './verdicts.ts';

/**
 * Judges every signature of a file at `options.at`, with the anchors and material given; asks nobody. One report a file; a broken, encrypted
 * or unsigned one is described. Never throws because of the file's content.
 */
export function validate(bytes: Uint8Array, options: ValidateOptions): ValidationReport {
  let file: PdfFile | undefined;
  try {
    const examination = examine(bytes, options);
    file = examination.file;
    if (examination.signatures.length === 0) return describe(bytes, options, file, 'NO-SIGNATURE', []);
    return judge(bytes, options, examination);
  } catch (thrown) {
    file ??= tryOpen(bytes);
    if (!(thrown instanceof AppError)) return describe(bytes, options, file, 'UNREADABLE', ['VALIDATION_INCOMPLETE']);
    if (thrown.code === 'PDF_NOT_A_PDF') return describe(bytes, options, file, 'NOT-A-PDF', ['NOT_A_PDF']);
    return describe(bytes, options, file, 'UNREADABLE', [thrown.code === 'PDF_ENCRYPTED' ? 'ENCRYPTED' : thrown.code]);
  }
}

function tryOpen(bytes: Uint8Array): PdfFile | undefined {
  try {
    return openPdf(bytes);
  } catch {
    return undefined;
  }
}

function judge(bytes: Uint8Array, options: ValidateOptions, examination: Examination): ValidationReport {
  const signatures = reportSignatures(examination);
  const counted = signatures.filter((report) => counts(report, signatures));
  const gravest = worst(counted);
  const reasons = [...new Set([...(gravest?.reasons ?? []), ...counted.flatMap((report) => report.reasons)])];
  return describe(bytes, options, examination.file, gravest?.indication ?? 'INDETERMINATE', reasons, signatures);
}

/**
 * Signatures, the last archive time-stamp, and any time-stamp that is plainly broken. An older archive time-stamp that has merely
 * outlived its authority is what later ones are for.
 */
function counts(report: SignatureReport, all: readonly SignatureReport[]): boolean {
  if (report.kind === 'signature' || report.indication === 'TOTAL-FAILED') return true;
  const last = all.findLast(({ kind }) => kind === 'document-timestamp');
  return report === last;
}

function describe(
  bytes: Uint8Array,
  options: ValidateOptions,
  file: PdfFile | undefined,
  verdict: Indication | 'NO-SIGNATURE' | 'NOT-A-PDF' | 'UNREADABLE',
  reasons: readonly string[],
  signatures: readonly SignatureReport[] = [],
): ValidationReport {
  return {
    file: options.file,
    sha256: file === undefined ? sha256Hex(bytes) : fileSha256(file),
    bytes: bytes.length,
    revisions: file?.revisions.length ?? 0,
    trailingBytes: file?.trailing.length ?? 0,
    verdict,
    reasons,
    validatedAt: isoTime(options.at),
    signatures,
  };
}

function isoTime(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z');
}
