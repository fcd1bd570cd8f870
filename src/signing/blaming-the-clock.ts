import { clockProblem } from '../platform/db/index.ts';
import type { SigningDeps } from './deps.ts';

/**
 * A wrong clock has many faces: a licence that has ended, an answer about revocation that is not fresh, a lease that is refused.
 * @throws CLOCK_WRONG instead of what `work` throws, if so.
 */
export async function blamingTheClock<T>(
  { database, sharedClock, clock }: SigningDeps,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw (await clockProblem(database.db, sharedClock, clock).catch(() => undefined)) ?? thrown;
  }
}
