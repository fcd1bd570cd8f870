export { createJudges } from './judges.ts';
export type * from './verdicts.ts';
