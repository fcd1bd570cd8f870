/** Copies in the work store: which are needed, and which nobody will ask for. */
export { type StrayOptions, type StraySweep, sweepStrayWork } from './stray-work.ts';
export { workObjects } from './work-objects.ts';
