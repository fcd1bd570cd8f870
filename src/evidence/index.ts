/** Proof and retrieval: what outsiders are told. */
export { createLookup, type Lookup, type LookupAnswer, type LookupStatus } from './lookup.ts';
