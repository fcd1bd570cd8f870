import type { Problem } from './problem.ts';

export const CRYPTO_PROBLEMS = {} as const satisfies Record<string, Problem>;
