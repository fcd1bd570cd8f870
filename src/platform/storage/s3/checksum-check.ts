import { randomUUID } from 'node:crypto';
import { sha256Hex } from '../../../shared/index.ts';
import type { S3Client } from './client.ts';
import { storeError } from './refusal.ts';
import { destroyVersions, versionsOf } from './versions.ts';

export interface ChecksumCheck {
  /** Known to be so; false as long as nobody has looked. */
  isMade(): boolean;
  /** Looks, once, beside other work. Asks anew after a failure. */
  look(): void;
}

/**
 * Whether the engine refuses bytes that do not fit their `x-amz-checksum-sha256` (Ceph 16.2 does not look at it): tried on a small object
 * in `bucket`. Where it does, the MD5 that every engine must check (`wrong-md5` of the probe) tells nothing more, and costs both sides.
 */
export function createChecksumCheck(client: S3Client, bucket: string): ChecksumCheck {
  let isMade = false;
  let isAsked = false;
  return {
    isMade: () => isMade,
    look() {
      if (isAsked) return;
      isAsked = true;
      tryOut(client, bucket).then(
        (refused) => {
          isMade = refused;
        },
        () => {
          isAsked = false;
        },
      );
    },
  };
}

async function tryOut(client: S3Client, bucket: string): Promise<boolean> {
  const key = `antin-checksum/${randomUUID()}`;
  const headers = { 'x-amz-checksum-sha256': Buffer.from(sha256Hex('other bytes'), 'hex').toString('base64') };
  const answer = await client.request({ method: 'PUT', bucket, key, headers, body: 'these bytes' });
  if (answer.status === 400) return true;
  if (answer.status !== 200) throw storeError(answer);
  await destroyVersions(client, bucket, await versionsOf(client, bucket, key));
  return false;
}
