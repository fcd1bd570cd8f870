/** What the hourly rounds of the sweeper do with the archive, on one store of files. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Archive,
  type ArchivedObject,
  createArchive,
  loadPolicies,
  parseRetentionFacts,
} from '../../src/archive/index.ts';
import { createAuditLog } from '../../src/platform/audit/index.ts';
import { createFilesystemArchive, type ObjectStore } from '../../src/platform/storage/index.ts';
import {
  AppError,
  type Log,
  newId,
  type ProblemCode,
  settableClock,
  sha256Hex,
  silentLog,
} from '../../src/shared/index.ts';
import { insertFacility, temporaryFolder, useDatabase } from '../support/database.ts';

const database = useDatabase();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NEVER_COMPARE = { compareHours: Number.POSITIVE_INFINITY };
const folder = temporaryFolder();
const clock = settableClock(new Date());
const alarms: string[] = [];
const log: Log = { ...silentLog, error: ({ problem, key }) => void alarms.push(`${problem} ${key}`) };

let store: ObjectStore;
let archive: Archive;
/** A facility of its own for each test, in one register and one store. */
let facilityId: string;
/** Keys whose bytes were asked for. */
const read: string[] = [];
/** What the store says instead of giving bytes. */
let fault: ProblemCode | undefined;
/** Keys that it cannot read, whatever becomes of the others. */
const damaged = new Set<string>();

beforeAll(async () => {
  store = await createFilesystemArchive({ directory: folder.path, clock });
  archive = createArchive({
    database: database(),
    store: {
      ...store,
      get: async (key, ...rest) => {
        read.push(key);
        if (fault !== undefined) throw new AppError(fault);
        if (damaged.has(key)) throw new AppError('STORE_REFUSED');
        return store.get(key, ...rest);
      },
    },
    clock,
    audit: createAuditLog({ clock }),
    policies: await loadPolicies(join(import.meta.dirname, '../../storage-policies')),
    log,
  });
});
afterAll(() => folder.remove());
beforeEach(async () => {
  facilityId = await insertFacility(database());
  fault = undefined;
  clock.advance(1000);
});

interface Added {
  readonly documentId?: string;
  readonly text?: string;
  /** Default: discharged now. */
  readonly facts?: object;
}

async function add(of: Added = {}): Promise<ArchivedObject> {
  const {
    documentId = newId(clock.now()),
    text = newId(clock.now()),
    facts = { dischargedAt: clock.now().toISOString() },
  } = of;
  const bytes = Buffer.from(`%PDF-1.7 ${text}`);
  const { object } = await archive.archiveDocument({
    facilityId,
    recordId: newId(clock.now()),
    documentId,
    n: 1,
    bytes,
    sha256: sha256Hex(bytes),
    facts: parseRetentionFacts(facts),
    actor: { kind: 'system', id: 'archive' },
  });
  return object;
}

const open = async () => (await archive.listFindings(facilityId)).map(({ problem, key }) => `${problem} ${key}`).sort();

const audited = async () => {
  const rows = await database()
    .db.selectFrom('audit_entry')
    .select('action')
    .where('facility_id', '=', facilityId)
    .where('object_kind', '=', 'document')
    .where('action', 'in', ['object.alarm', 'object.mended'])
    .orderBy('at')
    .execute();
  return rows.map(({ action }) => action);
};

describe('a round of the sweeper', () => {
  test('reads what was longest not read, and no more than its share', async () => {
    const keys: string[] = [];
    for (let day = 0; day < 4; day += 1) {
      keys.push((await add()).key);
      clock.advance(DAY_MS);
    }
    const round = async (most: number) => {
      read.length = 0;
      const { read: count } = await archive.sweep({ most, ...NEVER_COMPARE });
      expect(count).toBe(read.length);
      return [...read];
    };
    expect(await round(10)).toEqual([]);
    clock.advance(30 * DAY_MS);
    expect(await round(2)).toEqual([keys[0], keys[1]]);
    expect(await round(2)).toEqual([keys[2], keys[3]]);
    expect(await round(2)).toEqual([]);
    clock.advance(31 * DAY_MS);
    expect(await round(3)).toEqual([keys[0], keys[1], keys[2]]);
  });

  test('ends between two objects when its process is told to stop, and the next one goes on', async () => {
    for (let n = 0; n < 3; n += 1) await add();
    clock.advance(40 * DAY_MS);
    const asked: unknown[] = [];
    const stopped = await archive.sweep({ ...NEVER_COMPARE, isStopping: () => asked.push(0) > 2 });
    expect(stopped.read).toBe(2);
    const { read: rest } = await archive.sweep(NEVER_COMPARE);
    expect(rest).toBeGreaterThan(0);
    expect((await archive.sweep(NEVER_COMPARE)).read).toBe(0);
  });

  test('ends in the middle of the comparison too, though nothing is wrong, and begins it anew the next time', async () => {
    await add();
    expect((await archive.sweep({ compareHours: 0, isStopping: () => true })).compared).toBe(false);
    expect((await archive.sweep({ compareHours: 0 })).compared).toBe(true);
  });

  test('compares register and store once a day, also after the clock was ahead for a while', async () => {
    const compared = async () => (await archive.sweep()).compared;
    clock.advance(10 * DAY_MS);
    expect([await compared(), await compared()]).toEqual([true, false]);
    clock.advance(-DAY_MS);
    expect([await compared(), await compared()]).toEqual([true, false]);
    clock.advance(23 * HOUR_MS);
    expect(await compared()).toBe(true);
  });

  test('tells a finding once, in the log, in a row and in the audit log, and tells when it has ended', async () => {
    const { key } = await add();
    const path = join(folder.path, 'objects', key);
    const aside = join(folder.path, 'aside');
    await rename(path, aside);
    for (let round = 0; round < 3; round += 1) {
      clock.advance(1000);
      await archive.sweep({ compareHours: 0 });
    }
    expect(await open()).toEqual([`missing ${key}`]);
    expect(await archive.openFindings()).toEqual([{ kind: 'missing', count: 1 }]);
    expect(alarms.filter((alarm) => alarm === `missing ${key}`)).toHaveLength(1);
    expect(await audited()).toEqual(['object.alarm']);

    await rename(aside, path);
    clock.advance(1000);
    await archive.sweep(NEVER_COMPARE);
    expect(await open()).toEqual([]);
    expect(await audited()).toEqual(['object.alarm', 'object.mended']);

    await rename(path, aside);
    clock.advance(1000);
    await archive.sweep({ compareHours: 0 });
    expect(await audited()).toEqual(['object.alarm', 'object.mended', 'object.alarm']);
    await rename(aside, path);
    await archive.sweep(NEVER_COMPARE);
  });

  test('knows three answers: what cannot be read is neither lost nor sound', async () => {
    const { key } = await add();
    clock.advance(40 * DAY_MS);
    const round = async (answer: ProblemCode | undefined) => {
      fault = answer;
      await archive.sweep(NEVER_COMPARE);
      return open();
    };
    expect(await round('OBJECT_NOT_FOUND')).toEqual([`missing ${key}`]);
    expect(await round('STORE_REFUSED')).toEqual([`could-not-read ${key}`, `missing ${key}`]);
    expect(await round('DIGEST_MISMATCH')).toEqual([`mismatch ${key}`]);
    expect(await round(undefined)).toEqual([]);
  });

  test('stops when the store is away, accuses no object, and goes on the next time', async () => {
    const { key } = await add();
    clock.advance(40 * DAY_MS);
    fault = 'STORE_UNREACHABLE';
    await expect(archive.sweep(NEVER_COMPARE)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(await open()).toEqual([]);
    fault = undefined;
    read.length = 0;
    await archive.sweep(NEVER_COMPARE);
    expect(read).toContain(key);
    expect(await open()).toEqual([]);
  });

  test('comes to the sound objects though twenty known ones cannot be read any more, as on a bad disk', async () => {
    for (let n = 0; n < 20; n += 1) damaged.add((await add()).key);
    clock.advance(1000);
    const { key } = await add();
    clock.advance(40 * DAY_MS);
    await expect(archive.sweep(NEVER_COMPARE)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await open()).toHaveLength(20);
    read.length = 0;
    await archive.sweep(NEVER_COMPARE);
    expect(read).toContain(key);
    damaged.clear();
    await archive.sweep(NEVER_COMPARE);
    expect(await open()).toEqual([]);
  });

  test('leaves what is being archived in peace for an hour, then tells it without alarm and keeps it locked', async () => {
    clock.set(new Date());
    const bytes = Buffer.from('%PDF-1.7 whose registration hangs');
    const key = `v1/${facilityId}/${newId(clock.now())}/1-${sha256Hex(bytes)}.pdf`;
    const tomorrow = new Date(clock.now().getTime() + DAY_MS);
    const { versionId } = await store.put(key, bytes, { retainUntil: tomorrow, contentType: 'application/pdf' });
    await archive.sweep({ compareHours: 0 });
    expect(await open()).toEqual([]);
    clock.advance(2 * HOUR_MS);
    await archive.sweep({ compareHours: 0 });
    expect(await open()).toEqual([`unknown ${key}`]);
    expect(alarms).not.toContain(`unknown ${key}`);
    const stored = await store.stat(key, versionId);
    expect(stored?.retainUntil.getTime()).toBeGreaterThan(clock.now().getTime() + 7 * DAY_MS);
  });

  test('tells what lies where no facility is, until it is gone', async () => {
    clock.set(new Date());
    await store.put('v1/stray.txt', Buffer.from('stray'), { retainUntil: clock.now(), contentType: 'text/plain' });
    const strays = async () => {
      clock.advance(HOUR_MS);
      await archive.sweep({ compareHours: 0, graceMinutes: 0 });
      return (await archive.listFindings()).filter(({ key }) => key === 'v1/stray.txt');
    };
    expect(await strays()).toMatchObject([{ problem: 'unknown', facilityId: undefined }]);
    await rm(join(folder.path, 'objects/v1/stray.txt'), { force: true });
    expect(await strays()).toEqual([]);
  });
});

describe('rolling on the locks of open episodes', () => {
  test('one record about which nothing can be decided does not let the locks of the others run out', async () => {
    const objects = [await add({ facts: {} }), await add({ facts: {} }), await add({ facts: {} })];
    const [, broken] = objects;
    await sql`UPDATE record_retention SET facts = '{}' WHERE record_id = ${broken?.recordId}`.execute(database().db);
    clock.advance(13 * DAY_MS);
    const kept = await archive.keepLocks(facilityId, { kind: 'system', id: 'test' });
    expect(kept).toMatchObject({ records: 2, done: 2, failed: [] });
    expect(kept.undecided).toEqual([{ recordId: broken?.recordId, code: 'INTERNAL' }]);
    const ends = await Promise.all(objects.map(({ key, versionId }) => store.stat(key, versionId)));
    expect(ends.map((one) => (one?.retainUntil ?? 0) > new Date(clock.now().getTime() + 7 * DAY_MS))).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('a version that nobody registered', () => {
  const ACTOR = { kind: 'person', id: newId(new Date()) } as const;
  const reason = 'Bản ghi thử khi chuyển kho';
  const decide = (findingId: string, decision: 'keep' | 'let-go', of = facilityId) =>
    archive.decideFinding({ facilityId: of, findingId, decision, reason, actor: ACTOR });

  /** What lies unregistered under a document's key, and the finding that a sweep makes of it. */
  async function stray(documentId = newId(clock.now()), text = `stray ${documentId}`) {
    const bytes = Buffer.from(`%PDF-1.7 ${text}`);
    const sha256 = sha256Hex(bytes);
    const key = `v1/${facilityId}/${documentId}/1-${sha256}.pdf`;
    const retainUntil = new Date(clock.now().getTime() + DAY_MS);
    const { versionId } = await store.put(key, bytes, { retainUntil, contentType: 'application/pdf' });
    await round();
    const found = (await archive.listFindings(facilityId)).find((finding) => finding.key === key);
    if (found === undefined) throw new Error('the sweep did not see it');
    return { key, versionId, sha256, size: bytes.length, findingId: found.id };
  }
  async function round(): Promise<void> {
    clock.advance(HOUR_MS);
    await archive.sweep({ compareHours: 0, graceMinutes: 0 });
  }
  const lockedUntil = async ({ key, versionId }: { key: string; versionId: string }) =>
    (await store.stat(key, versionId))?.retainUntil.getTime() ?? 0;
  const isListed = async (key: string) => (await archive.listFindings(facilityId)).filter((one) => one.key === key);
  const undecided = async () => (await archive.openFindings()).find(({ kind }) => kind === 'unknown')?.count ?? 0;

  beforeEach(() => clock.set(new Date()));

  test('let go is no alarm any more; its lock is not shortened, and not rolled on', async () => {
    const before = await undecided();
    const found = await stray();
    expect(await undecided()).toBe(before + 1);
    const until = await lockedUntil(found);
    expect(await decide(found.findingId, 'let-go')).toMatchObject({ key: found.key, decision: 'let-go' });
    expect(await lockedUntil(found)).toBe(until);
    expect(await undecided()).toBe(before);
    const entry = await database()
      .db.selectFrom('audit_entry')
      .selectAll()
      .where('facility_id', '=', facilityId)
      .where('action', '=', 'object.decided')
      .executeTakeFirstOrThrow();
    expect(entry).toMatchObject({
      actor_kind: 'person',
      actor_id: ACTOR.id,
      reason,
      details: {
        finding: found.findingId,
        problem: 'unknown',
        decision: 'let-go',
        objectKey: found.key,
        objectVersion: found.versionId,
        sha256: found.sha256,
        size: found.size,
      },
    });

    clock.set(new Date(until - DAY_MS));
    await round();
    expect(await lockedUntil(found)).toBe(until);
    expect(await undecided()).toBe(before);
    expect(await isListed(found.key)).toMatchObject([{ decision: 'let-go' }]);

    // Its time over, whoever keeps the store removes it; then there is nothing more to tell.
    clock.set(new Date(until + DAY_MS));
    await rm(join(folder.path, 'objects', found.key), { force: true });
    await round();
    expect(await isListed(found.key)).toEqual([]);
    await expect(decide(found.findingId, 'keep')).rejects.toMatchObject({ code: 'FINDING_UNKNOWN' });
  });

  test('kept is no alarm any more either, and stays locked; what was decided can be decided anew', async () => {
    const before = await undecided();
    const found = await stray();
    await decide(found.findingId, 'let-go');
    await decide(found.findingId, 'keep');
    const until = await lockedUntil(found);
    clock.set(new Date(until - DAY_MS));
    await round();
    expect(await undecided()).toBe(before);
    expect(await lockedUntil(found)).toBeGreaterThan(until);
  });

  test('is not decided about by the facility next door, nor is what nobody found', async () => {
    const found = await stray();
    const next = await insertFacility(database());
    await expect(decide(found.findingId, 'let-go', next)).rejects.toMatchObject({ code: 'FINDING_UNKNOWN' });
    await expect(decide(newId(clock.now()), 'let-go')).rejects.toMatchObject({ code: 'FINDING_UNKNOWN' });
    expect(await isListed(found.key)).toMatchObject([{ decision: undefined }]);
  });

  test('is chosen, and never one that is registered, nor any other finding', async () => {
    const documentId = newId(clock.now());
    const found = await stray(documentId, 'archived after all');
    // The job runs again and adopts what it had put; no sweep has seen that yet.
    expect((await add({ documentId, text: 'archived after all' })).key).toBe(found.key);
    await expect(decide(found.findingId, 'let-go')).rejects.toMatchObject({ code: 'FINDING_NOT_DECIDABLE' });

    const path = join(folder.path, 'objects', found.key);
    const aside = join(folder.path, 'aside');
    await rename(path, aside);
    await round();
    const [missing] = await isListed(found.key);
    expect(missing?.problem).toBe('missing');
    await expect(decide(missing?.id ?? '', 'let-go')).rejects.toMatchObject({ code: 'FINDING_NOT_DECIDABLE' });
    await rename(aside, path);
    await round();
    expect(await isListed(found.key)).toEqual([]);
  });
});
