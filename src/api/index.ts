/** JSON over HTTP. */
export { type ApiDeps, createApi } from './app.ts';
export type { App } from './route.ts';
