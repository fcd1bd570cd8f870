/** A turn is the lease under which one person's signature is prepared and embedded. SQL repeats this list. */
export const TURN_STATES = ['open', 'completed', 'cancelled', 'expired'] as const;
export type TurnState = (typeof TURN_STATES)[number];
