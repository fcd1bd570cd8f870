/** Signing: who signs what, when, with which credential; the seal; long-term validity. */

export type { SigningDeps } from './deps.ts';
export { createSealKeys, type SealKeyFolder } from './seal-keys.ts';
export type { Session, SessionRequest, SessionResult } from './session.ts';
export { createSigning, type Signing } from './signing.ts';
export type { CompletedTurn, OpenTurn, SignatureAnswer, TurnRequest } from './turn.ts';
export { TURN_STATES, type TurnState } from './turn-state.ts';
