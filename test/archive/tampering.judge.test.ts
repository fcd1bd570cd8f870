/**
 * What somebody with too many rights can do to an archived record, and what becomes of it: refused, or told by the next sweep.
 * Each line of the tables is one attempt on an object of its own.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { startSeaweed } from '../../scripts/services/index.ts';
import {
  type Archive,
  type ArchivedObject,
  createArchive,
  loadPolicies,
  parseRetentionFacts,
} from '../../src/archive/index.ts';
import { createAuditLog } from '../../src/platform/audit/index.ts';
import {
  createS3Archive,
  type ObjectStore,
  prepareBuckets,
  type S3Client,
  type S3Settings,
} from '../../src/platform/storage/index.ts';
import { type Log, newId, sha256Hex, silentLog, systemClock } from '../../src/shared/index.ts';
import { insertFacility, useDatabase } from '../support/database.ts';
import { type Engine, type EngineName, freshBuckets, startEngine } from '../support/s3-engine.ts';

const database = useDatabase();
const TOMORROW = new Date(Date.now() + 24 * 3_600_000);
const NEXT_YEAR = new Date(Date.now() + 366 * 24 * 3_600_000);
/** The sweep of a whole month, and no patience with what is not registered yet. */
const EVERYTHING = { fixityDays: 0, compareHours: 0, graceMinutes: 0 };

interface Scene {
  readonly engine: Engine;
  readonly settings: S3Settings;
  readonly admin: S3Client;
  readonly store: ObjectStore;
  readonly archive: Archive;
  readonly alarms: string[];
  readonly facilityId: string;
}

async function setScene(name: EngineName): Promise<Scene> {
  const engine = await startEngine(name);
  const { settings, client } = await freshBuckets(engine);
  const store = createS3Archive(settings, { client, clock: systemClock });
  const alarms: string[] = [];
  const note = (fields: Record<string, unknown>) => void alarms.push(`${fields.problem} ${fields.key}`);
  const log: Log = { ...silentLog, error: note, warn: note };
  const archive = createArchive({
    database: database(),
    store,
    clock: systemClock,
    audit: createAuditLog({ clock: systemClock }),
    policies: await loadPolicies(join(import.meta.dirname, '../../storage-policies')),
    log,
  });
  return { engine, settings, admin: client, store, archive, alarms, facilityId: await insertFacility(database()) };
}

async function leaveScene({ admin, engine }: Scene): Promise<void> {
  admin.close();
  await engine.stop();
}

/** A document that was archived a moment ago; `held`: of a patient who has not been discharged. */
async function archived({ archive, facilityId }: Scene, { held = false, size = 1000 } = {}): Promise<ArchivedObject> {
  const bytes = Buffer.from(`%PDF-1.7 ${newId(new Date())}`.padEnd(size, '.'));
  const facts = held ? {} : { dischargedAt: new Date().toISOString() };
  const { object } = await archive.archiveDocument({
    facilityId,
    recordId: newId(new Date()),
    documentId: newId(new Date()),
    n: 1,
    bytes,
    sha256: sha256Hex(bytes),
    facts: parseRetentionFacts(facts),
    actor: { kind: 'system', id: 'archive' },
  });
  return object;
}

/** What the next sweep tells about a key. */
async function told({ archive, alarms }: Scene, key: string): Promise<string[]> {
  alarms.length = 0;
  await archive.sweep(EVERYTHING);
  const findings = (await archive.listFindings()).filter((finding) => finding.key === key);
  for (const { problem } of findings) expect(alarms).toContain(`${problem} ${key}`);
  return findings.map(({ problem }) => problem).sort();
}

/** The object as it was, whatever was tried. */
async function expectUntouched({ store, archive }: Scene, object: ArchivedObject): Promise<void> {
  expect(sha256Hex(await store.get(object.key, object.versionId, object.sha256))).toBe(object.sha256);
  const stored = await store.stat(object.key, object.versionId);
  expect(stored).toMatchObject({ retainUntil: object.lockedUntil, hold: object.held });
  const at = { facilityId: object.facilityId, documentId: object.documentId };
  expect((await archive.findArchived(at))?.object).toEqual(object);
}

/** Past the triggers: only the owner of the tables can. */
async function beneathTheTriggers(statement: ReturnType<typeof sql>): Promise<void> {
  await database()
    .db.connection()
    .execute(async (session) => {
      await sql`SET session_replication_role = replica`.execute(session);
      try {
        await statement.execute(session);
      } finally {
        await sql`RESET session_replication_role`.execute(session);
      }
    });
}

describe.each(['minio', 'seaweedfs'] as const)('an archived record in %s', (name) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await setScene(name);
  });
  afterAll(() => leaveScene(scene));

  describe('by our own means', () => {
    test.each<[string, string, (object: ArchivedObject) => Promise<unknown>]>([
      ['is not deleted early', 'RETENTION_ACTIVE', ({ key, versionId }) => scene.store.delete(key, versionId)],
      [
        'is not kept shorter',
        'RETENTION_ACTIVE',
        ({ key, versionId }) => scene.store.extendRetention(key, versionId, TOMORROW),
      ],
      [
        'is not overwritten',
        'OBJECT_KEY_TAKEN',
        ({ key }) => scene.store.put(key, Buffer.from('other'), { retainUntil: TOMORROW, contentType: 'text/plain' }),
      ],
      [
        'is not archived again with other bytes',
        'ARCHIVE_CONFLICT',
        ({ facilityId, recordId, documentId, n }) =>
          scene.archive.archiveDocument({
            ...{ facilityId, recordId, documentId, n },
            bytes: Buffer.from('other'),
            sha256: sha256Hex('other'),
            facts: parseRetentionFacts({}),
            actor: { kind: 'system', id: 'archive' },
          }),
      ],
    ])('it %s: %s', async (_story, code, attempt) => {
      const object = await archived(scene);
      await expect(attempt(object)).rejects.toMatchObject({ code });
      await expectUntouched(scene, object);
    });

    test('it is not deleted under a hold: LEGAL_HOLD_ACTIVE', async () => {
      const object = await archived(scene, { held: true });
      expect(object.held).toBe(true);
      await expect(scene.store.delete(object.key, object.versionId)).rejects.toMatchObject({
        code: 'LEGAL_HOLD_ACTIVE',
      });
      await expectUntouched(scene, object);
    });
  });

  describe('by an S3 administrator', () => {
    const change = (object: ArchivedObject, resource: string, xml: string, headers: Record<string, string> = {}) =>
      scene.admin.request({
        method: 'PUT',
        bucket: scene.settings.archiveBucket,
        key: object.key,
        query: { [resource]: '', versionId: object.versionId },
        headers: { 'content-md5': createHash('md5').update(xml).digest('base64'), ...headers },
        body: xml,
      });
    const remove = ({ key, versionId }: ArchivedObject, headers: Record<string, string> = {}) =>
      scene.admin.request({
        method: 'DELETE',
        bucket: scene.settings.archiveBucket,
        key,
        query: { versionId },
        headers,
      });
    const retention = (mode: string, until: Date) =>
      `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until.toISOString()}</RetainUntilDate></Retention>`;
    const BYPASS = { 'x-amz-bypass-governance-retention': 'true' };

    test.each<[string, (object: ArchivedObject) => Promise<{ status: number }>]>([
      ['deleting the version', (object) => remove(object)],
      ['deleting it with the bypass header', (object) => remove(object, BYPASS)],
      ['shortening the retention', (object) => change(object, 'retention', retention('COMPLIANCE', TOMORROW))],
      [
        'shortening it with the bypass header',
        (object) => change(object, 'retention', retention('COMPLIANCE', TOMORROW), BYPASS),
      ],
      [
        'making the lock one that can be bypassed',
        (object) => change(object, 'retention', retention('GOVERNANCE', NEXT_YEAR), BYPASS),
      ],
      ['taking the lock away', (object) => change(object, 'retention', '<Retention></Retention>', BYPASS)],
    ])('%s is refused', async (_story, attempt) => {
      const object = await archived(scene);
      expect((await attempt(object)).status).toBeGreaterThanOrEqual(400);
      await expectUntouched(scene, object);
      expect(await told(scene, object.key)).toEqual([]);
    });

    test('laying a delete marker over it is told, and ends when the marker is removed', async () => {
      const object = await archived(scene);
      const { bucket, key } = { bucket: scene.settings.archiveBucket, key: object.key };
      const marker = await scene.admin.request({ method: 'DELETE', bucket, key });
      expect(await told(scene, key)).toEqual(['delete-marker']);
      await expectUntouched(scene, object);
      const versionId = String(marker.headers['x-amz-version-id']);
      await scene.admin.request({ method: 'DELETE', bucket, key, query: { versionId } });
      expect(await told(scene, key)).toEqual([]);
    });

    test('writing over it is told as a surplus version, which stays locked', async () => {
      const object = await archived(scene);
      const { bucket, key } = { bucket: scene.settings.archiveBucket, key: object.key };
      await scene.admin.request({ method: 'PUT', bucket, key, body: 'forged' });
      expect(await told(scene, key)).toEqual(['surplus']);
      await expectUntouched(scene, object);
      const surplus = (await scene.archive.listFindings(scene.facilityId)).find((finding) => finding.key === key);
      const stored = await scene.store.stat(key, surplus?.versionId ?? '');
      expect(stored?.retainUntil.getTime()).toBeGreaterThan(TOMORROW.getTime());

      // Whoever is in charge lets it go: no alarm any more, and nothing in the store has changed.
      const { facilityId } = scene;
      const decision = { decision: 'let-go', reason: 'Ghi nhầm', actor: { kind: 'person', id: 'x' } } as const;
      await scene.archive.decideFinding({ facilityId, findingId: surplus?.id ?? '', ...decision });
      scene.alarms.length = 0;
      await scene.archive.sweep(EVERYTHING);
      expect(scene.alarms.filter((alarm) => alarm.endsWith(key))).toEqual([]);
      expect(await scene.store.stat(key, surplus?.versionId ?? '')).toEqual(stored);
      await expectUntouched(scene, object);
      const [found] = (await scene.archive.listFindings(facilityId)).filter((finding) => finding.key === key);
      expect(found).toMatchObject({ problem: 'surplus', decision: 'let-go' });
    });

    test('putting something beside it is told as unknown', async () => {
      const object = await archived(scene);
      const key = object.key.replace('/1-', '/2-');
      await scene.admin.request({ method: 'PUT', bucket: scene.settings.archiveBucket, key, body: 'forged' });
      expect(await told(scene, key)).toEqual(['unknown']);
      expect(await told(scene, object.key)).toEqual([]);
    });

    test('lifting its hold is told, and the hold is set again', async () => {
      const object = await archived(scene, { held: true });
      const { status } = await change(object, 'legal-hold', '<LegalHold><Status>OFF</Status></LegalHold>');
      expect(status).toBe(200);
      expect(await told(scene, object.key)).toEqual(['hold-missing']);
      expect(await told(scene, object.key)).toEqual([]);
      await expectUntouched(scene, object);
    });

    test('a rule that expires everything is told by the look at the buckets', async () => {
      const xml =
        '<LifecycleConfiguration><Rule><ID>x</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>';
      const { status } = await scene.admin.request({
        method: 'PUT',
        bucket: scene.settings.archiveBucket,
        query: { lifecycle: '' },
        headers: { 'content-md5': createHash('md5').update(xml).digest('base64') },
        body: xml,
      });
      expect(status).toBe(200);
      const findings = await prepareBuckets(scene.settings, { fix: true, client: scene.admin });
      expect(findings).toMatchObject([{ problem: 'expiry-rule', fixed: true }]);
    });
  });

  describe('by SQL', () => {
    const at = (object: ArchivedObject) => sql`id = ${object.id}`;

    test.each<[string, (object: ArchivedObject) => ReturnType<typeof sql>]>([
      ['an earlier date of the object', (o) => sql`UPDATE archive_object SET retain_until = now() WHERE ${at(o)}`],
      ['another digest', (o) => sql`UPDATE archive_object SET sha256 = ${'0'.repeat(64)} WHERE ${at(o)}`],
      ['another version', (o) => sql`UPDATE archive_object SET version_id = 'x' WHERE ${at(o)}`],
      ['its removal', (o) => sql`DELETE FROM archive_object WHERE ${at(o)}`],
      [
        'an earlier date of the record',
        (o) => sql`UPDATE record_retention SET retain_until = now() WHERE record_id = ${o.recordId}`,
      ],
      [
        'another decision',
        (o) => sql`UPDATE retention_step SET effective_until = now() WHERE record_id = ${o.recordId}`,
      ],
      ['the removal of a finding', () => sql`DELETE FROM archive_finding`],
    ])('%s is refused', async (_story, statement) => {
      const object = await archived(scene);
      await expect(statement(object).execute(database().db)).rejects.toThrow();
      await expectUntouched(scene, object);
    });

    test.each<[string, string[], (object: ArchivedObject) => ReturnType<typeof sql>[]]>([
      [
        'the date of the object',
        ['promise-lowered'],
        (o) => [sql`UPDATE archive_object SET retain_until = now() WHERE ${at(o)}`],
      ],
      [
        'the date of the record and of the object',
        ['promise-lowered'],
        (o) => [
          sql`UPDATE archive_object SET retain_until = now() WHERE ${at(o)}`,
          sql`UPDATE record_retention SET retain_until = now() WHERE record_id = ${o.recordId}`,
        ],
      ],
      [
        'every date, decisions included (the audit log remembers)',
        ['promise-lowered'],
        (o) => [
          sql`UPDATE archive_object SET retain_until = '2026-01-01' WHERE ${at(o)}`,
          sql`UPDATE record_retention SET retain_until = '2026-01-01' WHERE record_id = ${o.recordId}`,
          sql`UPDATE retention_step SET effective_until = '2026-01-01', computed_until = '2026-01-01' WHERE record_id = ${o.recordId}`,
        ],
      ],
      ['the digest', ['mismatch'], (o) => [sql`UPDATE archive_object SET sha256 = ${'0'.repeat(64)} WHERE ${at(o)}`]],
      ['the register itself: its row is gone', ['unknown'], (o) => [sql`DELETE FROM archive_object WHERE ${at(o)}`]],
    ])('with the triggers switched off, %s is changed: told as %j', async (_story, problems, statements) => {
      const object = await archived(scene);
      for (const statement of statements(object)) await beneathTheTriggers(statement);
      expect(await told(scene, object.key)).toEqual(problems);
      // The lock is not the database's to give away.
      const stored = await scene.store.stat(object.key, object.versionId);
      expect(stored?.retainUntil).toEqual(object.lockedUntil);
    });

    test('with the triggers switched off, another version is named: told as missing and as surplus', async () => {
      const object = await archived(scene);
      await beneathTheTriggers(sql`UPDATE archive_object SET version_id = ${newId(new Date())} WHERE ${at(object)}`);
      expect(await told(scene, object.key)).toEqual(['missing', 'surplus']);
    });
  });
});

describe('beneath the engine', () => {
  describe('in the data folder of MinIO', () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await setScene('minio');
    });
    afterAll(() => leaveScene(scene));

    const folderOf = ({ key }: ArchivedObject): string => {
      const [bucket] = execFileSync('find', [scene.engine.dir, '-type', 'd', '-name', scene.settings.archiveBucket])
        .toString()
        .trim()
        .split('\n')
        .filter((path) => !path.includes('.minio.sys'));
      return join(bucket ?? '', key);
    };

    test('an object that root removes is told as missing', async () => {
      const object = await archived(scene);
      rmSync(folderOf(object), { recursive: true });
      expect(await told(scene, object.key)).toEqual(['missing']);
    });

    test('a bit that root flips is told: the engine itself will not read it', async () => {
      const object = await archived(scene, { size: 300_000 });
      const [part] = readdirSync(folderOf(object), { recursive: true })
        .map(String)
        .filter((path) => path.endsWith('part.1'));
      const path = join(folderOf(object), part ?? '');
      const bytes = readFileSync(path);
      bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      expect(await told(scene, object.key)).toEqual(['could-not-read']);
      bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      expect(await told(scene, object.key)).toEqual([]);
    });
  });

  describe('through the inner door of SeaweedFS', () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await setScene('seaweedfs');
    });
    afterAll(() => leaveScene(scene));

    const filer = (path: string, init: RequestInit) => {
      const { filer: door } = scene.engine.service as Awaited<ReturnType<typeof startSeaweed>>;
      return fetch(`${door}/buckets/${scene.settings.archiveBucket}/${path}`, init);
    };

    test('a locked version that is deleted is told as missing', async () => {
      const object = await archived(scene);
      await filer(`${object.key}.versions?recursive=true`, { method: 'DELETE' });
      expect(await told(scene, object.key)).toEqual(['missing']);
    });

    test('bytes that are replaced are told as a mismatch, without their lock', async () => {
      const object = await archived(scene);
      await filer(`${object.key}.versions/v_${object.versionId}`, { method: 'PUT', body: 'forged' });
      expect(await told(scene, object.key)).toEqual(['lock-short', 'mismatch']);
      const at = { facilityId: scene.facilityId, documentId: object.documentId };
      const reading = scene.archive.fetchArchived({ ...at, actor: { kind: 'system', id: 'test' } });
      await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    });
  });
});
