/** Records of encounters and their documents: intake, states, growing bytes. */
export { type Document, latestRevision, type Revision, type RevisionKind, type Slot } from './document.ts';
export type { IntakeDeps, IntakeRequest, IssuingFacility, RecordStatement } from './intake/index.ts';
export { createRecords, type Records } from './records.ts';
export { DOCUMENT_STATES, type DocumentState, isOpenForSigning } from './state.ts';
export type { DocumentFilter, RecordRow } from './store.ts';
export { createWork, type StoppedWork, type WaitingWork, type Work } from './work.ts';
export { workObjects } from './work-copies/index.ts';
