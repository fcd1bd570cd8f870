/** Signing: who signs what, when, with which credential; the seal; long-term validity. */
export type { SealKeys } from './seal.ts';
export type { Session, SessionRequest, SessionResult } from './session.ts';
export { createSigning, type Signing } from './signing.ts';
export type { CompletedTurn, OpenTurn, SignatureAnswer, SigningDeps, TurnRequest } from './turn.ts';
export { TURN_STATES, type TurnState } from './turn-state.ts';
