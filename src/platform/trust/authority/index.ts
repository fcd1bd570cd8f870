/**
 * The throw-away authority: engine of `antin dev-pki`, of demo mode and of the tests. Never trusted in legal mode.
 *
 * Contract (being implemented; names are fixed):
 *   authority.ts  createAuthority(AuthorityOptions) → Promise<Authority> (in memory; no people yet)
 *   cast.ts       issueDemoCast(authority) → Promise<void>: practitioner, unit representative, head, seal … of the demo hospital
 *   directory.ts  saveAuthority(authority, dir) → Promise<void>; loadAuthority(dir, { clock }) → Promise<Authority>
 *                 layout: trust/signers/root.pem, trust/tsa/root.pem, people/<slug>.{pem,p12,pin}, ca/, tsa/, ocsp/, authority.json
 *   serve.ts      serveAuthority(authority, { port }) → Promise<{ url, close() }> on 127.0.0.1
 *   in-process.ts authorityTransport(authority, fallback?) → Transport: its own base URL without sockets
 */
export type * from './types.ts';
