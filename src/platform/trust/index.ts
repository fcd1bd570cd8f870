/**
 * Trust: which anchors count, and everything asked from other people's servers (time-stamps, revocation, issuers).
 * The throw-away authority of demo mode and of tests has its own entrance: `authority/index.ts`.
 */
export { createMaterialSource, type MaterialSourceOptions } from './material.ts';
export { createTimestampSource, type TimestampSourceOptions } from './timestamps.ts';
export { createHttpTransport, type HttpTransport, type HttpTransportOptions, type ProxySettings } from './transport.ts';
export { isDevelopmentAnchor, loadTrust } from './trust-store.ts';
export type * from './types.ts';
