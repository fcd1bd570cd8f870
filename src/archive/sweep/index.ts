/** Looks that nobody asks for: what the archive holds against what it should hold, bytes, locks and promises. */
export { type DecisionRequest, decideFinding } from './decide.ts';
export { type SweepOptions, type SweepReport, sweep } from './rounds.ts';
export { countOpenFindings, type FindingRow as ArchiveFinding, openFindings } from './store.ts';
