/** The last look before new bytes are stored: our own validator reads them as a stranger would. */
import { survives, type ValidationReport } from '../engines/pades/index.ts';
import type { Document } from '../records/index.ts';
import type { SigningDeps } from './deps.ts';

/** The report about `after`. @throws SIGNATURE_SURVIVAL if an earlier signature suffered or the old bytes are no exact prefix. */
export function assertSurvival(
  { anchors, timestampAnchors, clock }: SigningDeps,
  document: Document,
  before: Uint8Array,
  after: Uint8Array,
): ValidationReport {
  return survives(before, after, { file: `${document.id}.pdf`, anchors, timestampAnchors, at: clock.now() });
}
