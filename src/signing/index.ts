/** Signing: who signs what, when, with which credential; the seal; long-term validity. */

export type { SigningDeps } from './deps.ts';
export type { CompletedTurn, SignatureAnswer } from './end-turn.ts';
export { createSealKeys, type SealKeyFolder } from './seal-keys.ts';
export type { Session, SessionRequest, SessionResult } from './session.ts';
export { createSigning, type Signing } from './signing.ts';
export type { OpenTurn, TurnRequest } from './turn.ts';
export { TURN_STATES, type TurnState } from './turn-state.ts';
