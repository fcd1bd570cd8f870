/** Whom this installation trusts, and the services that vouch for time and certificates. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificate, parsePem } from '../engines/crypto/index.ts';
import { createValidationThreads } from '../engines/pades/index.ts';
import { type Authority, authorityTransport, openDemoAuthority } from '../platform/trust/authority/index.ts';
import {
  createHttpTransport,
  createMaterialSource,
  createTimestampSource,
  loadTrust,
  type TrustStore,
} from '../platform/trust/index.ts';
import type { ComposeOptions } from './options.ts';

export type Trust = Awaited<ReturnType<typeof openTrust>>;

/** @param threads of the judges of other people's PDFs. */
export async function openTrust(options: ComposeOptions, threads: number) {
  const { clock, mode, dataDir } = options;
  const authority = mode === 'demo' ? await openDemoAuthority(join(dataDir, 'authority'), clock) : undefined;
  const anchors = await collectAnchors(options, authority);
  const http = createHttpTransport({
    proxy: options.proxy ?? {},
    allowPrivate: options.insideHosts ?? [],
    upstreamCa: options.upstreamCa ?? {},
  });
  // Whoever names the demo authority's own address serves it as a process of its own (`antin dev-pki --serve`).
  const served = authority !== undefined && options.tsaUrls.includes(authority.timestampUrl);
  const transport = authority === undefined || served ? http : authorityTransport(authority, http);
  const tsaUrls = options.tsaUrls.length > 0 || authority === undefined ? options.tsaUrls : [authority.timestampUrl];
  const roots = { anchors: anchors.signers, timestampAnchors: anchors.tsa };
  return {
    /** The throw-away authority of demo mode. */
    authority,
    anchors,
    http,
    timestamp: createTimestampSource({ urls: tsaUrls, transport, clock, anchors: anchors.tsa }),
    material: createMaterialSource({ transport, clock, ...roots }),
    validation: createValidationThreads({ ...roots, threads }),
  };
}

const NO_TRUST: TrustStore = { signers: [], tsa: [], development: [] };

async function collectAnchors(options: ComposeOptions, authority: Authority | undefined): Promise<TrustStore> {
  const trusted = options.trustDir === undefined ? NO_TRUST : await loadTrust(options.trustDir);
  const own = authority === undefined ? [] : [authority.root];
  const extra: Certificate[] = [];
  for (const file of options.extraAnchors ?? []) extra.push(...parsePem(await readFile(file, 'utf8')));
  return {
    signers: [...trusted.signers, ...own, ...extra],
    tsa: [...trusted.tsa, ...own, ...extra],
    development: trusted.development,
  };
}
