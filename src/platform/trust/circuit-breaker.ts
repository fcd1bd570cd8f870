/** Leaves a server alone for a while after repeated failures, then lets one request try. */
import type { Clock } from '../../shared/index.ts';

export interface CircuitBreaker {
  /** False while the server rests. */
  mayTry(): boolean;
  succeeded(): void;
  failed(): void;
  restingUntil(): Date | undefined;
}

export interface BreakerLimits {
  /** Failures in a row before the first rest. */
  readonly failures: number;
  /** The first rest; each failure right after a rest doubles the next. */
  readonly firstRestMs: number;
  readonly longestRestMs: number;
}

/** A server that was away for moments is asked again within moments, one that stays away once in a long while. */
export function createCircuitBreaker(clock: Clock, limits: BreakerLimits): CircuitBreaker {
  let inARow = 0;
  let rest: { readonly from: number; readonly until: number } | undefined;
  // A clock that was set back has left the rest, too: it would last as long as the clock was wrong.
  const isResting = (): boolean => {
    const now = clock.now().getTime();
    return rest !== undefined && rest.from <= now && now < rest.until;
  };
  return {
    mayTry: () => !isResting(),
    succeeded: () => {
      inARow = 0;
      rest = undefined;
    },
    failed: () => {
      inARow += 1;
      if (inARow < limits.failures) return;
      const restMs = Math.min(limits.longestRestMs, limits.firstRestMs * 2 ** (inARow - limits.failures));
      const from = clock.now().getTime();
      rest = { from, until: from + restMs };
    },
    restingUntil: () => (rest !== undefined && isResting() ? new Date(rest.until) : undefined),
  };
}
