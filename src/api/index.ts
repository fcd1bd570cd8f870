/** JSON over HTTP. */
export { type ApiDeps, createApi } from './app.ts';
export { refuseBrokenHttp } from './broken-http.ts';
export type { App } from './route.ts';
