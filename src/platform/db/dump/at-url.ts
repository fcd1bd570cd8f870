/** Single undertakings on a connection of their own, at an address. */
import { sql } from 'kysely';
import type { Tx } from '../connection.ts';
import { withSession } from './session.ts';

/** One transaction, whatever the schema. @throws DATABASE_UNREACHABLE. */
export function withTransaction<T>(url: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  return withSession(url, ({ db }) => db.transaction().execute(work));
}

/** Like `Database.withLock`: `undefined` at once if another session holds the named lock. @throws DATABASE_UNREACHABLE. */
export function withNamedLock<T>(url: string, name: string, work: () => Promise<T>): Promise<T | undefined> {
  return withSession(url, async ({ db }) => {
    const lock = sql<{ got: boolean }>`SELECT pg_try_advisory_lock(hashtextextended(${`antin/${name}`}, 0)) AS got`;
    // The end of the session gives it back.
    return (await lock.execute(db)).rows[0]?.got === true ? work() : undefined;
  });
}
