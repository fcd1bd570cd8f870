/**
 * Which addresses the server may be sent to. Certificates and uploads name URLs (OCSP, CRL, issuers), so whoever makes a
 * PDF could otherwise make the hospital's server call the hospital's own inside (server-side request forgery).
 */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { AppError } from '../../shared/index.ts';

/** IANA special-purpose registries (RFC 6890): everything that is not the public Internet. */
const SPECIAL_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Only 2000::/3 is global unicast; inside it, the ranges that wrap or stand for something else. */
const SPECIAL_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const ipv4 = new BlockList();
for (const [network, prefix] of SPECIAL_IPV4) ipv4.addSubnet(network, prefix, 'ipv4');
const ipv6 = new BlockList();
for (const [network, prefix] of SPECIAL_IPV6) ipv6.addSubnet(network, prefix, 'ipv6');
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** True for an IP address (text, IPv6 without brackets) that belongs to the public Internet. */
export function isPublicAddress(address: string): boolean {
  const bare = address.split('%', 1)[0] ?? '';
  switch (isIP(bare)) {
    case 4:
      return !ipv4.check(bare, 'ipv4');
    case 6:
      return globalUnicast.check(bare, 'ipv6') && !ipv6.check(bare, 'ipv6');
    default:
      return false;
  }
}

/** The host of a URL without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

/**
 * Throws OUTGOING_REFUSED unless the URL is http(s) and its host, if an IP address, is public. Names are judged by
 * `guardedLookup` at the moment of connecting, so that a name cannot change its address between check and use.
 */
export function refuseForbiddenUrl(url: URL, isAllowed: boolean): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(url.protocol);
  const host = hostOf(url);
  if (isAllowed) return;
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refused(host);
  if (host === 'localhost' || host.endsWith('.localhost')) throw refused(host);
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** `dns.lookup` that fails with OUTGOING_REFUSED when any address of the name is not public. */
export function guardedLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    if (addresses.length === 0 || addresses.some(({ address }) => !isPublicAddress(address))) {
      return callback(refused(hostname), []);
    }
    if (options.all === true) return callback(null, addresses);
    const [first] = addresses;
    callback(null, first?.address ?? '', first?.family);
  });
}

function refused(what: string): AppError {
  return new AppError('OUTGOING_REFUSED', {
    detail: {
      vi: `Không được phép kết nối tới “${what}”.`,
      en: `Connecting to "${what}" is not allowed.`,
    },
  });
}
