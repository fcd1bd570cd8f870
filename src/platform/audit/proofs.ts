import {
  consistencyProof,
  createFrontier,
  growTiles,
  inclusionProof,
  leafHash,
  openTiles,
  TILE_WIDTH,
  type Tile,
  tileHashReader,
  tilePath,
  verifyCheckpoint,
} from '../../engines/merkle/index.ts';
import type { BilingualText } from '../../shared/index.ts';
import type { Db } from '../db/index.ts';
import { leafText } from './entry.ts';
import { LOG_FINDINGS } from './log-findings.ts';
import { logOrigin } from './sequencer.ts';
import * as store from './store.ts';

export interface EntryProof {
  /** Canonical JSON of the entry: the leaf. */
  readonly leaf: string;
  readonly index: number;
  /** Tree size of the checkpoint. */
  readonly size: number;
  /** RFC 6962 §2.1.1 audit path, lower-case hex. */
  readonly path: readonly string[];
  /** C2SP signed note. */
  readonly checkpoint: string;
}

export interface LogVerdict {
  readonly intact: boolean;
  /** Leaves read. */
  readonly size: number;
  /** Entries that wait for their index. */
  readonly pending: number;
  /** What does not fit, at most 100. */
  readonly findings: readonly BilingualText[];
}

export interface LogProofs {
  /** Proof that the entry lies in the log under the latest checkpoint, or `undefined` while it is not yet sequenced. */
  proveEntry(entryId: string): Promise<EntryProof | undefined>;
  /** RFC 6962 §2.1.2 proof, lower-case hex, that the log of `first` entries is a prefix of that of `second`. @throws RangeError. */
  proveConsistency(facilityId: string, first: number, second: number): Promise<readonly string[]>;
  latestCheckpoint(facilityId: string): Promise<string | undefined>;
  /** Facilities whose log has entries, by id. */
  facilities(): Promise<readonly string[]>;
  /**
   * Reads every entry again, hashes it, and compares with index, tiles and every checkpoint ever signed. A broken log is
   * a result, never an exception.
   */
  verifyLog(facilityId: string): Promise<LogVerdict>;
}

const PAGE = 2000;
const MOST_FINDINGS = 100;

export function createLogProofs(deps: { db: Db; publicKey: Uint8Array }): LogProofs {
  const { db, publicKey } = deps;
  const readerOf = (facilityId: string) => tileHashReader((tiles) => store.readTiles(db, facilityId, tiles));
  return {
    proveEntry: async (entryId) => {
      const found = await store.entryWithIndex(db, entryId);
      if (found === undefined) return undefined;
      const { entry, index } = found;
      const checkpoint = await store.latestCheckpoint(db, entry.facilityId);
      if (checkpoint === undefined) return undefined;
      const path = await inclusionProof(index, checkpoint.size, readerOf(entry.facilityId));
      return {
        leaf: leafText(entry),
        index,
        size: checkpoint.size,
        path: path.map(hex),
        checkpoint: checkpoint.note,
      };
    },
    proveConsistency: async (facilityId, first, second) =>
      (await consistencyProof(first, second, readerOf(facilityId))).map(hex),
    facilities: () => store.facilitiesWithEntries(db),
    latestCheckpoint: async (facilityId) => (await store.latestCheckpoint(db, facilityId))?.note,
    // One snapshot, so that a sequencer at work meanwhile does not look like tampering.
    verifyLog: (facilityId) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute((snapshot) => verifyLog(snapshot, publicKey, facilityId)),
  };
}

async function verifyLog(db: Db, publicKey: Uint8Array, facilityId: string): Promise<LogVerdict> {
  const findings: BilingualText[] = [];
  const report = (finding: BilingualText) => {
    if (findings.length < MOST_FINDINGS) findings.push(finding);
  };
  const tree = createFrontier();
  let open: Tile[] = [];
  let nextIndex = 0;

  // A page ends where the next checkpoint may stand, so each signed root is compared with the root of the same size.
  for (;;) {
    const size = tree.size();
    const page = await store.indexedEntries(db, facilityId, nextIndex, PAGE);
    if (page.length === 0) break;
    const checkpoints = await store.checkpointsBetween(db, facilityId, size, size + page.length);
    const leaves: Uint8Array[] = [];
    for (const { index, leafHash: stored, entry } of page) {
      if (index !== nextIndex) report(LOG_FINDINGS.indexMissing(nextIndex));
      nextIndex = index + 1;
      const actual = entry === undefined ? undefined : leafHash(Buffer.from(leafText(entry)));
      if (actual === undefined) report(LOG_FINDINGS.entryMissing(index));
      else if (hex(actual) !== hex(stored)) report(LOG_FINDINGS.entryChanged(entry?.id, index));
      const leaf = actual ?? stored;
      leaves.push(leaf);
      tree.append(leaf);
      if (checkpoints[0]?.size === tree.size()) {
        checkCheckpoint(checkpoints.shift(), tree.root(), facilityId, publicKey, report);
      }
    }
    const grown = growTiles(size, open, leaves);
    await compareTiles(db, facilityId, grown, tree.size(), report);
    open = openTilesOf(grown, open, tree.size());
  }

  const last = await store.latestCheckpoint(db, facilityId);
  if ((last?.size ?? 0) !== tree.size()) {
    report(LOG_FINDINGS.tailCut(tree.size(), last?.size ?? 0));
  }
  const stray = await store.countStray(db, facilityId);
  if (stray > 0) report(LOG_FINDINGS.stray(stray));
  const pending = await store.countPending(db, facilityId);
  return { intact: findings.length === 0, size: tree.size(), pending, findings };
}

function checkCheckpoint(
  checkpoint: store.StoredCheckpoint | undefined,
  root: Uint8Array,
  facilityId: string,
  publicKey: Uint8Array,
  report: (finding: BilingualText) => void,
): void {
  if (checkpoint === undefined) return;
  const signed = verifyCheckpoint(checkpoint.note, logOrigin(facilityId), publicKey);
  if (signed === undefined) report(LOG_FINDINGS.notSigned(checkpoint.size));
  else if (signed.size !== checkpoint.size || hex(signed.root) !== hex(root)) {
    report(LOG_FINDINGS.rootDiffers(checkpoint.size));
  }
}

/** Full tiles are final at once; those still open are compared when no entries follow. */
async function compareTiles(
  db: Db,
  facilityId: string,
  grown: readonly Tile[],
  size: number,
  report: (finding: BilingualText) => void,
): Promise<void> {
  const stored = await store.readTiles(db, facilityId, grown);
  for (const [i, tile] of grown.entries()) {
    const found = stored[i] ?? new Uint8Array();
    const isFull = tile.hashes.length === TILE_WIDTH * 32;
    // The stored open tile may already be longer than what has been read so far.
    const comparable = isFull ? found : found.subarray(0, tile.hashes.length);
    if (hex(comparable) !== hex(tile.hashes)) report(LOG_FINDINGS.tileDiffers(tilePath(tile), size));
  }
}

function openTilesOf(grown: readonly Tile[], before: readonly Tile[], size: number): Tile[] {
  const latest = new Map([...before, ...grown].map((tile) => [tilePath(tile), tile]));
  return openTiles(size).flatMap((place) => latest.get(tilePath(place)) ?? []);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
