/** Whose request it is, by the network. Only a reverse proxy that is named in the settings is believed when it tells of another. */
import { BlockList, isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/** Requests made within the process have no other end. */
const IN_PROCESS = 'in-process';

/**
 * What to count requests by: the address of the other end, or, if that is a trusted proxy, the last one in `X-Forwarded-For` that is not
 * one. What stands further left there was written by the caller.
 */
export function createCallerAddress(trustedProxies: readonly string[]): (c: Context) => string {
  const trusted = new BlockList();
  for (const range of trustedProxies) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string): boolean => {
    const family = isIP(address);
    return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
  return (c) => {
    const connected = otherEnd(c);
    if (!isTrusted(connected)) return household(connected);
    const hops = (c.req.header('x-forwarded-for') ?? '').split(',').map((hop) => plain(hop.trim()));
    return household(hops.findLast((hop) => isIP(hop) !== 0 && !isTrusted(hop)) ?? connected);
  };
}

function otherEnd(c: Context): string {
  if (c.env === undefined || Object.keys(c.env).length === 0) return IN_PROCESS;
  return plain(getConnInfo(c).remote.address ?? '');
}

/** IPv4 as IPv4, also where the socket is an IPv6 one. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Whoever has one IPv6 address has the 2⁶⁴ beside it as well (RFC 6177 §2): they count as one caller. */
function household(address: string): string {
  if (isIP(address) !== 6) return address;
  // As RFC 5952 §4 writes it, so that `::` stands for all that is left out.
  const text = new URL(`http://[${address.split('%', 1)[0]}]`).hostname.slice(1, -1);
  const [before = [], after] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const left = after === undefined ? [] : Array<string>(8 - before.length - after.length).fill('0');
  return `${[...before, ...left, ...(after ?? [])].slice(0, 4).join(':')}::/64`;
}
