/**
 * Trust: which anchors count, and everything asked from other people's servers (time-stamps, revocation, issuers).
 *
 * Contract (being implemented; names are fixed):
 *   trust-store.ts  loadTrust(dir) → Promise<TrustStore> (throws TRUST_DIR_INVALID); isDevelopmentAnchor(certificate)
 *   transport.ts    createHttpTransport({ proxy?: { http?, https?, no? }, allowPrivate?: string[], upstreamCa?: Record<host, pem>, timeoutMs? }) → Transport
 *   timestamps.ts   createTimestampSource({ urls, transport, clock, anchors, policy?, timeoutMs?, toleranceMs? }) → MeteredTimestampSource (throws TSA_UNAVAILABLE)
 *   material.ts     createMaterialSource({ transport, clock, anchors, … }) → MaterialSource
 * The throw-away authority of demo mode and of tests has its own entrance: `authority/index.ts`.
 */
export type * from './types.ts';
