/** Finds the issuers of a certificate: among those at hand, then at the addresses it names (AIA caIssuers, RFC 5280 §4.2.2.1). */
import {
  type Certificate,
  parseCertificate,
  parsePem,
  parseSignedData,
  sameName,
  verifySignature,
} from '../../engines/crypto/index.ts';
import type { Clock } from '../../shared/index.ts';
import { createBoundedCache } from './bounded-cache.ts';
import type { Transport } from './types.ts';

const MAX_PATH = 8;
const MAX_ISSUER_BYTES = 256 * 1024;
const KEEP_MS = 24 * 60 * 60 * 1000;
/** Within one document the same address is not tried twice; after a moment's outage it is. */
const KEEP_FAILURE_MS = 5 * 1000;

export interface IssuerFinder {
  /** `certificate`, its issuer and so on, as far as found; ends at an anchor if one is reached. Never throws. */
  complete(certificate: Certificate, pool: readonly Certificate[]): Promise<Certificate[]>;
  isAnchor(certificate: Certificate): boolean;
}

export interface IssuerFinderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly anchors: readonly Certificate[];
}

export function createIssuerFinder({ transport, clock, anchors }: IssuerFinderOptions): IssuerFinder {
  const downloads = createBoundedCache<readonly Certificate[]>(clock, 500);
  const anchorPrints = new Set(anchors.map((anchor) => anchor.fingerprint));
  const signatures = new Map<string, boolean>();

  /** True if `issuer` has the name and the key under which `certificate` was issued. Says nothing about trust. */
  function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
    if (!sameName(certificate.issuer, issuer.subject)) return false;
    const pair = certificate.fingerprint + issuer.fingerprint;
    const known = signatures.get(pair);
    if (known !== undefined) return known;
    const { signatureAlgorithm, tbs, signature } = certificate;
    const signed = verifySignature(issuer, signatureAlgorithm, tbs, signature);
    if (signatures.size >= 5_000) signatures.clear();
    signatures.set(pair, signed);
    return signed;
  }

  const isAnchor = (certificate: Certificate) => anchorPrints.has(certificate.fingerprint);

  async function download(url: string): Promise<readonly Certificate[]> {
    const known = downloads.get(url);
    if (known !== undefined) return known;
    const found = await fetchCertificates(transport, url);
    downloads.put(url, found, new Date(clock.now().getTime() + (found.length > 0 ? KEEP_MS : KEEP_FAILURE_MS)));
    return found;
  }

  async function issuerOf(certificate: Certificate, pool: readonly Certificate[]): Promise<Certificate | undefined> {
    const atHand = [...anchors, ...pool].find((candidate) => isIssuedBy(certificate, candidate));
    if (atHand !== undefined) return atHand;
    for (const url of certificate.caIssuersUrls.filter(isHttp)) {
      const found = (await download(url)).find((candidate) => isIssuedBy(certificate, candidate));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async function complete(certificate: Certificate, pool: readonly Certificate[]): Promise<Certificate[]> {
    const path = [certificate];
    for (let last = certificate; path.length < MAX_PATH && !isAnchor(last); ) {
      const issuer = await issuerOf(last, pool);
      if (issuer === undefined || path.some(({ fingerprint }) => fingerprint === issuer.fingerprint)) break;
      path.push(issuer);
      last = issuer;
    }
    return path;
  }

  return { complete, isAnchor };
}

/** LDAP and other addresses are passed over. */
export function isHttp(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

/** RFC 5280 §4.2.2.1: one DER certificate or a "certs-only" CMS; PEM is met in the wild. Nothing usable: empty. */
async function fetchCertificates(transport: Transport, url: string): Promise<readonly Certificate[]> {
  try {
    const { status, body } = await transport({ url, method: 'GET', maxBytes: MAX_ISSUER_BYTES });
    return status === 200 ? readCertificates(body) : [];
  } catch {
    return [];
  }
}

function readCertificates(body: Uint8Array): readonly Certificate[] {
  const readers = [
    () => [parseCertificate(body)],
    () => parseSignedData(body).certificates,
    () => parsePem(Buffer.from(body).toString('latin1')),
  ];
  for (const read of readers) {
    try {
      return read();
    } catch {
      // the next form
    }
  }
  return [];
}
