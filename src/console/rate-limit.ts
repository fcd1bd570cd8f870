/** A fixed-window limit per address, in memory: enough for a page that reveals nothing secret. */
import type { Clock } from '../shared/index.ts';

const WINDOW_MS = 60_000;
/** Addresses remembered at once; beyond it the window starts anew for all. */
const MAX_ADDRESSES = 10_000;

export function createRateLimit({
  clock,
  perMinute,
}: {
  clock: Clock;
  perMinute: number;
}): (address: string) => boolean {
  const counts = new Map<string, number>();
  let windowStart = 0;
  return (address) => {
    const now = clock.now().getTime();
    if (now - windowStart >= WINDOW_MS || counts.size >= MAX_ADDRESSES) {
      counts.clear();
      windowStart = now;
    }
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    return count <= perMinute;
  };
}
