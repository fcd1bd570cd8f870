/** What the machine itself can do, measured with nothing else at work: no system on it is faster than these. */
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createS3Client } from '../../src/platform/storage/s3/client.ts';
import { postgresPrograms } from '../services/installed.ts';
import type { Stack } from '../stack/index.ts';

export interface Limit {
  readonly name: string;
  readonly perSecond: number;
}

/** fsync of PostgreSQL's disk, locked PUTs of the S3 engine, RSA signatures. */
export async function measureLimits(stack: Stack, fileBytes: number): Promise<Limit[]> {
  return [
    ...(await syncs(join(stack.dir, 'pg_test_fsync'))),
    {
      name: `locked PUTs of ${fileBytes} bytes, one after the other`,
      perSecond: await lockedPuts(stack, fileBytes, 1),
    },
    { name: `locked PUTs of ${fileBytes} bytes, 8 at a time`, perSecond: await lockedPuts(stack, fileBytes, 8) },
    { name: 'RSA-2048 PSS signatures, node:crypto, one core', perSecond: signatures() },
  ];
}

/** PostgreSQL's own measure, the way it syncs its log (`wal_sync_method` of Linux). */
async function syncs(file: string): Promise<Limit[]> {
  const bin = postgresPrograms();
  if (bin === undefined) return [];
  const { stdout } = await promisify(execFile)(join(bin, 'pg_test_fsync'), ['-s', '1', '-f', file]);
  const rate = /one 8kB write:[\s\S]*?fdatasync\s+([\d.]+) ops\/sec/.exec(stdout)?.[1];
  return rate === undefined ? [] : [{ name: 'fdatasync of 8 kB (pg_test_fsync)', perSecond: Number(rate) }];
}

const MEASURE_MS = 3000;

/** Into a bucket of its own, with the headers that the archive sends, and without reading anything back. */
async function lockedPuts({ s3 }: Stack, bytes: number, together: number): Promise<number> {
  const bucket = `limits-${randomBytes(4).toString('hex')}`;
  const client = createS3Client({ ...s3, archiveBucket: bucket, workBucket: bucket });
  try {
    await client.request({ method: 'PUT', bucket, headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    const until = new Date(Date.now() + 60_000).toISOString();
    let puts = 0;
    const begun = performance.now();
    const writer = async (): Promise<void> => {
      while (performance.now() - begun < MEASURE_MS) {
        const body = randomBytes(bytes);
        const { status } = await client.request({
          method: 'PUT',
          bucket,
          key: randomBytes(16).toString('hex'),
          headers: {
            'content-md5': createHash('md5').update(body).digest('base64'),
            'x-amz-object-lock-mode': 'COMPLIANCE',
            'x-amz-object-lock-retain-until-date': until,
          },
          body,
        });
        if (status !== 200) throw new Error(`a locked PUT was answered with ${status}`);
        puts += 1;
      }
    };
    await Promise.all(Array.from({ length: together }, writer));
    return (puts * 1000) / (performance.now() - begun);
  } finally {
    client.close();
  }
}

function signatures(): number {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const message = randomBytes(200);
  let count = 0;
  const begun = performance.now();
  while (performance.now() - begun < MEASURE_MS) {
    sign('sha256', message, { key: privateKey, padding: 6, saltLength: 32 });
    count += 1;
  }
  return (count * 1000) / (performance.now() - begun);
}
