import {
  growTiles,
  leafHash,
  openTiles,
  rootFromReader,
  signCheckpoint,
  type Tile,
  tileHashReader,
  verifyCheckpoint,
} from '../../engines/merkle/index.ts';
import { AppError, type Clock, type Log, silentLog } from '../../shared/index.ts';
import type { Database, Tx } from '../db/index.ts';
import { leafText } from './entry.ts';
import type { LogKey } from './log-key.ts';
import * as store from './store.ts';

const INTERVAL_MS = 1000;
/** Entries in one transaction. */
const BATCH = 2000;

/** An owned resource once started. */
export interface Sequencer {
  /**
   * Gives every committed pending entry its index, builds tiles and signs one checkpoint a facility (and batch).
   * Logs that another process is writing at this moment are left to it. @returns how many entries.
   * @throws AUDIT_LOG_BROKEN when a stored log does not fit its last checkpoint; the other logs are done first.
   */
  sequence(): Promise<number>;
  /** Sequences about once a second until `close`; failures are logged and tried again. */
  start(): void;
  /** Waits for the run in progress. */
  close(): Promise<void>;
}

/** The name of a facility's log in its checkpoints. */
export function logOrigin(facilityId: string): string {
  return `antin/${facilityId}`;
}

export function createSequencer(deps: { database: Database; key: LogKey; clock: Clock; log?: Log }): Sequencer {
  const { database, log = silentLog } = deps;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let closed = false;

  const sequence = async (): Promise<number> => {
    let total = 0;
    let broken: unknown;
    for (const facilityId of await store.facilitiesWithPending(database.db)) {
      try {
        for (let done = BATCH; done === BATCH; total += done) {
          done = await database.transaction((tx) => extendLog(tx, facilityId, deps.key, deps.clock));
        }
      } catch (error) {
        log.error({ err: error, facility: facilityId }, 'the audit log of a facility could not be extended');
        broken = error;
      }
    }
    if (broken !== undefined) throw broken;
    return total;
  };
  const tick = () => {
    running = sequence()
      .catch((error) => log.warn({ err: error }, 'sequencing the audit log failed; it is tried again'))
      .then(() => {
        if (!closed) timer = setTimeout(tick, INTERVAL_MS);
      });
  };
  return {
    sequence,
    start: () => {
      if (timer === undefined && !closed) timer = setTimeout(tick, INTERVAL_MS);
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function extendLog(tx: Tx, facilityId: string, key: LogKey, clock: Clock): Promise<number> {
  if (!(await store.tryLockLog(tx, facilityId))) return 0;
  const entries = await store.takePending(tx, facilityId, BATCH);
  if (entries.length === 0) return 0;

  const size = await trustedSize(tx, facilityId, key);
  const leaves = entries.map((entry) => ({ entryId: entry.id, hash: leafHash(Buffer.from(leafText(entry))) }));
  const open = openTiles(size);
  const openHashes = await store.readTiles(tx, facilityId, open);
  const begun: Tile[] = open.map((tile, i) => ({ ...tile, hashes: openHashes[i] ?? new Uint8Array() }));
  const hashes = leaves.map((leaf) => leaf.hash);
  await store.saveTiles(tx, facilityId, growTiles(size, begun, hashes));
  await store.insertLeaves(tx, facilityId, size, leaves);

  const newSize = size + leaves.length;
  const root = await rootFromReader(newSize, readerOf(tx, facilityId));
  const note = signCheckpoint({ origin: logOrigin(facilityId), size: newSize, root }, key.privateKey);
  await store.insertCheckpoint(tx, facilityId, { size: newSize, root, note }, clock.now());
  return leaves.length;
}

/** The size under the last checkpoint, which must be ours and must fit the tiles: we sign nothing on top of a forgery. */
async function trustedSize(tx: Tx, facilityId: string, key: LogKey): Promise<number> {
  const last = await store.latestCheckpoint(tx, facilityId);
  if (last === undefined) return 0;
  const signed = verifyCheckpoint(last.note, logOrigin(facilityId), key.publicKey);
  const root = await rootFromReader(last.size, readerOf(tx, facilityId)).catch(() => new Uint8Array());
  if (signed === undefined || signed.size !== last.size || !Buffer.from(signed.root).equals(root)) {
    throw new AppError('AUDIT_LOG_BROKEN', { extra: { facility: facilityId, size: last.size } });
  }
  return last.size;
}

function readerOf(db: Tx, facilityId: string) {
  return tileHashReader((tiles) => store.readTiles(db, facilityId, tiles));
}
