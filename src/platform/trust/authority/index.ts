/**
 * The throw-away authority: engine of `antin dev-pki`, of demo mode and of the tests. Real cryptography, no legal value;
 * legal mode refuses its anchors (`isDevelopmentAnchor`).
 */
export { createAuthority, restoreAuthority } from './authority.ts';
export { type CastMember, DEMO_HOSPITAL, issueDemoCast } from './cast.ts';
export { openDemoAuthority } from './demo.ts';
export { loadAuthority, saveAuthority } from './directory.ts';
export { authorityTransport } from './in-process.ts';
export { type RunningAuthority, serveAuthority } from './serve.ts';
export type * from './types.ts';
