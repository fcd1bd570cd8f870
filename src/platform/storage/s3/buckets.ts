/** The two buckets: are they what the archive and the work store need, and can what is missing be made? */
import { AppError, type BilingualText, type Clock, systemClock } from '../../../shared/index.ts';
import { createS3Client, type S3Answer, type S3Client, type S3Settings } from './client.ts';
import { storeError } from './refusal.ts';
import { elementsOf, escapeXml, textOf, xmlHeaders } from './xml.ts';

export type BucketProblem =
  | 'buckets-same'
  | 'bucket-missing'
  | 'lock-off'
  | 'versioning-off'
  | 'default-lock-missing'
  | 'expiry-rule'
  | 'work-bucket-locks'
  | 'clock-skew';

export interface BucketFinding {
  readonly problem: BucketProblem;
  readonly bucket: string;
  /** Mended by this very call. */
  readonly fixed: boolean;
  /** What is wrong, and when it is not fixed, what a person can do. */
  readonly detail: BilingualText;
}

export interface PrepareOptions {
  /** Make buckets and settings as they must be. Default false: only look. */
  readonly fix?: boolean;
  /** Days for which the archive bucket locks what comes without a lock of its own. Default 14. */
  readonly floorDays?: number;
  /** Absent: one of its own, closed again. */
  readonly client?: S3Client;
  readonly clock?: Clock;
}

const FLOOR_DAYS = 14;
const MOST_SKEW_MS = 60_000;
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/**
 * Looks at (and with `fix` mends) both buckets. An empty list: all is well. Never makes a lock weaker.
 * @throws STORE_UNREACHABLE, STORE_KEYS_REFUSED and the like when the store cannot be asked.
 */
export async function prepareBuckets(settings: S3Settings, options: PrepareOptions = {}): Promise<BucketFinding[]> {
  const client = options.client ?? createS3Client(settings);
  try {
    return await examineBoth(settings, client, options);
  } finally {
    if (options.client === undefined) client.close();
  }
}

async function examineBoth(
  settings: S3Settings,
  client: S3Client,
  { fix = false, floorDays = FLOOR_DAYS, clock = systemClock }: PrepareOptions,
): Promise<BucketFinding[]> {
  const { archiveBucket, workBucket, region } = settings;
  if (archiveBucket === workBucket) return [finding('buckets-same', archiveBucket, false)];
  const findings: BucketFinding[] = [];
  const examine = async (bucket: string, checks: readonly Check[]): Promise<void> => {
    const open = { client, bucket, region, fix, floorDays, clock };
    for (const { problem, isWrong, mend } of checks) {
      if (!(await isWrong(open))) continue;
      const fixed = fix && mend !== undefined && (await mend(open)) && !(await isWrong(open));
      findings.push(finding(problem, bucket, fixed));
      if (problem === 'bucket-missing' && !fixed) return;
    }
  };
  await examine(archiveBucket, [
    { problem: 'bucket-missing', isWrong: isMissing, mend: (open) => makeBucket(open, true) },
    { problem: 'clock-skew', isWrong: isSkewed },
    { problem: 'versioning-off', isWrong: isUnversioned, mend: enableVersioning },
    { problem: 'lock-off', isWrong: async (open) => !(await lockOfBucket(open)).enabled, mend: writeDefaultLock },
    { problem: 'default-lock-missing', isWrong: lacksDefault, mend: writeDefaultLock },
    { problem: 'expiry-rule', isWrong: hasExpiryRule, mend: removeExpiryRules },
  ]);
  await examine(workBucket, [
    { problem: 'bucket-missing', isWrong: isMissing, mend: (open) => makeBucket(open, false) },
    { problem: 'versioning-off', isWrong: isUnversioned, mend: enableVersioning },
    {
      problem: 'work-bucket-locks',
      isWrong: async (open) => (await lockOfBucket(open)).mode !== undefined,
      mend: (open) => putLockConfig(open, ''),
    },
    { problem: 'expiry-rule', isWrong: hasExpiryRule, mend: removeExpiryRules },
  ]);
  return findings;
}

interface Open {
  readonly client: S3Client;
  readonly bucket: string;
  readonly region: string;
  readonly floorDays: number;
  readonly clock: Clock;
}

interface Check {
  readonly problem: BucketProblem;
  readonly isWrong: (open: Open) => Promise<boolean>;
  /** @returns false if the store refused. */
  readonly mend?: (open: Open) => Promise<boolean>;
}

const ask = ({ client, bucket }: Open, resource: string): Promise<S3Answer> =>
  client.request({ method: 'GET', bucket, query: { [resource]: '' } });

const textBody = ({ body }: S3Answer): string => Buffer.from(body).toString('utf8');

async function tell({ client, bucket }: Open, resource: string, xml: string): Promise<boolean> {
  const query = { [resource]: '' };
  const answer = await client.request({ method: 'PUT', bucket, query, headers: xmlHeaders(xml), body: xml });
  if (answer.status >= 500) throw storeError(answer);
  return answer.status < 300;
}

async function isMissing(open: Open): Promise<boolean> {
  // Not HEAD: its refusals have no words.
  const answer = await ask(open, 'location');
  if (answer.status === 404) return true;
  if (answer.status !== 200) throw storeError(answer);
  return false;
}

/** Object Lock must be asked for when the bucket is made; it brings versioning. */
async function makeBucket({ client, bucket, region, ...rest }: Open, locks: boolean): Promise<boolean> {
  const place =
    region === 'us-east-1'
      ? ''
      : `<CreateBucketConfiguration ${NAMESPACE}><LocationConstraint>${escapeXml(region)}</LocationConstraint></CreateBucketConfiguration>`;
  const headers = { ...xmlHeaders(place), ...(locks ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {}) };
  const answer = await client.request({ method: 'PUT', bucket, headers, body: place });
  // Somebody made it a moment ago: the next look tells whether it is ours, and what it lacks.
  if (answer.status === 409) return true;
  if (answer.status !== 200) throw storeError(answer);
  return locks || enableVersioning({ client, bucket, region, ...rest });
}

async function isSkewed(open: Open): Promise<boolean> {
  const { headers } = await ask(open, 'location');
  return Math.abs(new Date(headers.date ?? Number.NaN).getTime() - open.clock.now().getTime()) > MOST_SKEW_MS;
}

async function isUnversioned(open: Open): Promise<boolean> {
  const answer = await ask(open, 'versioning');
  if (answer.status !== 200) throw storeError(answer);
  return textOf(textBody(answer), 'Status') !== 'Enabled';
}

const enableVersioning = (open: Open): Promise<boolean> =>
  tell(open, 'versioning', `<VersioningConfiguration ${NAMESPACE}><Status>Enabled</Status></VersioningConfiguration>`);

async function lockOfBucket(open: Open): Promise<{ enabled: boolean; mode?: string; days: number }> {
  const answer = await ask(open, 'object-lock');
  // No configuration: 404 everywhere, under several names.
  if (answer.status === 404 || answer.status === 400) return { enabled: false, days: 0 };
  if (answer.status !== 200) throw storeError(answer);
  const xml = textBody(answer);
  const mode = textOf(xml, 'Mode');
  const days = Number(textOf(xml, 'Days') ?? 0) + 365 * Number(textOf(xml, 'Years') ?? 0);
  return { enabled: textOf(xml, 'ObjectLockEnabled') === 'Enabled', days, ...(mode === undefined ? {} : { mode }) };
}

async function lacksDefault(open: Open): Promise<boolean> {
  const { mode, days } = await lockOfBucket(open);
  return mode !== 'COMPLIANCE' || days < open.floorDays;
}

async function writeDefaultLock(open: Open): Promise<boolean> {
  const { mode, days } = await lockOfBucket(open);
  const kept = mode === undefined ? open.floorDays : Math.max(days, open.floorDays);
  const rule = `<Mode>COMPLIANCE</Mode><Days>${kept}</Days>`;
  return putLockConfig(open, `<Rule><DefaultRetention>${rule}</DefaultRetention></Rule>`);
}

const putLockConfig = (open: Open, rule: string): Promise<boolean> =>
  tell(
    open,
    'object-lock',
    `<ObjectLockConfiguration ${NAMESPACE}><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`,
  );

/** Expiry cannot destroy a locked version, but lays a marker over every record; in the work bucket it destroys. */
async function hasExpiryRule(open: Open): Promise<boolean> {
  return (await lifecycleRules(open)).some(expires);
}

function expires(rule: string): boolean {
  return textOf(rule, 'Status') !== 'Disabled' && /<Expiration>[\s\S]*?<(?:Days|Date)>/.test(rule);
}

async function lifecycleRules(open: Open): Promise<string[]> {
  const answer = await ask(open, 'lifecycle');
  if (answer.status === 404 || answer.status === 501) return [];
  if (answer.status !== 200) throw storeError(answer);
  return Array.from(elementsOf(textBody(answer), 'Rule'), ({ inner }) => inner);
}

/** The other rules stay. */
async function removeExpiryRules(open: Open): Promise<boolean> {
  const { client, bucket } = open;
  const kept = (await lifecycleRules(open)).filter((rule) => !expires(rule));
  if (kept.length === 0) {
    const answer = await client.request({ method: 'DELETE', bucket, query: { lifecycle: '' } });
    return answer.status < 300;
  }
  const rules = kept.map((rule) => `<Rule>${rule}</Rule>`).join('');
  return tell(open, 'lifecycle', `<LifecycleConfiguration ${NAMESPACE}>${rules}</LifecycleConfiguration>`);
}

const WORDS: Readonly<Record<BucketProblem, { readonly wrong: BilingualText; readonly mend: BilingualText }>> = {
  'buckets-same': {
    wrong: {
      vi: 'S3_ARCHIVE_BUCKET và S3_WORK_BUCKET là cùng một vùng chứa',
      en: 'S3_ARCHIVE_BUCKET and S3_WORK_BUCKET are the same bucket',
    },
    mend: { vi: 'Đặt hai tên khác nhau.', en: 'Give them different names.' },
  },
  'bucket-missing': {
    wrong: { vi: 'Không có vùng chứa này', en: 'There is no such bucket' },
    mend: { vi: 'Chạy `antin doctor --fix`.', en: 'Run `antin doctor --fix`.' },
  },
  'lock-off': {
    wrong: { vi: 'Vùng chứa lưu trữ không có Object Lock', en: 'The archive bucket has no Object Lock' },
    mend: {
      vi: 'Chỉ bật được khi tạo vùng chứa: đặt S3_ARCHIVE_BUCKET là tên mới rồi chạy `antin doctor --fix`.',
      en: 'It can only be had when the bucket is made: set S3_ARCHIVE_BUCKET to a new name and run `antin doctor --fix`.',
    },
  },
  'versioning-off': {
    wrong: { vi: 'Vùng chứa không lưu phiên bản', en: 'The bucket keeps no versions' },
    mend: { vi: 'Chạy `antin doctor --fix`.', en: 'Run `antin doctor --fix`.' },
  },
  'default-lock-missing': {
    wrong: {
      vi: 'Vùng chứa lưu trữ không tự khóa (COMPLIANCE) những gì được ghi mà không kèm lệnh khóa',
      en: 'The archive bucket does not by itself lock (COMPLIANCE) what comes without a lock',
    },
    mend: { vi: 'Chạy `antin doctor --fix`.', en: 'Run `antin doctor --fix`.' },
  },
  'expiry-rule': {
    wrong: {
      vi: 'Một quy tắc vòng đời tự xóa hoặc che khuất tài liệu trong vùng chứa',
      en: 'A lifecycle rule removes or hides what is in the bucket',
    },
    mend: { vi: 'Bỏ quy tắc này, hoặc chạy `antin doctor --fix`.', en: 'Remove it, or run `antin doctor --fix`.' },
  },
  'work-bucket-locks': {
    wrong: {
      vi: 'Vùng chứa làm việc tự khóa: bản làm việc của hồ sơ sẽ không xóa được',
      en: 'The work bucket locks by itself: working copies of records could not be destroyed',
    },
    mend: { vi: 'Chạy `antin doctor --fix`.', en: 'Run `antin doctor --fix`.' },
  },
  'clock-skew': {
    wrong: {
      vi: 'Đồng hồ của kho S3 và của máy này lệch nhau quá một phút',
      en: 'The clocks of the S3 store and of this machine differ by more than a minute',
    },
    mend: { vi: 'Chỉnh đồng hồ cả hai máy bằng NTP.', en: 'Set both clocks by NTP.' },
  },
};

function finding(problem: BucketProblem, bucket: string, fixed: boolean): BucketFinding {
  const { wrong, mend } = WORDS[problem];
  const detail = fixed
    ? { vi: `${wrong.vi}: đã sửa.`, en: `${wrong.en}: mended.` }
    : { vi: `${wrong.vi}. ${mend.vi}`, en: `${wrong.en}. ${mend.en}` };
  return { problem, bucket, fixed, detail };
}

/** @throws STORE_BUCKET_MISSING, STORE_BUCKET_UNFIT unless both buckets are fit for use. For the start of a process. */
export async function assertBucketsFit(settings: S3Settings, options: PrepareOptions = {}): Promise<void> {
  const open = (await prepareBuckets(settings, options)).filter(({ fixed }) => !fixed);
  const [first] = open;
  if (first === undefined) return;
  throw new AppError(first.problem === 'bucket-missing' ? 'STORE_BUCKET_MISSING' : 'STORE_BUCKET_UNFIT', {
    detail: {
      vi: open.map(({ bucket, detail }) => `${bucket}: ${detail.vi}`).join(' '),
      en: open.map(({ bucket, detail }) => `${bucket}: ${detail.en}`).join(' '),
    },
  });
}
