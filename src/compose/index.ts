/** The composition: the only folder that knows every part. */
export { type Antin, compose } from './compose.ts';
export type { ComposeOptions } from './options.ts';
