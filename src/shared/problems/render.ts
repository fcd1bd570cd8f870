import type { Problem } from './problem.ts';

export const RENDER_PROBLEMS = {} as const satisfies Record<string, Problem>;
