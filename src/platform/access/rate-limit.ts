/**
 * How much one caller may ask of one process. Kept in memory: N processes allow N times as much, and a restart forgets. That is
 * enough to keep one caller from crowding out the others; it is no protection of a secret.
 */
import type { Clock } from '../../shared/index.ts';

/** Takes one request of a caller. @returns 0, or the seconds after which one more is allowed. */
export type RateLimit = (caller: string) => number;

/** Callers remembered at once; beyond it, those who asked longest ago are forgotten. */
const MOST_CALLERS = 10_000;

/**
 * A bucket for each caller that holds `perMinute` requests and fills evenly: what was not used may be used at once, and after that
 * `perMinute` a minute.
 */
export function createRateLimit({ clock, perMinute }: { clock: Clock; perMinute: number }): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>();
  const perMs = perMinute / 60_000;
  return (caller) => {
    const now = clock.now().getTime();
    const known = buckets.get(caller);
    // A clock that was set back fills nothing.
    const filled = known === undefined ? perMinute : known.left + Math.max(0, now - known.at) * perMs;
    const left = Math.min(perMinute, filled);
    // Set anew, so that the order of the map is the order of the last requests.
    buckets.delete(caller);
    buckets.set(caller, { left: left < 1 ? left : left - 1, at: now });
    if (buckets.size > MOST_CALLERS) buckets.delete(buckets.keys().next().value ?? '');
    return left < 1 ? Math.max(1, Math.ceil((1 - left) / perMs / 1000)) : 0;
  };
}
