/** JSON over HTTP. */
export { type ApiDeps, createApi } from './app.ts';
export { refuseBrokenHttp } from './broken-http.ts';
export type { App } from './declaration.ts';
export { createOperationsApp } from './health.ts';
export { DEFAULT_LIMITS, type LimitSettings } from './limits.ts';
export { openServer, type RunningServer, type ServerOptions } from './server.ts';
