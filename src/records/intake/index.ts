/** The door: how documents come in. */
export { type IntakeDeps, type IntakeRequest, receive } from './receive.ts';
export type { IssuingFacility } from './rendition.ts';
export type { RecordStatement } from './statement.ts';
