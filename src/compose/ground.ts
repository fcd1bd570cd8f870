/** What every part stands on: stores, outbox, audit log, keys of the program, API keys, and the clock that processes share. */
import { join } from 'node:path';
import { createAccess, createIdempotency } from '../platform/access/index.ts';
import { createAuditLog, loadLogKey } from '../platform/audit/index.ts';
import { clockProblem, type Database } from '../platform/db/index.ts';
import { createOutbox } from '../platform/outbox/index.ts';
import { openStores } from '../platform/storage/index.ts';
import { latestProbe } from '../platform/storage/worm-probe/index.ts';
import { systemClock } from '../shared/index.ts';
import type { ComposeOptions } from './options.ts';

export type Ground = Awaited<ReturnType<typeof openGround>>;

export async function openGround(options: ComposeOptions, database: Database) {
  const { clock, s3 } = options;
  const keysDir = options.keysDir ?? join(options.dataDir, 'keys');
  const [stores, logKey] = await Promise.all([openStores(options), loadLogKey(keysDir)]);
  // Processes on several machines go by one clock when they share out work.
  const sharedClock = options.sharedClock ?? (clock === systemClock ? 'database' : clock);
  const idempotency = createIdempotency({ database, clock: sharedClock });
  if (options.databaseUrl === undefined) await idempotency.abandonAll();
  return {
    database,
    keysDir,
    logKey,
    stores,
    sharedClock,
    clockProblem: () => clockProblem(database.db, sharedClock, clock),
    audit: createAuditLog({ clock }),
    outbox: createOutbox({ database, clock: sharedClock, ownClock: clock }),
    access: createAccess({ database, clock }),
    idempotency,
    /** Of the S3 store's locks. */
    probe: async () => (s3 === undefined ? undefined : latestProbe(database, s3)),
  };
}
