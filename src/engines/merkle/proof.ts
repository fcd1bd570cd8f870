/** Inclusion and consistency proofs: made as RFC 6962 §2.1.1–2.1.2 defines, checked as RFC 9162 §2.1.3–2.1.4 describes. */
import { HASH_BYTES, type HashReader, type LeafRange, nodeHash, rangeHashes, splitPoint, treeRoot } from './tree.ts';

/** The audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards. @throws RangeError. */
export async function inclusionProof(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  assertCount(index);
  assertCount(size);
  if (index >= size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  return rangeHashes(pathRanges(index, { begin: 0, end: size }), read);
}

/** RFC 6962 §2.1.1 PATH(m, D[n]). */
function pathRanges(index: number, { begin, end }: LeafRange): LeafRange[] {
  if (end - begin === 1) return [];
  const middle = begin + splitPoint(end - begin);
  const left = { begin, end: middle };
  const right = { begin: middle, end };
  return index < middle ? [...pathRanges(index, left), right] : [...pathRanges(index, right), left];
}

/** The proof that the tree of `first` leaves is a prefix of the tree of `second`. @throws RangeError. */
export async function consistencyProof(first: number, second: number, read: HashReader): Promise<Uint8Array[]> {
  assertCount(first);
  assertCount(second);
  if (first > second) throw new RangeError(`a tree of ${first} is not older than one of ${second}`);
  if (first === 0 || first === second) return [];
  return rangeHashes(subproofRanges(first, { begin: 0, end: second }, true), read);
}

/** RFC 6962 §2.1.2 SUBPROOF(m, D[n], b). */
function subproofRanges(first: number, { begin, end }: LeafRange, isWhole: boolean): LeafRange[] {
  if (first === end) return isWhole ? [] : [{ begin, end }];
  const middle = begin + splitPoint(end - begin);
  const left = { begin, end: middle };
  const right = { begin: middle, end };
  return first <= middle
    ? [...subproofRanges(first, left, isWhole), right]
    : [...subproofRanges(first, right, false), left];
}

export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** RFC 9162 §2.1.3.2. Never throws: a proof of the wrong shape proves nothing. */
export function verifyInclusion({ leaf, index, size, path, root }: InclusionClaim): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...path])) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const step of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(step, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      hash = nodeHash(hash, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(hash, root);
}

export interface ConsistencyClaim {
  readonly first: number;
  readonly second: number;
  readonly proof: readonly Uint8Array[];
  readonly firstRoot: Uint8Array;
  readonly secondRoot: Uint8Array;
}

/** RFC 9162 §2.1.4.2. Never throws. Every tree begins with the empty one. */
export function verifyConsistency({ first, second, proof, firstRoot, secondRoot }: ConsistencyClaim): boolean {
  if (!isCount(first) || !isCount(second) || first > second) return false;
  if (!areHashes([firstRoot, secondRoot, ...proof])) return false;
  if (first === second) return proof.length === 0 && equal(firstRoot, secondRoot);
  if (first === 0) return proof.length === 0 && equal(firstRoot, treeRoot([]));

  const steps = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : proof;
  const [start, ...rest] = steps;
  if (start === undefined) return false;
  let fn = first - 1;
  let sn = second - 1;
  while (fn % 2 === 1) {
    fn = half(fn);
    sn = half(sn);
  }
  let firstHash = start;
  let secondHash = start;
  for (const step of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      firstHash = nodeHash(step, firstHash);
      secondHash = nodeHash(step, secondHash);
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      secondHash = nodeHash(secondHash, step);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(firstHash, firstRoot) && equal(secondHash, secondRoot);
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function assertCount(n: number): void {
  if (!isCount(n)) throw new RangeError(`${n} is not a number of leaves`);
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
