import type { Clock } from '../../shared/index.ts';
import { newId } from '../../shared/index.ts';
import type { Db, Tx } from '../db/index.ts';
import type { AuditEntry, AuditEvent, EntryFilter, ListedEntry } from './entry.ts';
import { entriesAbout, insertEntry, newestEntries } from './store.ts';

export interface AuditLog {
  /**
   * Adds an entry in the caller's transaction: durable exactly if that commits, provable from the next checkpoint on.
   * Plain inserts that wait for nobody. @returns the id of the entry.
   */
  record(tx: Tx, event: AuditEvent): Promise<string>;
  /** The newest entries about one object, newest first, at most `limit` (default 200). */
  history(db: Db, facilityId: string, object: AuditEvent['object'], limit?: number): Promise<AuditEntry[]>;
  /** The newest entries that fit the filter, newest first, of all facilities unless it names one. */
  list(db: Db, filter: EntryFilter): Promise<ListedEntry[]>;
}

export function createAuditLog(deps: { clock: Clock }): AuditLog {
  return {
    record: async (tx, event) => {
      assertWellFormed(event);
      const at = deps.clock.now();
      const id = newId(at);
      await insertEntry(tx, { ...event, id, at });
      return id;
    },
    history: (db, facilityId, object, limit = 200) => entriesAbout(db, facilityId, object, limit),
    list: newestEntries,
  };
}

function assertWellFormed({ action, details = {} }: AuditEvent): void {
  if (!/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/.test(action)) throw new TypeError(`not an action: ${action}`);
  for (const [name, value] of Object.entries(details)) {
    // Other numbers are not sure to come back from the database as the same text, and the text is what is hashed.
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new TypeError(`${name} is not an integer`);
  }
}
