import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  consistencyProof,
  createFrontier,
  growTiles,
  hashReaderOfLeaves,
  inclusionProof,
  leafHash,
  openTiles,
  rootFromReader,
  type Tile,
  tileHashReader,
  tilePath,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/engines/merkle/index.ts';
import { sha256Hex } from '../../../src/shared/index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The eight entries of the test data of Certificate Transparency; the hashes were computed by a second program from RFC 6962 §2.1. */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const LEAVES = ENTRIES.map((entry) => leafHash(Buffer.from(entry, 'hex')));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: [index: number, size: number, path: string[]][] = [
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const CONSISTENCY: [first: number, second: number, proof: string[]][] = [
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
  [
    3,
    7,
    [
      '0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7',
      '07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      '837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e',
    ],
  ],
];

/** Leaves whose entry is their index, four bytes big-endian. */
function countingLeaves(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const entry = Buffer.alloc(4);
    entry.writeUInt32BE(i);
    return leafHash(entry);
  });
}

describe('known answers', () => {
  test.each(ROOTS.map((root, size) => [size, root] as const))('root of %i entries', async (size, root) => {
    expect(hex(treeRoot(LEAVES.slice(0, size)))).toBe(root);
    expect(hex(await rootFromReader(size, hashReaderOfLeaves(LEAVES)))).toBe(root);
  });

  test('root of 70,001 entries', () => {
    const root = '19039398c2d24ca79c435fd96743fceadeb120b241cdb3efb5630e9efd7b693e';
    expect(hex(treeRoot(countingLeaves(70_001)))).toBe(root);
  });

  test.each(INCLUSION)('path of leaf %i in a tree of %i', async (index, size, path) => {
    expect((await inclusionProof(index, size, hashReaderOfLeaves(LEAVES))).map(hex)).toEqual(path);
  });

  test.each(CONSISTENCY)('proof from %i to %i', async (first, second, proof) => {
    expect((await consistencyProof(first, second, hashReaderOfLeaves(LEAVES))).map(hex)).toEqual(proof);
  });
});

const LARGEST = 80;
const leaves = countingLeaves(LARGEST);
const roots = Array.from({ length: LARGEST + 1 }, (_, size) => treeRoot(leaves.slice(0, size)));
const read = hashReaderOfLeaves(leaves);
const rootOf = (size: number) => roots[size] ?? new Uint8Array();
const leafOf = (index: number) => leaves[index] ?? new Uint8Array();

test('a tree that grows leaf by leaf has the root of each size', () => {
  const frontier = createFrontier();
  expect(hex(frontier.root())).toBe(hex(rootOf(0)));
  for (const leaf of leaves) {
    frontier.append(leaf);
    expect(hex(frontier.root())).toBe(hex(rootOf(frontier.size())));
  }
  expect(frontier.size()).toBe(LARGEST);
});

describe('every proof', () => {
  test('of inclusion up to 80 leaves verifies, and against no other leaf, index, size or root', async () => {
    for (let size = 1; size <= LARGEST; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const path = await inclusionProof(index, size, read);
        const claim = { leaf: leafOf(index), index, size, path, root: rootOf(size) };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: leafHash(new Uint8Array([9])) })).toBe(false);
        expect(verifyInclusion({ ...claim, root: rootOf(size - 1) })).toBe(false);
        expect(verifyInclusion({ ...claim, path: [...path, leafOf(0)] })).toBe(false);
        if (size > 1) expect(verifyInclusion({ ...claim, index: (index + 1) % size })).toBe(false);
        if (path.length > 0) expect(verifyInclusion({ ...claim, path: path.slice(1) })).toBe(false);
      }
    }
  });

  test('of consistency up to 80 leaves verifies, and not for another root or with a missing or added hash', async () => {
    for (let second = 0; second <= LARGEST; second += 1) {
      for (let first = 0; first <= second; first += 1) {
        const proof = await consistencyProof(first, second, read);
        const claim = { first, second, proof, firstRoot: rootOf(first), secondRoot: rootOf(second) };
        expect(verifyConsistency(claim)).toBe(true);
        expect(verifyConsistency({ ...claim, firstRoot: leafHash(new Uint8Array([9])) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...proof, leafOf(0)] })).toBe(false);
        if (proof.length === 0) continue;
        expect(verifyConsistency({ ...claim, secondRoot: leafHash(new Uint8Array([9])) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: proof.slice(1) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: proof.slice(0, -1) })).toBe(false);
      }
    }
  });

  test('with any bit flipped proves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: LARGEST }),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        async (size, indexSeed, stepSeed, bit) => {
          const index = indexSeed % size;
          const path = await inclusionProof(index, size, read);
          const step = stepSeed % path.length;
          const flipped = path.map((hash, i) => (i === step ? flipBit(hash, bit) : hash));
          const claim = { leaf: leafOf(index), index, size, root: rootOf(size) };
          expect(verifyInclusion({ ...claim, path: flipped })).toBe(false);
        },
      ),
    );
  });

  test('of nonsense numbers is refused without an exception', () => {
    const claim = { leaf: leafOf(0), index: 0, size: 1, path: [], root: leafOf(0) };
    expect(verifyInclusion(claim)).toBe(true);
    for (const index of [-1, 0.5, Number.NaN, 1, 2 ** 60]) expect(verifyInclusion({ ...claim, index })).toBe(false);
    expect(verifyInclusion({ ...claim, path: [new Uint8Array(31)], size: 2 })).toBe(false);
    const older = { first: 2, second: 1, proof: [], firstRoot: rootOf(2), secondRoot: rootOf(1) };
    expect(verifyConsistency(older)).toBe(false);
  });
});

describe('tiles', () => {
  test('are named as C2SP names them', () => {
    expect(tilePath({ level: 0, index: 0 })).toBe('tile/0/000');
    expect(tilePath({ level: 3, index: 1_234_067 })).toBe('tile/3/x001/x234/067');
    expect(tilePath({ level: 1, index: 5 }, 17)).toBe('tile/1/005.p/17');
  });

  test('grown in any steps are the same tiles and give the same hashes as the leaves', async () => {
    const many = countingLeaves(66_000);
    const steps = [1, 1, 254, 1, 300, 65_000, 443];
    const store = new Map<string, Tile>();
    let size = 0;
    for (const step of steps) {
      const open = openTiles(size).map((tile) => store.get(tilePath(tile)) as Tile);
      for (const tile of growTiles(size, open, many.slice(size, size + step))) store.set(tilePath(tile), tile);
      size += step;
    }
    const atOnce = growTiles(0, [], many.slice(0, size));
    expect(atOnce.map((tile) => tilePath(tile)).toSorted()).toEqual([...store.keys()].toSorted());
    for (const tile of atOnce) expect(sha256Hex(tile.hashes)).toBe(sha256Hex(store.get(tilePath(tile))?.hashes ?? ''));

    const fromTiles = tileHashReader(async (tiles) =>
      tiles.map((tile) => store.get(tilePath(tile))?.hashes ?? new Uint8Array()),
    );
    expect(hex(await rootFromReader(size, fromTiles))).toBe(hex(treeRoot(many)));
    for (const index of [0, 255, 256, 65_535, 65_536, 65_999]) {
      const path = await inclusionProof(index, size, fromTiles);
      expect(verifyInclusion({ leaf: many[index] as Uint8Array, index, size, path, root: treeRoot(many) })).toBe(true);
    }
    const proof = await consistencyProof(557, size, fromTiles);
    const firstRoot = treeRoot(many.slice(0, 557));
    expect(verifyConsistency({ first: 557, second: size, proof, firstRoot, secondRoot: treeRoot(many) })).toBe(true);
  });

  test('refuse to grow from tiles that do not fit the size', () => {
    expect(() => growTiles(3, [], countingLeaves(1))).toThrow(RangeError);
  });
});

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}
