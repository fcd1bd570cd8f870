/**
 * Whether what this installation does may count before the law. A database is of one mode from its first start on: papers of a
 * demonstration never lie among real ones.
 */
import type { Database } from '../platform/db/index.ts';
import { AppError, type Clock, type InputMistake } from '../shared/index.ts';
import { type LegalMatters, type LegalSettings, refuseInstallation, refuseSettings } from './refusals.ts';
import { decideMode, type Mode } from './store.ts';

export { type SoftwareKeys, softwareKeyStatement } from './software-keys.ts';
export { type LegalMatters, type LegalSettings, refuseInstallation, refuseSettings };

/** @throws LEGAL_MODE_REFUSED with every missing condition, in both languages. */
export function demandNone(refusals: readonly InputMistake[]): void {
  if (refusals.length > 0) throw new AppError('LEGAL_MODE_REFUSED', { mistakes: refusals });
}

/**
 * Settles the mode of a database at its first use. @throws LEGAL_DATABASE_FOR_DEMO when a legal one is opened for a demonstration,
 * LEGAL_DEFAULT_USERS the other way round.
 */
export async function settleMode(database: Database, mode: Mode, clock: Clock): Promise<void> {
  const decided = await decideMode(database, mode, clock.now());
  if (decided === mode) return;
  throw new AppError(mode === 'demo' ? 'LEGAL_DATABASE_FOR_DEMO' : 'LEGAL_DEFAULT_USERS');
}
