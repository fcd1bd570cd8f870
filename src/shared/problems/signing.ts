import type { Problem } from './problem.ts';

export const SIGNING_PROBLEMS = {} as const satisfies Record<string, Problem>;
