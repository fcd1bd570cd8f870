import type { Problem } from './problem.ts';

export const RECORD_PROBLEMS = {} as const satisfies Record<string, Problem>;
