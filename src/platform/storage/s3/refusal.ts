/** What a refusing answer means for us. Codes differ from engine to engine, so they only choose words; effects are read back. */
import { AppError, type ProblemCode } from '../../../shared/index.ts';
import type { S3Answer, S3Client } from './client.ts';

const KEYS = ['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'AuthorizationHeaderMalformed', 'InvalidToken'];
const CLOCK = ['RequestTimeTooSkewed', 'RequestExpired', 'ExpiredToken'];
const FULL = ['XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'QuotaExceeded', 'EntityTooLarge.Quota'];
const BUSY = ['SlowDown', 'ServiceUnavailable', 'RequestTimeout', 'XMinioServerNotInitialized', 'OperationAborted'];

export function storeError(answer: S3Answer): AppError {
  const { status, code } = answer;
  const said = code === undefined ? `HTTP ${status}` : `HTTP ${status} ${code}`;
  return new AppError(problemOf(answer), {
    detail: { vi: `Kho S3 trả lời ${said}.`, en: `The S3 store answered ${said}.` },
    extra: { status, ...(code === undefined ? {} : { storeCode: code }) },
  });
}

function problemOf({ status, code = '' }: S3Answer): ProblemCode {
  if (status === 507 || FULL.includes(code)) return 'STORE_FULL';
  if (CLOCK.includes(code)) return 'STORE_CLOCK_SKEWED';
  if (KEYS.includes(code) || status === 401) return 'STORE_KEYS_REFUSED';
  if (code === 'NoSuchBucket') return 'STORE_BUCKET_MISSING';
  if (status >= 500 || status === 429 || status === 408 || BUSY.includes(code)) return 'STORE_UNAVAILABLE';
  if (status === 403) return 'STORE_KEYS_REFUSED';
  return 'STORE_REFUSED';
}

/**
 * Why a locked PUT was refused: MinIO says the same `InvalidRequest` for a missing bucket, one without lock, and a bad date,
 * so the bucket itself is asked.
 */
export async function explainRefusedPut(client: S3Client, bucket: string, answer: S3Answer): Promise<AppError> {
  if (answer.status >= 500 || answer.code === 'NoSuchBucket' || answer.status === 403) return storeError(answer);
  const place = await client.request({ method: 'GET', bucket, query: { location: '' } });
  if (place.status !== 200) return storeError(place);
  const lock = await client.request({ method: 'GET', bucket, query: { 'object-lock': '' } });
  const isLocking = lock.status === 200 && Buffer.from(lock.body).includes('<ObjectLockEnabled>Enabled<');
  return isLocking ? storeError(answer) : new AppError('STORE_BUCKET_UNFIT');
}
