/**
 * An account of its own in a MinIO server, for the two buckets and nothing else: whoever gets hold of the program's keys then
 * administers no server, makes no users, and reads no other bucket. Any other engine has its own way to make such an account.
 */
import { createCipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../../../shared/index.ts';
import { createS3Client, type S3Answer, type S3Client, type S3Request, type S3Settings } from './client.ts';

/** What the program asks of its buckets; also what `antin doctor --fix` mends, and what the lock probe tries in vain. */
const ON_BUCKETS = [
  's3:CreateBucket',
  's3:GetBucketLocation',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketPolicy',
  's3:GetBucketVersioning',
  's3:GetLifecycleConfiguration',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:PutBucketObjectLockConfiguration',
  's3:PutBucketVersioning',
  's3:PutLifecycleConfiguration',
];
/** Bypassing governance is allowed because nothing of ours is locked by it: the probe shall meet the lock and not the policy. */
const ON_OBJECTS = [
  's3:AbortMultipartUpload',
  's3:BypassGovernanceRetention',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:GetObject',
  's3:GetObjectLegalHold',
  's3:GetObjectRetention',
  's3:GetObjectVersion',
  's3:ListMultipartUploadParts',
  's3:PutObject',
  's3:PutObjectLegalHold',
  's3:PutObjectRetention',
];

/** The policy of the account, in the language of IAM. */
function accountPolicy({ archiveBucket, workBucket }: Pick<S3Settings, 'archiveBucket' | 'workBucket'>): object {
  const buckets = [archiveBucket, workBucket].map((bucket) => `arn:aws:s3:::${bucket}`);
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ON_BUCKETS, Resource: buckets },
      { Effect: 'Allow', Action: ON_OBJECTS, Resource: buckets.map((bucket) => `${bucket}/*`) },
    ],
  };
}

/**
 * Makes the account of `settings` (or gives it the secret key and the policy as they are now) with the keys of the server's
 * administrator. Done when it returns; may be repeated. @throws STORE_ACCOUNT_REFUSED, STORE_UNREACHABLE.
 */
export async function prepareMinioAccount(
  settings: S3Settings,
  admin: { readonly accessKey: string; readonly secretKey: string },
): Promise<void> {
  const client = createS3Client({ ...settings, ...admin });
  const policy = `antin-${settings.archiveBucket}`;
  try {
    await administer(client, 'add-canned-policy', { name: policy }, JSON.stringify(accountPolicy(settings)));
    const account = JSON.stringify({ secretKey: settings.secretKey, status: 'enabled' });
    await administer(
      client,
      'add-user',
      { accessKey: settings.accessKey },
      await sealFor(admin.secretKey, Buffer.from(account)),
    );
    const attached = { policyName: policy, userOrGroup: settings.accessKey, isGroup: 'false' };
    await administer(client, 'set-user-or-group-policy', attached);
  } finally {
    client.close();
  }
}

/** The administration lies on the same port, below what looks like a bucket, and is signed like S3. */
async function administer(
  client: S3Client,
  verb: string,
  query: Record<string, string>,
  body?: S3Request['body'],
): Promise<void> {
  const answer = await client.request({
    method: 'PUT',
    bucket: 'minio',
    key: `admin/v3/${verb}`,
    query,
    ...(body === undefined ? {} : { body }),
  });
  if (answer.status !== 200) throw refused(verb, answer);
}

function refused(verb: string, { status, body, code }: S3Answer): AppError {
  // The administration answers in JSON, the rest in XML.
  const said = code ?? /"Code":"([^"]{1,100})"/.exec(Buffer.from(body).toString('utf8'))?.[1];
  const why = `${verb}: HTTP ${status}${said === undefined ? '' : ` ${said}`}`;
  return new AppError('STORE_ACCOUNT_REFUSED', {
    detail: { vi: `Kho trả lời ${why}`, en: `The store answered ${why}` },
  });
}

const derive = promisify(pbkdf2);
const PBKDF2_AES_GCM = 2;
const ROUNDS = 8192;

/**
 * Secrets travel encrypted under the administrator's secret key also where the line is not: salt (32) ‖ algorithm (1) ‖ nonce (8) ‖
 * AES-256-GCM in numbered parts. Part 0 is empty and its tag binds the others; ours all fit into the last one, number 1.
 */
async function sealFor(secretKey: string, content: Uint8Array): Promise<Buffer> {
  const [salt, nonce] = [randomBytes(32), randomBytes(8)];
  const key = await derive(secretKey, salt, ROUNDS, 32, 'sha256');
  const part = (number: number, boundTo: Uint8Array, bytes: Uint8Array): Buffer => {
    const counted = Buffer.concat([nonce, Buffer.of(number, 0, 0, 0)]);
    const cipher = createCipheriv('aes-256-gcm', key, counted).setAAD(boundTo);
    return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  };
  const first = part(0, new Uint8Array(), new Uint8Array());
  const LAST = 0x80;
  const last = part(1, Buffer.concat([Buffer.of(LAST), first]), content);
  return Buffer.concat([salt, Buffer.of(PBKDF2_AES_GCM), nonce, last]);
}
