/** Tiles of the C2SP layout (c2sp.org/tlog-tiles): tile `(L, N)` holds up to 256 consecutive hashes of tree level 8·L. */
import { HASH_BYTES, type HashReader, treeRoot } from './tree.ts';

const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;

export interface TileCoordinates {
  /** Tile level: tree level / 8. */
  readonly level: number;
  readonly index: number;
}

export interface Tile extends TileCoordinates {
  /** 1–256 hashes, concatenated. */
  readonly hashes: Uint8Array;
}

/** `tile/<L>/<N>`, for a tile that is not full with `.p/<width>`; N in groups of three digits, all but the last after an `x`. */
export function tilePath({ level, index }: TileCoordinates, width = TILE_WIDTH): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tiles that are begun but not full in a tree of `size` leaves: what `growTiles` needs to go on. */
export function openTiles(size: number): TileCoordinates[] {
  const open: TileCoordinates[] = [];
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
    if (count % TILE_WIDTH > 0) open.push({ level, index: Math.floor(count / TILE_WIDTH) });
  }
  return open;
}

/**
 * Appends leaf hashes to a tree of `size` leaves. `open` are the present tiles named by `openTiles(size)`.
 * @returns every tile that is new or longer, full ones first within a level.
 */
export function growTiles(size: number, open: readonly Tile[], leaves: readonly Uint8Array[]): Tile[] {
  const changed: Tile[] = [];
  let arriving = leaves;
  let count = size;
  for (let level = 0; arriving.length > 0; level += 1) {
    const rising: Uint8Array[] = [];
    let index = Math.floor(count / TILE_WIDTH);
    let hashes = splitHashes(open.find((tile) => tile.level === level && tile.index === index)?.hashes);
    if (hashes.length !== count % TILE_WIDTH) {
      throw new RangeError(`tile ${level}/${index} holds ${hashes.length} hashes instead of ${count % TILE_WIDTH}`);
    }
    for (let next = 0; next < arriving.length; ) {
      const room = TILE_WIDTH - hashes.length;
      hashes = [...hashes, ...arriving.slice(next, next + room)];
      next += room;
      changed.push({ level, index, hashes: joinHashes(hashes) });
      if (hashes.length < TILE_WIDTH) break;
      rising.push(treeRoot(hashes));
      index += 1;
      hashes = [];
    }
    arriving = rising;
    count = Math.floor(count / TILE_WIDTH);
  }
  return changed;
}

/** Reads tiles, in the order asked for. */
export type TileReader = (tiles: readonly TileCoordinates[]) => Promise<readonly Uint8Array[]>;

/** A reader of subtree hashes over tiles; each tile is read once a call. @throws RangeError when a tile is too short. */
export function tileHashReader(readTiles: TileReader): HashReader {
  return async (nodes) => {
    const places = nodes.map(({ level, index }) => {
      const width = 2 ** (level % TILE_HEIGHT);
      const first = index * width;
      const tile = { level: Math.floor(level / TILE_HEIGHT), index: Math.floor(first / TILE_WIDTH) };
      return { tile, name: tilePath(tile), offset: first % TILE_WIDTH, width };
    });
    const wanted = new Map(places.map(({ name, tile }) => [name, tile]));
    const bytes = await readTiles([...wanted.values()]);
    const tiles = new Map([...wanted.keys()].map((name, i) => [name, splitHashes(bytes[i])]));
    return places.map(({ name, offset, width }) => {
      const hashes = tiles.get(name)?.slice(offset, offset + width) ?? [];
      if (hashes.length !== width) throw new RangeError(`${name} holds no hash ${offset + width - 1}`);
      return treeRoot(hashes);
    });
  };
}

function splitHashes(bytes: Uint8Array = new Uint8Array()): Uint8Array[] {
  if (bytes.length % HASH_BYTES !== 0) throw new RangeError('a tile is a whole number of hashes');
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(hashes.length * HASH_BYTES);
  for (const [i, hash] of hashes.entries()) joined.set(hash, i * HASH_BYTES);
  return joined;
}
