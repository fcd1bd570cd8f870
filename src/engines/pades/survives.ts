/** The check before storing a new revision: nothing that was signed may suffer. */
import { AppError } from '../../shared/index.ts';
import { openPdf, signatureDictionaries } from '../pdf/index.ts';
import type { ValidateOptions, ValidationReport } from './types.ts';
import { validate } from './validate.ts';

/**
 * Compares a file with the same file after something was appended to it. Returns the report about the new one. Throws SIGNATURE_SURVIVAL if
 * the old bytes are not an exact prefix, an earlier signature is lost or judged worse than before, or a later change breaks it.
 */
export function survives(before: Uint8Array, after: Uint8Array, options: ValidateOptions): ValidationReport {
  if (after.length < before.length || Buffer.compare(after.subarray(0, before.length), before) !== 0) {
    throw refused('phần đã ký không còn là phần đầu của tệp', 'the old bytes are no prefix of the new ones');
  }
  const report = validate(after, options);
  if (report.verdict === 'NOT-A-PDF' || report.verdict === 'UNREADABLE') {
    throw refused('không đọc được bản mới', `the new version cannot be read (${report.reasons.join(', ')})`);
  }
  // What is beyond reproach now cannot have been better before.
  if (signedFields(before)?.every((name) => isFlawless(report, name)) === true) return report;
  const old = validate(before, options);
  for (const earlier of old.signatures) {
    const now = report.signatures.find(({ field }) => field === earlier.field);
    if (now === undefined) throw refused(`mất chữ ký “${earlier.field}”`, `the signature “${earlier.field}” is lost`);
    const stillIntact = now.intact >= earlier.intact && now.signatureValid >= earlier.signatureValid;
    const fresh = now.reasons.filter((reason) => !earlier.reasons.includes(reason));
    if (!stillIntact || fresh.length > 0) {
      throw refused(
        `chữ ký “${earlier.field}” không còn như trước (${fresh.join(', ')})`,
        `the signature “${earlier.field}” is no longer what it was (${fresh.join(', ')})`,
      );
    }
  }
  return report;
}

/** Names of the signed fields; undefined where the file does not tell. */
function signedFields(pdf: Uint8Array): string[] | undefined {
  try {
    return signatureDictionaries(openPdf(pdf)).map(({ fields }) => fields[0] ?? '');
  } catch {
    return undefined;
  }
}

function isFlawless(report: ValidationReport, name: string): boolean {
  const now = report.signatures.find(({ field }) => field === name);
  return now?.intact === true && now.signatureValid && now.reasons.length === 0;
}

function refused(vi: string, en: string): AppError {
  return new AppError('SIGNATURE_SURVIVAL', {
    detail: { vi: `Bản mới bị từ chối: ${vi}.`, en: `The new version is refused: ${en}.` },
  });
}
