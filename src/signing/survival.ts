/** The last look before new bytes are stored: our own validator reads them as a stranger would. */
import { survives, type ValidationReport } from '../engines/pades/index.ts';
import type { Document } from '../records/index.ts';
import type { SigningDeps } from './deps.ts';

/** Below this the check takes some milliseconds, less than a trip to another thread is worth; our own papers are far below. */
const CHECKED_HERE_BYTES = 2 * 1024 * 1024;

/** The report about `after`, as of `at` (default: now). @throws SIGNATURE_SURVIVAL if an earlier signature suffered or the old bytes are no exact prefix. */
export async function assertSurvival(
  { anchors, timestampAnchors, validation, clock }: SigningDeps,
  document: Document,
  before: Uint8Array,
  after: Uint8Array,
  at: Date = clock.now(),
): Promise<ValidationReport> {
  const question = { file: `${document.id}.pdf`, at };
  if (after.length > CHECKED_HERE_BYTES) return validation.survives(before, after, question);
  return survives(before, after, { ...question, anchors, timestampAnchors });
}
