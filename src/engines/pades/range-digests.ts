/** Digests of the byte ranges of all signatures of a file. All begin at byte 0, so their common beginning is hashed only once. */
import { createHash, type Hash } from 'node:crypto';
import type { KnownDigest } from '../crypto/index.ts';

export interface Gap {
  /** Bytes [0, gapStart) and [gapEnd, end) are signed. */
  readonly gapStart: number;
  readonly gapEnd: number;
  readonly end: number;
}

const NODE_NAMES: Readonly<Record<KnownDigest, string>> = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** Gives the digest of a range. Each prefix is remembered as the state of the hash, and continued for longer ones. */
export function createRangeDigests(bytes: Uint8Array): (gap: Gap, digest: KnownDigest) => Uint8Array {
  const prefixes = new Map<KnownDigest, { at: number; hash: Hash }[]>();
  const known = new Map<string, Uint8Array>();

  const prefix = (digest: KnownDigest, length: number): Hash => {
    const states = prefixes.get(digest) ?? [{ at: 0, hash: createHash(NODE_NAMES[digest]) }];
    prefixes.set(digest, states);
    const nearest = states.findLast((state) => state.at <= length) ?? { at: 0, hash: createHash(NODE_NAMES[digest]) };
    if (nearest.at === length) return nearest.hash;
    const hash = nearest.hash.copy().update(bytes.subarray(nearest.at, length));
    states.splice(states.indexOf(nearest) + 1, 0, { at: length, hash });
    return hash;
  };

  return ({ gapStart, gapEnd, end }, digest) => {
    const key = `${digest}:${gapStart}:${gapEnd}:${end}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = new Uint8Array(prefix(digest, gapStart).copy().update(bytes.subarray(gapEnd, end)).digest());
    known.set(key, value);
    return value;
  };
}
