/** Which configured services would be spoken to without TLS, or with a TLS that asks nobody who the other end is. */
import { BlockList, isIP } from 'node:net';

export interface Upstream {
  /** The setting that names it. */
  readonly setting: 'TSA_URLS' | 'S3_ENDPOINT' | 'DATABASE_URL' | 'REDIS_URL';
  readonly url: string;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * `host:port` of each service that is neither encrypted, nor this machine, nor listed in `accepted` (`host` or `host:port`).
 * Never a user name or a password.
 */
export function unencrypted(
  upstreams: readonly Upstream[],
  accepted: readonly string[],
): (Upstream & { host: string })[] {
  const known = new Set(accepted.map((host) => host.toLowerCase()));
  return upstreams.flatMap((upstream) => {
    const url = new URL(upstream.url);
    const name = hostName(url);
    const host = url.port === '' ? name : `${name}:${url.port}`;
    const isFine = isEncrypted(url) || isThisMachine(name) || known.has(name) || known.has(host);
    return isFine ? [] : [{ ...upstream, host }];
  });
}

/** PostgreSQL names a folder of sockets as `host` in the query; everything else stands where hosts stand. */
function hostName(url: URL): string {
  const inQuery = url.protocol.startsWith('postgres') ? url.searchParams.get('host') : null;
  return (inQuery ?? url.hostname).replace(/^\[|\]$/g, '').toLowerCase();
}

function isThisMachine(name: string): boolean {
  if (name === '' || name === 'localhost' || name.startsWith('/') || name.startsWith('%2f')) return true;
  const family = isIP(name);
  return family !== 0 && loopback.check(name, family === 6 ? 'ipv6' : 'ipv4');
}

function isEncrypted(url: URL): boolean {
  if (url.protocol === 'postgres:' || url.protocol === 'postgresql:') {
    // `require` is checked like `verify-full` by our driver, unless it is told to do as libpq does.
    const mode = url.searchParams.get('sslmode');
    const likeLibpq = url.searchParams.get('uselibpqcompat') === 'true';
    if (mode === null) return url.searchParams.get('ssl') === 'true';
    return mode === 'verify-full' || (!likeLibpq && ['verify-ca', 'require'].includes(mode));
  }
  return url.protocol === 'https:' || url.protocol === 'rediss:';
}
