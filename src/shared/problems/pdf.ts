import type { Problem } from './problem.ts';

export const PDF_PROBLEMS = {} as const satisfies Record<string, Problem>;
