/** Facilities, patients, clinicians and their certificates: who may sign what, on which day, with which key. */
export type { Authority } from './authority.ts';
export { type Credential, type CredentialKind, type Enrolment, refuseCredential } from './credential.ts';
export type { NewClinician, NewDelegation, NewFacility, NewPatient } from './input.ts';
export { createParties, type Parties } from './parties.ts';
export type { Clinician, Delegation, Facility, Licence, Patient } from './party.ts';
