import { randomUUID } from 'node:crypto';
import { type Log, sha256Hex } from '../../../shared/index.ts';
import type { S3Client } from './client.ts';
import { storeError } from './refusal.ts';
import { destroyVersions, versionsOf } from './versions.ts';

/**
 * Whether the engine refuses a PUT with `If-None-Match: *` on a key in use (Ceph 16.2 ignores it): tried once, on a small
 * object in the work bucket that is destroyed again. Asks anew after a failure. @throws what the store may do.
 */
export function createConditionalWrites(
  client: S3Client,
  workBucket: string,
  log: Log,
  known: boolean | undefined,
): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined = known === undefined ? undefined : Promise.resolve(known);
  return async () => {
    answer ??= tryOut(client, workBucket);
    try {
      const works = await answer;
      if (!works) log.debug({}, 'the store ignores If-None-Match: every put looks first');
      return works;
    } catch (error) {
      answer = undefined;
      throw error;
    }
  };
}

async function tryOut(client: S3Client, bucket: string): Promise<boolean> {
  const key = `antin-conditional-write/${randomUUID()}`;
  const put = () =>
    client.request({ method: 'PUT', bucket, key, headers: { 'if-none-match': '*' }, bodySha256: sha256Hex('') });
  try {
    const first = await put();
    if (first.status !== 200) throw storeError(first);
    const second = await put();
    if (second.status !== 200 && second.status !== 412) throw storeError(second);
    return second.status === 412;
  } finally {
    await destroyVersions(client, bucket, await versionsOf(client, bucket, key));
  }
}
