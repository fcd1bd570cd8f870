export * from './clock.ts';
export * from './digest.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './log.ts';
export { PROBLEMS, type ProblemCode } from './problems/index.ts';
export * from './problems/problem.ts';
export * from './vi-text.ts';
export * from './vn-time.ts';
