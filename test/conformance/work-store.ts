/** What every work store must do. A test file calls it with a factory: `workStoreConformance('filesystem', …)`. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { WorkStore } from '../../src/platform/storage/index.ts';
import { sha256Hex } from '../../src/shared/index.ts';

const bytes = new TextEncoder().encode('%PDF-1.7 bản nháp');
const sha256 = sha256Hex(bytes);

export function workStoreConformance(
  name: string,
  open: () => Promise<{ readonly store: WorkStore; close(): Promise<void> }>,
): void {
  /** A folder of its own in a store that others may use as well. */
  const story = (tell: (store: WorkStore, folder: string) => Promise<void>) => async () => {
    const { store, close } = await open();
    try {
      await tell(store, `facility-${randomBytes(4).toString('hex')}`);
    } finally {
      await close();
    }
  };
  const keysIn = async (store: WorkStore, prefix: string) => {
    const keys: string[] = [];
    for await (const { key, storedAt } of store.list(prefix)) {
      expect(Math.abs(Date.now() - storedAt.getTime())).toBeLessThan(60_000);
      keys.push(key);
    }
    return keys;
  };

  describe(`${name}: a work store`, () => {
    test(
      'gives back what it took, and what replaced it',
      story(async (store, folder) => {
        const key = `${folder}/doc/1.pdf`;
        expect(await store.put(key, randomBytes(300))).toMatchObject({ size: 300 });
        expect(await store.put(key, bytes)).toEqual({ sha256, size: bytes.length });
        expect(Buffer.from(await store.get(key, sha256))).toEqual(Buffer.from(bytes));
        const empty = await store.put(`${folder}/doc/empty`, new Uint8Array());
        expect((await store.get(`${folder}/doc/empty`, empty.sha256)).length).toBe(0);
      }),
    );

    test(
      'gives nothing else than what was asked for',
      story(async (store, folder) => {
        const key = `${folder}/doc/1.pdf`;
        await expect(store.get(key, sha256)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
        await store.put(key, bytes);
        const other = store.get(key, sha256Hex('nobody wrote this'));
        await expect(other).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
        for (const bad of ['../escape', '/absolute', 'a//b', 'Hồ-sơ.pdf', '']) {
          await expect(store.put(bad, bytes)).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
        }
      }),
    );

    test(
      'is never seen half-written, however many write at once',
      story(async (store, folder) => {
        const key = `${folder}/doc/1.pdf`;
        const drafts = Array.from({ length: 8 }, () => randomBytes(50_000));
        await Promise.all(drafts.map((draft) => store.put(key, draft)));
        const reads = await Promise.allSettled(drafts.map((draft) => store.get(key, sha256Hex(draft))));
        expect(reads.some(({ status }) => status === 'fulfilled')).toBe(true);
        for (const read of reads) {
          if (read.status === 'rejected') expect(read.reason).toMatchObject({ code: 'DIGEST_MISMATCH' });
        }
      }),
    );

    test(
      'lists, deletes one, and deletes all of a document and nothing of its neighbours',
      story(async (store, folder) => {
        const keys = ['doc-1/1.pdf', 'doc-1/2.pdf', 'doc-2/1.pdf'].map((each) => `${folder}/${each}`);
        for (const key of keys) await store.put(key, bytes);
        for (const key of keys) await store.put(key, randomBytes(20));
        expect(await keysIn(store, `${folder}/`)).toEqual(keys);
        expect(await keysIn(store, `${folder}/doc-1/`)).toEqual(keys.slice(0, 2));
        await store.delete(`${folder}/doc-1/1.pdf`);
        await store.delete(`${folder}/doc-1/1.pdf`);
        await expect(store.get(`${folder}/doc-1/1.pdf`, sha256)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
        expect(await keysIn(store, `${folder}/`)).toEqual(keys.slice(1));
        await store.deleteAll(`${folder}/doc-1`);
        await store.deleteAll(`${folder}/doc-1`);
        expect(await keysIn(store, `${folder}/`)).toEqual(keys.slice(2));
        await expect(store.get(`${folder}/doc-1/2.pdf`, sha256)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
        await expect(store.deleteAll('..')).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
      }),
    );
  });
}
