/** Merkle tree hash of RFC 6962 §2.1 (the same in RFC 9162 §2.1.1) with SHA-256. */
import { digest } from '../../shared/index.ts';

export const HASH_BYTES = 32;

/** The root of the complete subtree over leaves `index · 2^level` to `(index + 1) · 2^level - 1`. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** Gives the hashes of complete subtrees, in the order asked for. */
export type HashReader = (nodes: readonly TreeNode[]) => Promise<readonly Uint8Array[]>;

/** RFC 6962 §2.1: `SHA-256(0x00 ‖ entry)`. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(1 + entry.length);
  prefixed.set(entry, 1);
  return digest('SHA-256', prefixed);
}

/** RFC 6962 §2.1: `SHA-256(0x01 ‖ left ‖ right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(1 + left.length + right.length);
  prefixed[0] = 1;
  prefixed.set(left, 1);
  prefixed.set(right, 1 + left.length);
  return digest('SHA-256', prefixed);
}

/** The tree hash over leaf hashes; of none: the hash of the empty string. */
export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return digest('SHA-256', new Uint8Array());
  let row = leaves;
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += 2) {
      const left = row[i] as Uint8Array;
      const right = row[i + 1];
      // An odd last hash moves up unchanged: RFC 6962 splits at the largest power of two, which comes to the same.
      above.push(right === undefined ? left : nodeHash(left, right));
    }
    row = above;
  }
  return row[0] as Uint8Array;
}

/** The tree hash of the first `size` leaves, read from complete subtrees. */
export async function rootFromReader(size: number, read: HashReader): Promise<Uint8Array> {
  if (size === 0) return treeRoot([]);
  const [root] = await rangeHashes([{ begin: 0, end: size }], read);
  return root as Uint8Array;
}

/** A reader over leaf hashes in memory. */
export function hashReaderOfLeaves(leaves: readonly Uint8Array[]): HashReader {
  return async (nodes) =>
    nodes.map(({ level, index }) => treeRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
}

/** Leaves `begin` (inclusive) to `end` (exclusive) that form a subtree of some RFC 6962 split. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** The tree hashes of ranges; all subtrees are read in one call. */
export async function rangeHashes(ranges: readonly LeafRange[], read: HashReader): Promise<Uint8Array[]> {
  const split = ranges.map(completeSubtrees);
  const hashes = await read(split.flat());
  let next = 0;
  return split.map((nodes) => {
    const own = hashes.slice(next, next + nodes.length);
    next += nodes.length;
    return own.reduceRight((right, left) => nodeHash(left, right));
  });
}

/** A range as complete subtrees from left to right, each smaller than the one before. */
function completeSubtrees({ begin, end }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let at = begin; at < end; ) {
    const level = Math.floor(Math.log2(end - at));
    nodes.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

/** The largest power of two smaller than `n` (n ≥ 2). */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
