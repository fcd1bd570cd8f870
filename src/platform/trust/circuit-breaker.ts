/** Leaves a server alone for a while after repeated failures, then lets one request try. */
import type { Clock } from '../../shared/index.ts';

export interface CircuitBreaker {
  /** False while the server rests. */
  mayTry(): boolean;
  succeeded(): void;
  failed(): void;
  restingUntil(): Date | undefined;
}

/** Rests for `restMs` after `failures` in a row; a failure right after the rest starts the next one. */
export function createCircuitBreaker(clock: Clock, failures: number, restMs: number): CircuitBreaker {
  let inARow = 0;
  let until: number | undefined;
  return {
    mayTry: () => until === undefined || clock.now().getTime() >= until,
    succeeded: () => {
      inARow = 0;
      until = undefined;
    },
    failed: () => {
      inARow += 1;
      if (inARow >= failures) until = clock.now().getTime() + restMs;
    },
    restingUntil: () => (until === undefined || clock.now().getTime() >= until ? undefined : new Date(until)),
  };
}
