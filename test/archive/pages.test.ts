/** A register of thousands of objects: every walk through it comes to each of them once, page after page. */
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Archive,
  type ArchivedObject,
  createArchive,
  loadPolicies,
  parseRetentionFacts,
  registeredObjects,
} from '../../src/archive/index.ts';
import { createAuditLog } from '../../src/platform/audit/index.ts';
import { createFilesystemArchive, type ObjectStore } from '../../src/platform/storage/index.ts';
import { AppError, newId, sha256Hex, systemClock } from '../../src/shared/index.ts';
import { insertFacility, temporaryFolder, useDatabase } from '../support/database.ts';

const COPIES = 1500;
const ACTOR = { kind: 'system', id: 'test' } as const;
const database = useDatabase();
const folder = temporaryFolder();
let facilityId: string;
let original: ArchivedObject;
/** What the store says of an object's lock. */
let stat: ObjectStore['stat'];
let archive: Archive;

beforeAll(async () => {
  const store = await createFilesystemArchive({ directory: folder.path, clock: systemClock });
  stat = store.stat;
  archive = createArchive({
    database: database(),
    store: { ...store, stat: (...of) => stat(...of) },
    clock: systemClock,
    audit: createAuditLog({ clock: systemClock }),
    policies: await loadPolicies(join(import.meta.dirname, '../../storage-policies')),
  });
  facilityId = await insertFacility(database());
  const bytes = Buffer.from('%PDF-1.7 of which there are many');
  const now = new Date();
  const { object } = await archive.archiveDocument({
    facilityId,
    recordId: newId(now),
    documentId: newId(now),
    n: 1,
    bytes,
    sha256: sha256Hex(bytes),
    facts: parseRetentionFacts({ dischargedAt: now.toISOString() }),
    actor: ACTOR,
  });
  original = object;
  await copyInTheRegister();
});
afterAll(() => folder.remove());

/** As if so many records had been archived, each with one document. */
async function copyInTheRegister(): Promise<void> {
  const copies = {
    retention_step: sql`jsonb_build_object('id', step, 'record_id', record)`,
    record_retention: sql`jsonb_build_object('record_id', record, 'step_id', step)`,
    archive_object: sql`jsonb_build_object('id', gen_random_uuid(), 'record_id', record, 'step_id', step,
      'document_id', gen_random_uuid(), 'object_key', 'v1/copy/' || i)`,
  };
  await database()
    .db.transaction()
    .execute(async (tx) => {
      await sql`CREATE TEMPORARY TABLE copy AS
      SELECT gen_random_uuid() AS record, gen_random_uuid() AS step, i FROM generate_series(1, ${sql.lit(COPIES)}) AS i`.execute(
        tx,
      );
      for (const [table, changed] of Object.entries(copies)) {
        await sql`INSERT INTO ${sql.table(table)} SELECT (jsonb_populate_record(original, ${changed})).*
        FROM copy CROSS JOIN ${sql.table(table)} AS original WHERE record_id = ${original.recordId}`.execute(tx);
      }
    });
}

/** Around the triggers, as somebody at the SQL prompt might. */
async function alter(change: ReturnType<typeof sql>): Promise<void> {
  await database()
    .db.transaction()
    .execute(async (tx) => {
      await sql`SET LOCAL session_replication_role = 'replica'`.execute(tx);
      await sql`UPDATE archive_object SET ${change}`.execute(tx);
    });
}

test('each registered object comes once, in the order of the keys', async () => {
  const places: string[] = [];
  for await (const { facilityId: facility, documentId, n } of registeredObjects(database().db)) {
    places.push(`${facility}/${documentId}/${n}`);
  }
  expect(places).toHaveLength(COPIES + 1);
  expect(places).toEqual([...new Set(places)].toSorted());
});

test('promises that were lowered are found wherever they are', async () => {
  await alter(
    sql`retain_until = retain_until - interval '1 year' WHERE object_key IN ('v1/copy/1', 'v1/copy/1300', 'v1/copy/1500')`,
  );
  const { findings } = await archive.fsck({ facilityId });
  const lowered = findings.filter(({ problem }) => problem === 'promise-lowered').map(({ key }) => key);
  expect(lowered.toSorted()).toEqual(['v1/copy/1', 'v1/copy/1300', 'v1/copy/1500']);
});

test('every owed lock is paid in one round, and a store that is away is not asked for each of them', async () => {
  await alter(sql`locked_until = to_timestamp(0)`);
  let asked = 0;
  stat = async () => {
    asked += 1;
    throw new AppError('STORE_UNREACHABLE');
  };
  const refused = await archive.keepLocks(facilityId, ACTOR);
  expect(refused).toMatchObject({ done: 0, failed: { length: 20 } });
  expect(asked).toBe(20);

  stat = async (key, versionId) => ({ ...original, key, versionId, hold: false });
  expect(await archive.keepLocks(facilityId, ACTOR, () => true)).toMatchObject({ done: 0, failed: [] });
  expect(await archive.keepLocks(facilityId, ACTOR)).toMatchObject({ done: COPIES + 1, failed: [] });
  expect(await archive.keepLocks(facilityId, ACTOR)).toMatchObject({ done: 0, failed: [] });
});
