/**
 * Digests of a file and of the byte ranges of its signatures. All begin at byte 0, so their common beginning is hashed only once; a file
 * that begins with one opened before goes on from what was hashed of that.
 */
import { createHash, type Hash } from 'node:crypto';
import type { KnownDigest } from '../crypto/index.ts';
import type { PdfFile } from '../pdf/index.ts';

export interface Gap {
  /** Bytes [0, gapStart) and [gapEnd, end) are signed. */
  readonly gapStart: number;
  readonly gapEnd: number;
  readonly end: number;
}

interface RangeDigests {
  /** The digest of a range. */
  ofRange(gap: Gap, digest: KnownDigest): Uint8Array;
  /** The state of the hash after the first `length` bytes: to be copied, not to be continued. */
  beginning(digest: KnownDigest, length: number): Hash;
  /** The longest beginning hashed so far, no longer than `length`. */
  nearest(digest: KnownDigest, length: number): State;
}

interface State {
  readonly at: number;
  readonly hash: Hash;
}

const NODE_NAMES: Readonly<Record<KnownDigest, string>> = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

const made = new WeakMap<PdfFile, RangeDigests>();

export function rangeDigests(file: PdfFile): RangeDigests {
  const known = made.get(file) ?? createRangeDigests(file);
  made.set(file, known);
  return known;
}

/** Lower-case hexadecimal SHA-256 of the whole file. */
export function fileSha256(file: PdfFile): string {
  return rangeDigests(file).beginning('SHA-256', file.bytes.length).copy().digest('hex');
}

function createRangeDigests({ bytes, base }: PdfFile): RangeDigests {
  const states = new Map<KnownDigest, State[]>();
  const known = new Map<string, Uint8Array>();

  const nearest = (digest: KnownDigest, length: number): State => {
    const own = states.get(digest)?.findLast((state) => state.at <= length);
    if (own !== undefined) return own;
    return base === undefined
      ? { at: 0, hash: createHash(NODE_NAMES[digest]) }
      : rangeDigests(base).nearest(digest, Math.min(length, base.bytes.length));
  };
  const beginning = (digest: KnownDigest, length: number): Hash => {
    if (base !== undefined && length <= base.bytes.length) return rangeDigests(base).beginning(digest, length);
    const from = nearest(digest, length);
    if (from.at === length) return from.hash;
    const hash = from.hash.copy().update(bytes.subarray(from.at, length));
    const own = states.get(digest) ?? [];
    states.set(digest, own);
    own.splice(own.findLastIndex((state) => state.at < length) + 1, 0, { at: length, hash });
    return hash;
  };
  const ofRange = (gap: Gap, digest: KnownDigest): Uint8Array => {
    if (base !== undefined && gap.end <= base.bytes.length) return rangeDigests(base).ofRange(gap, digest);
    const { gapStart, gapEnd, end } = gap;
    const key = `${digest}:${gapStart}:${gapEnd}:${end}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = new Uint8Array(beginning(digest, gapStart).copy().update(bytes.subarray(gapEnd, end)).digest());
    known.set(key, value);
    return value;
  };
  return { ofRange, beginning, nearest };
}
