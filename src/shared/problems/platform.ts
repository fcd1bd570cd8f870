import type { Problem } from './problem.ts';

export const PLATFORM_PROBLEMS = {} as const satisfies Record<string, Problem>;
