import { nodeHash, treeRoot } from './tree.ts';

/** A tree that only grows and only tells its root: the complete subtrees on its right edge, at most 53 hashes. */
export interface Frontier {
  append(leaf: Uint8Array): void;
  size(): number;
  root(): Uint8Array;
}

export function createFrontier(): Frontier {
  const edge: { readonly level: number; readonly hash: Uint8Array }[] = [];
  let size = 0;
  return {
    append: (leaf) => {
      let added = { level: 0, hash: leaf };
      for (let last = edge.at(-1); last?.level === added.level; last = edge.at(-1)) {
        edge.pop();
        added = { level: added.level + 1, hash: nodeHash(last.hash, added.hash) };
      }
      edge.push(added);
      size += 1;
    },
    size: () => size,
    root: () =>
      edge.length === 0
        ? treeRoot([])
        : edge.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right)),
  };
}
