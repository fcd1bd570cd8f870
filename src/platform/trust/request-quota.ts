/** Keeps within what a server allows: free time-stamp authorities block whoever asks too often, for a day. */
import type { Clock } from '../../shared/index.ts';

export interface RequestLimit {
  /** At most so many requests in any period. */
  readonly requests: number;
  readonly periodMs: number;
}

export interface RequestQuota {
  /** Counts one request if it is still allowed; false if not. */
  take(): boolean;
}

/** Without a limit everything is allowed. */
export function createRequestQuota(clock: Clock, limit: RequestLimit | undefined): RequestQuota {
  if (limit === undefined) return { take: () => true };
  const { requests, periodMs } = limit;
  let made: number[] = [];
  return {
    take() {
      const now = clock.now().getTime();
      made = made.filter((time) => time > now - periodMs);
      if (made.length >= requests) return false;
      made.push(now);
      return true;
    },
  };
}
