/**
 * The production stack on one machine without containers: the processes of `docker-compose.yml` with the environment that
 * file gives them, on real PostgreSQL, Redis and an S3 engine with Object Lock. Used by `npm run stack`, by tests, by the
 * chaos and the soak runs.
 */
export type { ProcessChange, Stack, StackOptions, StackProcess } from './contract.ts';
export { startStack } from './stack.ts';
