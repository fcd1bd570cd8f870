/** From the private database of a data directory to a server. The old one stays as it is and is not opened again by mistake. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AppError } from '../../shared/index.ts';
import type { Tx } from './connection.ts';
import { withTransaction } from './dump/at-url.ts';
import { isEmptyDatabase, refillDatabase } from './dump/refill.ts';
import { withSnapshot } from './dump/snapshot.ts';
import type { TableShape } from './dump/tables.ts';
import { assertDatabaseIn } from './embedded/place.ts';
import { startEmbeddedServer } from './embedded/server.ts';
import { takeMissingSteps } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { readMovedMark, refuseMoved, writeMovedMark } from './moved-mark.ts';

export interface Move {
  readonly dataDir: string;
  readonly stateDir?: string;
  /** An empty database. */
  readonly to: string;
  /** Last writes in the old place, once. */
  before?(tx: Tx): Promise<void>;
  /** What must be done before the rows are copied, by the address of the old place; again when the move is run again. */
  prepare?(from: string): Promise<void>;
  /** Changes rows on their way. */
  changed?(table: TableShape, rows: Readable): Readable;
}

export interface Moved {
  /** `host:port/name`. */
  readonly to: string;
  readonly tables: number;
}

/**
 * Copies everything in one transaction and reads it back; durable there when it returns, and the old place is marked. Nobody may have the
 * old place open. After an end in the middle, the same move can be run again.
 * @throws DATABASE_START_FAILED (also when there is none), DATA_DIR_IN_USE, DATABASE_MOVED (elsewhere, or done already), DATABASE_NOT_EMPTY, DATABASE_UNREACHABLE, DIGEST_MISMATCH.
 */
export async function moveDatabase(move: Move): Promise<Moved> {
  const name = nameOf(move.to);
  const begun = readMovedMark(move.dataDir);
  if (begun !== undefined && (begun.done || begun.to !== name)) refuseMoved(move.dataDir);
  assertDatabaseIn(move.dataDir);
  const server = await startEmbeddedServer(move);
  try {
    const empty = await isEmptyDatabase(move.to);
    if (begun === undefined) {
      if (!empty) throw new AppError('DATABASE_NOT_EMPTY');
      await withTransaction(server.url, async (tx) => {
        await takeMissingSteps(tx, MIGRATIONS);
        await move.before?.(tx);
      });
      writeMovedMark(move.dataDir, { to: name, done: false });
    }
    await move.prepare?.(server.url);
    const tables = empty ? await copy(move, server.url) : await compare(move, server.url);
    writeMovedMark(move.dataDir, { to: name, done: true });
    return { to: name, tables };
  } finally {
    await server.stop();
  }
}

function copy({ to, changed }: Move, from: string): Promise<number> {
  return withSnapshot(from, async ({ schema, tables, counters, copyOut }) => {
    const rowsOf = (table: TableShape): Readable => changed?.(table, copyOut(table)) ?? copyOut(table);
    await refillDatabase(to, { schema, tables, counters, rowsOf });
    return tables.length;
  });
}

/** The copy was committed and only the mark was left over, if the server holds just what we have. @throws DATABASE_NOT_EMPTY. */
async function compare(move: Move, from: string): Promise<number> {
  const [ours, theirs] = [await digests(from, move.changed), await digests(move.to)];
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw new AppError('DATABASE_NOT_EMPTY');
  return ours.length;
}

function digests(url: string, changed?: Move['changed']): Promise<(readonly [string, string])[]> {
  return withSnapshot(url, async ({ tables, copyOut }) => {
    const found: (readonly [string, string])[] = [];
    for (const table of tables) {
      const hash = createHash('sha256');
      for await (const chunk of changed?.(table, copyOut(table)) ?? copyOut(table)) hash.update(chunk);
      found.push([table.name, hash.digest('hex')]);
    }
    return found;
  });
}

/** Without account and password. */
function nameOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
