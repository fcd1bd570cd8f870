import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type ArchiveRequest,
  archiveKey,
  createArchive,
  loadPolicies,
  parseRetentionFacts,
  RETENTION_STATES,
  type RetentionPolicy,
} from '../../src/archive/index.ts';
import { createAuditLog } from '../../src/platform/audit/index.ts';
import { createFilesystemArchive } from '../../src/platform/storage/index.ts';
import { newId, settableClock, sha256Hex } from '../../src/shared/index.ts';
import { insertFacility, temporaryFolder, useDatabase } from '../support/database.ts';

const database = useDatabase();
const RULES = join(import.meta.dirname, '../../storage-policies');
const START = new Date('2026-11-27T10:00:00+07:00');
const ACTOR = { kind: 'system', id: 'archive' } as const;
const DISCHARGED = { dischargedAt: '2026-11-27T09:30:00+07:00' };

const folders: { remove(): void }[] = [];
afterAll(() => {
  for (const folder of folders) folder.remove();
});

/** A facility of its own with an empty store, and one record with one document to archive. */
async function setting(policies?: readonly RetentionPolicy[]) {
  const folder = temporaryFolder();
  folders.push(folder);
  const clock = settableClock(START);
  const audit = createAuditLog({ clock });
  const store = await createFilesystemArchive({ directory: folder.path, clock });
  const rules = policies ?? (await loadPolicies(RULES));
  const facilityId = await insertFacility(database());
  const recordId = newId(START);
  const archive = createArchive({ database: database(), store, clock, audit, policies: rules });
  const request = (facts: object, more: Partial<ArchiveRequest> = {}): ArchiveRequest => {
    const bytes = more.bytes ?? Buffer.from(`%PDF-1.7 tài liệu mẫu ${newId(START)}`);
    return {
      facilityId,
      recordId,
      documentId: newId(START),
      n: 5,
      bytes,
      sha256: sha256Hex(bytes),
      facts: parseRetentionFacts(facts),
      actor: ACTOR,
      ...more,
    };
  };
  const pathOf = (key: string): string => join(folder.path, 'objects', key);
  return { archive, clock, audit, store, rules, facilityId, recordId, request, pathOf };
}

const auditActions = async (facilityId: string): Promise<string[]> => {
  const rows = await database()
    .db.selectFrom('audit_entry')
    .select('action')
    .where('facility_id', '=', facilityId)
    .orderBy('at')
    .execute();
  return rows.map((row) => row.action).sort();
};

describe('Archiving a document', () => {
  it('locks it until the law allows, registers it once and hands out a receipt', async () => {
    const { archive, store, facilityId, request } = await setting();
    const wanted = request(DISCHARGED);
    const { object, receipt, receiptText, receiptSha256, isNew } = await archive.archiveDocument(wanted);

    expect(isNew).toBe(true);
    expect(object.key).toBe(archiveKey(facilityId, wanted.documentId, 5, wanted.sha256));
    const stored = await store.stat(object.key, object.versionId);
    expect(stored).toMatchObject({ sha256: wanted.sha256, hold: false });
    expect(stored?.retainUntil.toISOString()).toBe('2036-12-31T17:00:00.000Z');
    await expect(store.delete(object.key, object.versionId)).rejects.toMatchObject({ code: 'RETENTION_ACTIVE' });

    expect(receipt).toMatchObject({
      objectKey: object.key,
      sha256: wanted.sha256,
      state: 'dated',
      retainUntil: '2036-12-31T17:00:00.000Z',
      shownAs: { vi: '31/12/2036' },
      legalBasis: { vi: 'Thông tư 33/2025/TT-BYT, mục 44' },
      auditEntry: object.auditEntryId,
    });
    expect(JSON.parse(receiptText)).toEqual(receipt);
    expect(receiptSha256).toBe(sha256Hex(receiptText));
    expect(await auditActions(facilityId)).toEqual(['object.archived', 'retention.decided']);

    const { bytes } = await archive.fetchArchived({ facilityId, documentId: wanted.documentId, actor: ACTOR });
    expect(sha256Hex(bytes)).toBe(wanted.sha256);
    expect(await auditActions(facilityId)).toContain('object.read');
  });

  it('again is the same: one version, one row, the same receipt; and the state change gets its second chance', async () => {
    const { archive, facilityId, request, store } = await setting();
    const wanted = request(DISCHARGED);
    const first = await archive.archiveDocument(wanted);
    let ran = 0;
    const again = await archive.archiveDocument({
      ...wanted,
      alongside: async () => {
        ran += 1;
      },
    });
    expect(again).toMatchObject({ isNew: false, receiptText: first.receiptText, object: { id: first.object.id } });
    expect(ran).toBe(1);
    expect(await count('archive_object', facilityId)).toBe(1);
    expect(await count('retention_step', facilityId)).toBe(1);
    const versions = [];
    for await (const version of store.list(`v1/${facilityId}/`)) versions.push(version);
    expect(versions).toHaveLength(1);
  });

  it('survives a crash after the bytes are stored: the next try adopts them', async () => {
    const { archive, facilityId, request, store } = await setting();
    const wanted = request(DISCHARGED);
    const crash = archive.archiveDocument({ ...wanted, alongside: () => Promise.reject(new Error('power failure')) });
    await expect(crash).rejects.toThrow('power failure');
    expect(await count('archive_object', facilityId)).toBe(0);
    expect(await auditActions(facilityId)).toEqual([]);
    expect(await archive.fsck({ facilityId })).toMatchObject({ registered: 0, unknown: 1, verdict: 'sound' });

    const { object } = await archive.archiveDocument(wanted);
    expect(await count('archive_object', facilityId)).toBe(1);
    expect(await store.stat(object.key, object.versionId)).toBeDefined();
    expect(await archive.fsck({ facilityId })).toMatchObject({ registered: 1, ok: 1, unknown: 0, findings: [] });
  });

  it('by eight workers at once registers one version, and one of them did it', async () => {
    const { archive, facilityId, request } = await setting();
    const wanted = request(DISCHARGED);
    const results = await Promise.all(Array.from({ length: 8 }, () => archive.archiveDocument(wanted)));
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(results.map(({ receiptSha256 }) => receiptSha256)).size).toBe(1);
    expect(await count('archive_object', facilityId)).toBe(1);
    expect(await count('retention_step', facilityId)).toBe(1);
  });

  it('refuses bytes that are not what they should be, and other bytes under a taken number', async () => {
    const { archive, facilityId, request } = await setting();
    const wanted = request(DISCHARGED);
    const wrong = { ...wanted, sha256: sha256Hex('something else') };
    await expect(archive.archiveDocument(wrong)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await archive.archiveDocument(wanted);
    const other = request(DISCHARGED, { documentId: wanted.documentId });
    await expect(archive.archiveDocument(other)).rejects.toMatchObject({ code: 'ARCHIVE_CONFLICT' });
    expect(await count('archive_object', facilityId)).toBe(1);
    const absent = { facilityId, documentId: newId(START), actor: ACTOR };
    await expect(archive.fetchArchived(absent)).rejects.toMatchObject({ code: 'NOT_ARCHIVED' });
  });

  it('accepts an old record whose period has run out, without a lock', async () => {
    const { archive, request, store, facilityId } = await setting();
    const { object, receipt } = await archive.archiveDocument(request({ dischargedAt: '2012-03-05T08:00:00+07:00' }));
    expect(receipt).toMatchObject({ state: 'expired-on-arrival', shownAs: { vi: '31/12/2022' } });
    expect(await archive.fsck({ facilityId })).toMatchObject({ ok: 1, findings: [] });
    await store.delete(object.key, object.versionId);
    expect(await store.stat(object.key, object.versionId)).toBeUndefined();
  });
});

describe('The retention of a record', () => {
  it('grows for all its objects when a death becomes known, and each step is on record', async () => {
    const { archive, store, facilityId, recordId, request } = await setting();
    const discharge = await archive.archiveDocument(request({ ...DISCHARGED, outcome: 'grave-discharge' }));
    const summary = await archive.archiveDocument(request({ ...DISCHARGED, outcome: 'grave-discharge' }));
    expect(summary.receipt.shownAs.vi).toBe('31/12/2036');

    const facts = parseRetentionFacts({ outcome: 'grave-discharge', diedAt: '2026-11-30T01:00:00+07:00' });
    const raised = await archive.raiseRetention({ facilityId, recordId, facts, actor: ACTOR });
    expect(raised).toMatchObject({ state: 'dated', class: 'death', enforcement: { done: 2, failed: [] } });
    for (const { object } of [discharge, summary]) {
      const stored = await store.stat(object.key, object.versionId);
      expect(stored?.retainUntil.toISOString()).toBe('2056-12-31T17:00:00.000Z');
    }
    const steps = (await archive.retentionOf(facilityId, recordId))?.steps ?? [];
    expect(steps.map(({ policy }) => policy.id)).toEqual(['ordinary', 'death-after-grave-discharge']);
    expect(steps[1]?.explanation.reasoning.map(({ vi }) => vi).join()).toContain(
      '30 năm (Thông tư 33/2025/TT-BYT, mục 39)',
    );
  });

  it('does not shrink when a correction would make it shorter', async () => {
    const { archive, facilityId, recordId, request } = await setting();
    await archive.archiveDocument(request({ ...DISCHARGED, outcome: 'died' }));
    const facts = parseRetentionFacts({ ...DISCHARGED, outcome: 'improved' });
    const kept = await archive.raiseRetention({ facilityId, recordId, facts, actor: ACTOR });
    expect(kept).toMatchObject({ class: 'death', state: 'dated' });
    expect(kept.retainUntil.toISOString()).toBe('2056-12-31T17:00:00.000Z');
    const later = await archive.archiveDocument(request({ ...DISCHARGED, outcome: 'improved' }));
    expect(later.receipt).toMatchObject({
      class: 'death',
      shownAs: { vi: '31/12/2056' },
      legalBasis: { en: 'Circular 33/2025/TT-BYT, row 39' },
    });
    const steps = (await archive.retentionOf(facilityId, recordId))?.steps ?? [];
    expect(steps).toHaveLength(2);
    expect(steps[1]?.explanation.reasoning.at(-1)?.vi).toContain('thời hạn chỉ được kéo dài');
  });

  it('is refused by the database itself, whoever asks', async () => {
    const { archive, recordId, request } = await setting();
    const { object } = await archive.archiveDocument(request(DISCHARGED));
    const asked = [
      sql`UPDATE record_retention SET retain_until = retain_until - interval '1 second' WHERE record_id = ${recordId}`,
      sql`UPDATE archive_object SET retain_until = '2027-01-01' WHERE id = ${object.id}`,
      sql`UPDATE archive_object SET sha256 = ${'0'.repeat(64)} WHERE id = ${object.id}`,
      sql`UPDATE archive_object SET version_id = 'another' WHERE id = ${object.id}`,
      sql`DELETE FROM archive_object WHERE id = ${object.id}`,
      sql`DELETE FROM record_retention WHERE record_id = ${recordId}`,
      sql`TRUNCATE archive_object`,
      sql`TRUNCATE record_retention CASCADE`,
      sql`UPDATE retention_step SET effective_until = '2027-01-01' WHERE record_id = ${recordId}`,
      sql`DELETE FROM retention_step WHERE record_id = ${recordId}`,
      sql`UPDATE retention_policy SET hash = ${'0'.repeat(64)}`,
    ];
    for (const statement of asked) {
      await expect(statement.execute(database().db)).rejects.toThrow(
        /only grows|never (changes|removed)|never changed or removed/,
      );
    }
    const { retain_until: until } = await database()
      .db.selectFrom('archive_object')
      .select('retain_until')
      .where('id', '=', object.id)
      .executeTakeFirstOrThrow();
    expect(until.toISOString()).toBe('2036-12-31T17:00:00.000Z');
  });

  it('of a permanent record stays permanent, and its lock rolls on with the years', async () => {
    const { archive, clock, store, facilityId, recordId, request } = await setting();
    const { object, receipt } = await archive.archiveDocument(request({ ...DISCHARGED, causes: ['medical-incident'] }));
    expect(receipt).toMatchObject({ state: 'permanent', shownAs: { vi: 'Vĩnh viễn' } });
    expect(await store.stat(object.key, object.versionId)).toMatchObject({ hold: true });
    const ended = sql`UPDATE record_retention SET state = 'dated', hold = NULL WHERE record_id = ${recordId}`;
    await expect(ended.execute(database().db)).rejects.toThrow('a permanent record stays permanent');

    expect(await archive.keepLocks(facilityId, ACTOR)).toEqual({ records: 0, undecided: [], done: 0, failed: [] });
    clock.set(new Date('2027-01-02T08:00:00+07:00'));
    expect(await archive.keepLocks(facilityId, ACTOR)).toEqual({ records: 1, undecided: [], done: 1, failed: [] });
    const rolled = await store.stat(object.key, object.versionId);
    expect(rolled?.retainUntil.toISOString()).toBe('2057-12-31T17:00:00.000Z');
    expect(rolled?.hold).toBe(true);
  });

  it('of an open episode is a hold over a short lock that rolls on; the discharge sets the date, then lifts the hold', async () => {
    const { archive, clock, store, facilityId, recordId, request } = await setting();
    const { object } = await archive.archiveDocument(request({ admittedAt: '2026-11-20T08:00:00+07:00' }));
    const lock = () => store.stat(object.key, object.versionId);
    expect(await lock()).toMatchObject({ hold: true, retainUntil: new Date('2026-12-12T00:00:00Z') });
    expect(await archive.keepLocks(facilityId, ACTOR)).toMatchObject({ records: 0 });

    clock.advance(5 * 60 * 60 * 1000);
    await archive.archiveDocument(request({ admittedAt: '2026-11-20T08:00:00+07:00' }));
    expect((await archive.retentionOf(facilityId, recordId))?.steps).toHaveLength(1);

    clock.set(new Date('2026-12-07T15:00:00+07:00'));
    expect(await archive.keepLocks(facilityId, ACTOR)).toMatchObject({ records: 1, done: 2 });
    expect((await lock())?.retainUntil).toEqual(new Date('2026-12-22T00:00:00Z'));

    const facts = parseRetentionFacts({ dischargedAt: '2026-12-31T23:30:00+07:00' });
    const dated = await archive.raiseRetention({ facilityId, recordId, facts, actor: ACTOR });
    expect(dated).toMatchObject({ state: 'dated', class: 'ordinary' });
    expect(dated.hold).toBeUndefined();
    expect(await lock()).toMatchObject({ hold: false, retainUntil: new Date('2036-12-31T17:00:00Z') });
  });

  it('refuses a rule that was edited after it had been used; a new version is welcome', async () => {
    const { archive, store, rules, facilityId, request, audit, clock } = await setting();
    await archive.archiveDocument(request(DISCHARGED));
    const edited = rules.map((rule) =>
      rule.id === 'ordinary' ? { ...rule, floorDays: 1, hash: 'e'.repeat(64) } : rule,
    );
    const reopened = (policies: readonly RetentionPolicy[]) =>
      createArchive({ database: database(), store, clock, audit, policies });
    const next = { ...request(DISCHARGED), recordId: newId(START) };
    await expect(reopened(edited).archiveDocument(next)).rejects.toMatchObject({ code: 'POLICY_CHANGED' });
    const versioned = edited.map((rule) => (rule.id === 'ordinary' ? { ...rule, version: 2 } : rule));
    expect((await reopened([...rules, ...versioned]).archiveDocument(next)).receipt.policy.version).toBe(2);
    expect(await count('archive_object', facilityId)).toBe(2);
  });
});

describe('What happened to the bytes', () => {
  it('is noticed by every read: an altered object raises an alarm and is not handed out', async () => {
    const { archive, facilityId, request, pathOf } = await setting();
    const wanted = request(DISCHARGED);
    const { object } = await archive.archiveDocument(wanted);
    await tamper(pathOf(object.key));
    const read = archive.fetchArchived({ facilityId, documentId: wanted.documentId, actor: ACTOR });
    await expect(read).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await auditActions(facilityId)).toContain('object.alarm');
    expect(await auditActions(facilityId)).not.toContain('object.read');
  });

  it('is told by fsck: good, altered, missing and foreign objects, each by name', async () => {
    const { archive, facilityId, request, pathOf, store } = await setting();
    const good = await archive.archiveDocument(request(DISCHARGED));
    const altered = await archive.archiveDocument(request(DISCHARGED));
    const missing = await archive.archiveDocument(request(DISCHARGED));
    await tamper(pathOf(altered.object.key));
    await rm(pathOf(missing.object.key));
    const foreign = await store.put(`v1/${facilityId}/elsewhere/1-x.pdf`, Buffer.from('nobody registered this'), {
      retainUntil: START,
      contentType: 'application/pdf',
    });
    const report = await archive.fsck({ facilityId });
    expect(report).toMatchObject({
      registered: 3,
      ok: 1,
      mismatch: 1,
      couldNotRead: 0,
      missing: 1,
      unknown: 1,
      verdict: 'alarm',
    });
    expect(report.findings.map(({ problem, key }) => [problem, key]).sort()).toEqual([
      ['mismatch', altered.object.key],
      ['missing', missing.object.key],
      ['unknown', foreign.key],
    ]);
    expect(report.findings.some(({ key }) => key === good.object.key)).toBe(false);
  });

  it('is told by fsck: a lock that lags behind the promise, until it is brought up to date', async () => {
    const { archive, facilityId, request, store, clock, audit, rules, recordId } = await setting();
    await archive.archiveDocument(request(DISCHARGED));
    // A store that is down while a fact arrives: the promise is kept in the database and owed by the store.
    const down = { ...store, stat: () => Promise.reject(new Error('the store does not answer')) };
    const meanwhile = createArchive({ database: database(), store: down, clock, audit, policies: rules });
    const facts = parseRetentionFacts({ ...DISCHARGED, causes: ['medical-incident'] });
    const raised = await meanwhile.raiseRetention({ facilityId, recordId, facts, actor: ACTOR });
    expect(raised.enforcement).toMatchObject({ done: 0, failed: [{ code: 'INTERNAL' }] });
    expect(await meanwhile.fsck({ facilityId })).toMatchObject({ ok: 1, verdict: 'unsure' });

    const report = await archive.fsck({ facilityId });
    expect(report.verdict).toBe('alarm');
    expect(report.findings.map(({ problem }) => problem).sort()).toEqual(['hold-missing', 'lock-short']);
    expect(await archive.keepLocks(facilityId, ACTOR)).toMatchObject({ done: 1, failed: [] });
    expect((await archive.fsck({ facilityId })).verdict).toBe('sound');
  });
});

it('The states of retention are the same list in code and in the database', async () => {
  const { rows } = await sql<{ definition: string }>`
    SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = 'record_retention'::regclass AND conname = 'record_retention_state_check'`.execute(database().db);
  const listed = [...(rows[0]?.definition.matchAll(/'([^']+)'/g) ?? [])].map(([, state]) => state);
  expect(listed).toEqual([...RETENTION_STATES]);
});

async function tamper(path: string): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, 'not what was archived');
}

async function count(table: 'archive_object' | 'retention_step', facilityId: string): Promise<number> {
  const row = await database()
    .db.selectFrom(table)
    .select((select) => select.fn.countAll<number>().as('rows'))
    .where('facility_id', '=', facilityId)
    .executeTakeFirstOrThrow();
  return Number(row.rows);
}
