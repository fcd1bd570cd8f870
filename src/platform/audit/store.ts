/** SQL of the audit log. */
import { sql } from 'kysely';
import { type Tile, type TileCoordinates, tilePath } from '../../engines/merkle/index.ts';
import { type Db, type Tx, writeTogether } from '../db/index.ts';
import type { AuditEntry, EntryFilter, ListedEntry } from './entry.ts';

/** Written with the transaction's other writes. */
export async function insertEntry(tx: Tx, entry: AuditEntry): Promise<void> {
  const { id, at, facilityId } = entry;
  const row = tx.insertInto('audit_entry').values({
    id,
    facility_id: facilityId,
    at,
    actor_kind: entry.actor.kind,
    actor_id: entry.actor.id,
    action: entry.action,
    object_kind: entry.object.kind,
    object_id: entry.object.id,
    reason: entry.reason ?? null,
    details: JSON.stringify(entry.details ?? {}),
  });
  await writeTogether(tx, row);
  await writeTogether(tx, tx.insertInto('audit_pending').values({ entry_id: id, facility_id: facilityId, at }));
}

interface EntryRow {
  readonly id: string;
  readonly facility_id: string;
  readonly at: Date;
  readonly actor_kind: 'person' | 'api-key' | 'system';
  readonly actor_id: string;
  readonly action: string;
  readonly object_kind: string;
  readonly object_id: string;
  readonly reason: string | null;
  readonly details: Record<string, string | number | boolean>;
}

const ENTRY_COLUMNS = [
  'audit_entry.id',
  'audit_entry.facility_id',
  'audit_entry.at',
  'actor_kind',
  'actor_id',
  'action',
  'object_kind',
  'object_id',
  'reason',
  'details',
] as const;

function entryOf(row: EntryRow): AuditEntry {
  return {
    id: row.id,
    facilityId: row.facility_id,
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id },
    action: row.action,
    object: { kind: row.object_kind, id: row.object_id },
    ...(row.reason === null ? {} : { reason: row.reason }),
    details: row.details,
  };
}

export async function facilitiesWithPending(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('audit_pending').select('facility_id').distinct().execute();
  return rows.map((row) => row.facility_id);
}

/** Facilities that have anything in their log. */
export async function facilitiesWithEntries(db: Db): Promise<string[]> {
  // By facilities, of which there are few, rather than by entries.
  const rows = await db
    .selectFrom('facility')
    .select('id')
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('audit_entry')
          .select('audit_entry.id')
          .whereRef('audit_entry.facility_id', '=', 'facility.id')
          .limit(1),
      ),
    )
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** The newest entries that fit, newest first, each with its index once it has one. */
export async function newestEntries(db: Db, filter: EntryFilter): Promise<ListedEntry[]> {
  let query = db
    .selectFrom('audit_entry')
    .leftJoin('audit_index', 'audit_index.entry_id', 'audit_entry.id')
    .select([...ENTRY_COLUMNS, 'leaf_index'])
    .orderBy('audit_entry.at', 'desc')
    .orderBy('audit_entry.id', 'desc')
    .limit(filter.limit);
  if (filter.facilityId !== undefined) query = query.where('audit_entry.facility_id', '=', filter.facilityId);
  if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  if (filter.objectId !== undefined) query = query.where('object_id', '=', filter.objectId);
  if (filter.actorId !== undefined) query = query.where('actor_id', '=', filter.actorId);
  if (filter.since !== undefined) query = query.where('audit_entry.at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('audit_entry.at', '<', filter.until);
  return (await query.execute()).map((row) => ({ entry: entryOf(row), index: row.leaf_index ?? undefined }));
}

/** Whether this transaction alone may write the log of the facility until it ends. */
export async function tryLockLog(tx: Tx, facilityId: string): Promise<boolean> {
  const key = `antin/audit/${facilityId}`;
  const { rows } = await sql<{ got: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${key}, 0)) AS got`.execute(tx);
  return rows[0]?.got === true;
}

/** Takes the oldest committed pending entries off the table. */
export async function takePending(tx: Tx, facilityId: string, limit: number): Promise<AuditEntry[]> {
  const rows = await tx
    .selectFrom('audit_pending')
    .innerJoin('audit_entry', 'audit_entry.id', 'audit_pending.entry_id')
    .select(ENTRY_COLUMNS)
    .where('audit_pending.facility_id', '=', facilityId)
    .orderBy('audit_pending.position')
    .limit(limit)
    .execute();
  const ids = rows.map((row) => row.id);
  if (ids.length > 0) await tx.deleteFrom('audit_pending').where('entry_id', 'in', ids).execute();
  return rows.map(entryOf);
}

export interface NewLeaf {
  readonly entryId: string;
  readonly hash: Uint8Array;
}

export async function insertLeaves(
  tx: Tx,
  facilityId: string,
  firstIndex: number,
  leaves: readonly NewLeaf[],
): Promise<void> {
  const rows = leaves.map(({ entryId, hash }, i) => ({
    facility_id: facilityId,
    leaf_index: firstIndex + i,
    entry_id: entryId,
    leaf_hash: hash,
  }));
  await tx.insertInto('audit_index').values(rows).execute();
}

export async function saveTiles(tx: Tx, facilityId: string, tiles: readonly Tile[]): Promise<void> {
  const rows = tiles.map(({ level, index, hashes }) => ({
    facility_id: facilityId,
    level,
    tile_index: index,
    hashes,
  }));
  await tx
    .insertInto('audit_tile')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['facility_id', 'level', 'tile_index'])
        .doUpdateSet((eb) => ({ hashes: eb.ref('excluded.hashes') })),
    )
    .execute();
}

/** The hashes of tiles in the order asked for; empty for one that is not there. */
export async function readTiles(db: Db, facilityId: string, tiles: readonly TileCoordinates[]): Promise<Uint8Array[]> {
  if (tiles.length === 0) return [];
  const rows = await db
    .selectFrom('audit_tile')
    .select(['level', 'tile_index', 'hashes'])
    .where('facility_id', '=', facilityId)
    .where((eb) =>
      eb.or(tiles.map((tile) => eb.and([eb('level', '=', tile.level), eb('tile_index', '=', tile.index)]))),
    )
    .execute();
  const found = new Map(rows.map((row) => [tilePath({ level: row.level, index: row.tile_index }), row.hashes]));
  return tiles.map((tile) => found.get(tilePath(tile)) ?? new Uint8Array());
}

export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

export async function latestCheckpoint(db: Db, facilityId: string): Promise<StoredCheckpoint | undefined> {
  return db
    .selectFrom('audit_checkpoint')
    .select(['size', 'root', 'note'])
    .where('facility_id', '=', facilityId)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function insertCheckpoint(
  tx: Tx,
  facilityId: string,
  checkpoint: StoredCheckpoint,
  signedAt: Date,
): Promise<void> {
  await tx
    .insertInto('audit_checkpoint')
    .values({ facility_id: facilityId, ...checkpoint, signed_at: signedAt })
    .execute();
}

/** All checkpoints whose size lies in (after, upTo], ascending. */
export async function checkpointsBetween(db: Db, facilityId: string, after: number, upTo: number) {
  return db
    .selectFrom('audit_checkpoint')
    .select(['size', 'root', 'note'])
    .where('facility_id', '=', facilityId)
    .where('size', '>', after)
    .where('size', '<=', upTo)
    .orderBy('size')
    .execute();
}

export interface IndexedEntry {
  readonly index: number;
  readonly leafHash: Uint8Array;
  /** Absent when somebody removed the entry under its index row. */
  readonly entry: AuditEntry | undefined;
}

/** Up to `limit` leaves from `first` on, in order. */
export async function indexedEntries(
  db: Db,
  facilityId: string,
  first: number,
  limit: number,
): Promise<IndexedEntry[]> {
  const rows = await db
    .selectFrom('audit_index')
    .leftJoin('audit_entry', 'audit_entry.id', 'audit_index.entry_id')
    .select(['leaf_index', 'leaf_hash', ...ENTRY_COLUMNS])
    .where('audit_index.facility_id', '=', facilityId)
    .where('leaf_index', '>=', first)
    .orderBy('leaf_index')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    index: row.leaf_index,
    leafHash: row.leaf_hash,
    entry: row.id === null ? undefined : entryOf(row as EntryRow),
  }));
}

export async function entryWithIndex(db: Db, entryId: string) {
  const row = await db
    .selectFrom('audit_entry')
    .innerJoin('audit_index', 'audit_index.entry_id', 'audit_entry.id')
    .select(['leaf_index', ...ENTRY_COLUMNS])
    .where('audit_entry.id', '=', entryId)
    .executeTakeFirst();
  return row === undefined ? undefined : { index: row.leaf_index, entry: entryOf(row) };
}

export async function countPending(db: Db, facilityId: string): Promise<number> {
  const { n } = await db
    .selectFrom('audit_pending')
    .select(sql<number>`count(*)`.as('n'))
    .where('facility_id', '=', facilityId)
    .executeTakeFirstOrThrow();
  return n;
}

/** Entries that are neither in the log nor waiting for it: somebody took them out. */
export async function countStray(db: Db, facilityId: string): Promise<number> {
  const { n } = await db
    .selectFrom('audit_entry')
    .leftJoin('audit_index', 'audit_index.entry_id', 'audit_entry.id')
    .leftJoin('audit_pending', 'audit_pending.entry_id', 'audit_entry.id')
    .select(sql<number>`count(*)`.as('n'))
    .where('audit_entry.facility_id', '=', facilityId)
    .where('audit_index.entry_id', 'is', null)
    .where('audit_pending.entry_id', 'is', null)
    .executeTakeFirstOrThrow();
  return n;
}

/** The newest entries about one object, newest first. */
export async function entriesAbout(db: Db, facilityId: string, object: { kind: string; id: string }, limit: number) {
  const rows = await db
    .selectFrom('audit_entry')
    .select(ENTRY_COLUMNS)
    .where('facility_id', '=', facilityId)
    .where('object_kind', '=', object.kind)
    .where('object_id', '=', object.id)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(entryOf);
}
