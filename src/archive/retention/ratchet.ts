/** Retention only grows: what a record was promised once is never taken back. */
import type { RetentionExplanation, RetentionHold, RetentionState } from '../policy/index.ts';

export interface Promised {
  readonly state: RetentionState;
  readonly retainUntil: Date;
  readonly hold: RetentionHold | undefined;
}

/**
 * `max(previous, computed)`. Permanent stays permanent; a record whose episode had ended keeps its date if the episode
 * seems open again, and is held besides until it ends anew.
 */
export function ratchet(previous: Promised | undefined, computed: RetentionExplanation): Promised {
  const retainUntil =
    previous === undefined || computed.retainUntil > previous.retainUntil ? computed.retainUntil : previous.retainUntil;
  if (previous?.state === 'permanent' || computed.state === 'permanent') {
    return { state: 'permanent', hold: 'PERMANENT', retainUntil };
  }
  // Only what comes with its time run out has expired on arrival. A record that was kept to its end has not, nor one whose
  // floor lock outlives its date.
  const kept = previous?.state === 'dated' || retainUntil > computed.evaluatedAt;
  const state = computed.state === 'expired-on-arrival' && kept ? 'dated' : computed.state;
  return { state, hold: computed.hold, retainUntil };
}

/** Whether anything would change. */
export function isRaise(previous: Promised | undefined, next: Promised): boolean {
  return (
    previous === undefined ||
    next.state !== previous.state ||
    next.hold !== previous.hold ||
    next.retainUntil.getTime() !== previous.retainUntil.getTime()
  );
}
