/** The work store in a versioned bucket without lock: what is overwritten or deleted by mistake is still there to be found. */
import { createHash } from 'node:crypto';
import { AppError, sha256Hex } from '../../../shared/index.ts';
import { assertObjectKey } from '../object-key.ts';
import type { ListedVersion, WorkStore } from '../object-store.ts';
import { createChecksumCheck } from './checksum-check.ts';
import type { S3Client, S3Settings } from './client.ts';
import { storeError } from './refusal.ts';
import { destroyVersions, listVersions, versionsOf } from './versions.ts';

/** Asks the store nothing yet; see `prepareBuckets`. */
export function createS3WorkStore(settings: S3Settings, { client }: { readonly client: S3Client }): WorkStore {
  const bucket = settings.workBucket;
  const checksumCheck = createChecksumCheck(client, bucket);

  const fetch = async (key: string, versionId?: string): Promise<Uint8Array | undefined> => {
    const query = versionId === undefined ? {} : { query: { versionId } };
    const answer = await client.request({ method: 'GET', bucket, key, ...query });
    if (answer.status === 200) return answer.body;
    if (answer.status !== 404 || answer.code === 'NoSuchBucket') throw storeError(answer);
    return undefined;
  };

  /** Below the version on top: hidden by a delete marker or by a later writer. */
  const search = async (key: string, expectedSha256: string): Promise<Uint8Array | undefined> => {
    for (const { versionId, isDeleteMarker } of await versionsOf(client, bucket, key)) {
      if (isDeleteMarker) continue;
      const bytes = await fetch(key, versionId);
      if (bytes !== undefined && sha256Hex(bytes) === expectedSha256) return bytes;
    }
    return undefined;
  };

  return {
    put: async (key, bytes, known) => {
      assertObjectKey(key);
      const sha256 = known ?? sha256Hex(bytes);
      const answer = await client.request({
        method: 'PUT',
        bucket,
        key,
        headers: {
          'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
          ...(checksumCheck.isMade() ? {} : { 'content-md5': createHash('md5').update(bytes).digest('base64') }),
        },
        body: bytes,
        bodySha256: sha256,
      });
      if (answer.status !== 200) throw storeError(answer);
      checksumCheck.look();
      return { sha256, size: bytes.length };
    },
    get: async (key, expectedSha256) => {
      assertObjectKey(key);
      const bytes = await fetch(key);
      if (bytes !== undefined && sha256Hex(bytes) === expectedSha256) return bytes;
      const hidden = await search(key, expectedSha256);
      if (hidden !== undefined) return hidden;
      throw new AppError(bytes === undefined ? 'OBJECT_NOT_FOUND' : 'DIGEST_MISMATCH');
    },
    delete: async (key) => {
      assertObjectKey(key);
      await destroyVersions(client, bucket, await versionsOf(client, bucket, key));
    },
    deleteAll: async (folder) => {
      assertObjectKey(folder);
      const versions: ListedVersion[] = [];
      for await (const version of listVersions(client, bucket, `${folder}/`)) versions.push(version);
      await destroyVersions(client, bucket, versions);
    },
    list: async function* (prefix) {
      let last: string | undefined;
      for await (const { key, isDeleteMarker, storedAt } of listVersions(client, bucket, prefix)) {
        if (isDeleteMarker || key === last) continue;
        last = key;
        yield { key, storedAt };
      }
    },
  };
}
