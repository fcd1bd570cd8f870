/** What every archive store must do. A test file calls it with a factory: `objectStoreConformance('filesystem', …)`. */
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/platform/storage/index.ts';
import { sha256Hex } from '../../src/shared/index.ts';

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** The present time of the store. */
  now(): Date;
  /** Lets time pass for the store (a settable clock, or really waiting). */
  pass(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

const SECOND = 1000;
const contentType = 'application/pdf';
let counter = 0;

/** A key like those in use, new for each call. */
function newKey(): string {
  counter += 1;
  return `v1/conformance-${process.pid}/doc-${counter}/1-0000.pdf`;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function objectStoreConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  const withStore = async (story: (under: StoreUnderTest) => Promise<void>): Promise<void> => {
    const under = await open();
    try {
      await story(under);
    } finally {
      await under.close();
    }
  };
  const inSeconds = (under: StoreUnderTest, seconds: number) => new Date(under.now().getTime() + seconds * SECOND);

  describe(`${name}: an archive store`, () => {
    test('gives back what it took, with its digest and lock', () =>
      withStore(async (under) => {
        const key = newKey();
        const bytes = bytesOf('Giấy ra viện');
        const retainUntil = inSeconds(under, 3600);
        const stored = await under.store.put(key, bytes, { retainUntil, contentType });
        expect(stored).toMatchObject({ key, sha256: sha256Hex(bytes), size: bytes.length, retainUntil, hold: false });
        expect(stored.contentType).toBe(contentType);
        expect(stored.versionId).not.toBe('');
        const read = await under.store.get(key, stored.versionId, stored.sha256);
        expect(sha256Hex(read)).toBe(stored.sha256);
        expect(await under.store.stat(key, stored.versionId)).toEqual(stored);
      }));

    test('takes an empty object and one of a megabyte', () =>
      withStore(async ({ store, now }) => {
        for (const bytes of [new Uint8Array(), new Uint8Array(1024 * 1024).fill(7)]) {
          // Past for every clock: a date of this very second may be future here and past for the engine.
          const retainUntil = new Date(now().getTime() - 60_000);
          const stored = await store.put(newKey(), bytes, { retainUntil, contentType });
          expect((await store.get(stored.key, stored.versionId, stored.sha256)).length).toBe(bytes.length);
        }
      }));

    test('takes the same bytes again as the same version; the later date and any hold win', () =>
      withStore(async (under) => {
        const key = newKey();
        const bytes = bytesOf('same');
        const late = inSeconds(under, 7200);
        const first = await under.store.put(key, bytes, { retainUntil: late, contentType });
        const again = await under.store.put(key, bytes, { retainUntil: inSeconds(under, 60), hold: true, contentType });
        expect(again).toEqual({ ...first, hold: true });
        const latest = inSeconds(under, 9000);
        const third = await under.store.put(key, bytes, { retainUntil: latest, contentType });
        expect(third).toEqual({ ...first, hold: true, retainUntil: latest });
      }));

    test('never takes other bytes under the same key', () =>
      withStore(async (under) => {
        const key = newKey();
        const retainUntil = inSeconds(under, 3600);
        const first = await under.store.put(key, bytesOf('one'), { retainUntil, contentType });
        const other = under.store.put(key, bytesOf('two'), { retainUntil, contentType });
        await expect(other).rejects.toMatchObject({ code: 'OBJECT_KEY_TAKEN' });
        expect(new TextDecoder().decode(await under.store.get(key, first.versionId, first.sha256))).toBe('one');
      }));

    test('lets one of twenty racing writers win, and tells the others', () =>
      withStore(async (under) => {
        const key = newKey();
        const retainUntil = inSeconds(under, 3600);
        const race = Array.from({ length: 20 }, (_, i) =>
          under.store.put(key, bytesOf(`writer ${i}`), { retainUntil, contentType }),
        );
        const ends = await Promise.allSettled(race);
        const winners = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
        expect(winners.length).toBe(1);
        for (const end of ends) {
          if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'OBJECT_KEY_TAKEN' });
        }
        const [winner] = winners;
        if (winner === undefined) return;
        await under.store.get(key, winner.versionId, winner.sha256);
      }));

    test('lets twenty racing writers of the same bytes all succeed with one version', () =>
      withStore(async (under) => {
        const key = newKey();
        const retainUntil = inSeconds(under, 3600);
        const race = Array.from({ length: 20 }, () =>
          under.store.put(key, bytesOf('same'), { retainUntil, contentType }),
        );
        const versions = new Set((await Promise.all(race)).map((stored) => stored.versionId));
        expect(versions.size).toBe(1);
      }));

    test('refuses to destroy before the date, and destroys after it', () =>
      withStore(async (under) => {
        const key = newKey();
        const { versionId, sha256 } = await under.store.put(key, bytesOf('x'), {
          retainUntil: inSeconds(under, 3),
          contentType,
        });
        await expect(under.store.delete(key, versionId)).rejects.toMatchObject({ code: 'RETENTION_ACTIVE' });
        await under.store.get(key, versionId, sha256);
        await under.pass(4 * SECOND);
        await under.store.delete(key, versionId);
        expect(await under.store.stat(key, versionId)).toBeUndefined();
        await expect(under.store.get(key, versionId, sha256)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
        await expect(under.store.delete(key, versionId)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
      }));

    test('is locked to the later date when it returns, if two are asked for', () =>
      withStore(async (under) => {
        const key = newKey();
        const thenUntil = inSeconds(under, 7200);
        const options = { retainUntil: inSeconds(under, 600), thenUntil, contentType };
        const stored = await under.store.put(key, bytesOf('x'), options);
        expect(stored.retainUntil).toEqual(thenUntil);
        expect(await under.store.put(key, bytesOf('x'), options)).toEqual(stored);
        expect(await under.store.stat(key, stored.versionId)).toEqual(stored);
      }));

    test('only ever moves the date forward', () =>
      withStore(async (under) => {
        const key = newKey();
        const retainUntil = inSeconds(under, 600);
        const { versionId } = await under.store.put(key, bytesOf('x'), { retainUntil, contentType });
        const earlier = new Date(retainUntil.getTime() - SECOND);
        const shorter = under.store.extendRetention(key, versionId, earlier);
        await expect(shorter).rejects.toMatchObject({ code: 'RETENTION_ACTIVE' });
        expect(await under.store.extendRetention(key, versionId, retainUntil)).toMatchObject({ retainUntil });
        const longer = inSeconds(under, 1200);
        expect(await under.store.extendRetention(key, versionId, longer)).toMatchObject({ retainUntil: longer });
        expect(await under.store.stat(key, versionId)).toMatchObject({ retainUntil: longer });
      }));

    test('refuses to destroy under a hold, however old the object is', () =>
      withStore(async (under) => {
        const key = newKey();
        const { versionId } = await under.store.put(key, bytesOf('x'), {
          retainUntil: inSeconds(under, 1),
          hold: true,
          contentType,
        });
        await under.pass(2 * SECOND);
        await expect(under.store.delete(key, versionId)).rejects.toMatchObject({ code: 'LEGAL_HOLD_ACTIVE' });
        expect(await under.store.setHold(key, versionId, false)).toMatchObject({ hold: false });
        expect(await under.store.setHold(key, versionId, true)).toMatchObject({ hold: true });
        await expect(under.store.delete(key, versionId)).rejects.toMatchObject({ code: 'LEGAL_HOLD_ACTIVE' });
        await under.store.setHold(key, versionId, false);
        await under.store.delete(key, versionId);
      }));

    test('knows nothing of a version or key that it never gave', () =>
      withStore(async (under) => {
        const key = newKey();
        const { versionId, sha256 } = await under.store.put(key, bytesOf('x'), {
          retainUntil: inSeconds(under, 60),
          contentType,
        });
        const strangers: [string, string][] = [
          [key, 'no-such-version'],
          [newKey(), versionId],
        ];
        for (const [strangeKey, strangeVersion] of strangers) {
          const notFound = { code: 'OBJECT_NOT_FOUND' };
          expect(await under.store.stat(strangeKey, strangeVersion)).toBeUndefined();
          await expect(under.store.get(strangeKey, strangeVersion, sha256)).rejects.toMatchObject(notFound);
          await expect(under.store.setHold(strangeKey, strangeVersion, true)).rejects.toMatchObject(notFound);
          await expect(under.store.delete(strangeKey, strangeVersion)).rejects.toMatchObject(notFound);
        }
      }));

    test('lists the versions under a prefix in order', () =>
      withStore(async (under) => {
        const folder = `v1/list-${process.pid}-${counter}`;
        const keys = ['a/1.pdf', 'a/2.pdf', 'a-b/1.pdf', 'b/1.pdf'].map((key) => `${folder}/${key}`);
        for (const key of keys.toReversed()) {
          await under.store.put(key, bytesOf(key), { retainUntil: inSeconds(under, 60), contentType });
        }
        const listed: string[] = [];
        for await (const version of under.store.list(`${folder}/`)) {
          expect(version.isDeleteMarker).toBe(false);
          expect(Math.abs(version.storedAt.getTime() - Date.now())).toBeLessThan(60 * SECOND);
          expect(await under.store.stat(version.key, version.versionId)).toMatchObject({ size: version.size });
          listed.push(version.key);
        }
        expect(listed).toEqual(keys.toSorted());
        const below: string[] = [];
        for await (const version of under.store.list(`${folder}/a/`)) below.push(version.key);
        expect(below).toEqual([`${folder}/a/1.pdf`, `${folder}/a/2.pdf`]);
      }));

    test.each([
      '../escape',
      '/absolute',
      'a//b',
      'a/./b',
      'a/../b',
      '.hidden',
      'a/.hidden',
      'Hồ-sơ.pdf',
      'a b',
      'a\\b',
      'a\0b',
      '',
      'a/',
      `a/${'x'.repeat(300)}`,
    ])('refuses the key %j', (key) =>
      withStore(async ({ store, now }) => {
        const put = store.put(key, bytesOf('x'), { retainUntil: now(), contentType });
        await expect(put).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
      }),
    );
  });
}
