export { complaints, type Expectations } from './complaints.ts';
export { createJudges } from './judges.ts';
export type * from './verdicts.ts';
