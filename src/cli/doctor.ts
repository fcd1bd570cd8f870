/**
 * `antin doctor [--fix]`: looks whether this machine, these settings and the services they name can do the work, and says of everything
 * that is wrong how to mend it. `--fix` makes buckets what they must be; nothing else is changed.
 */
import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkRedis } from '../../workers/bullmq/index.ts';
import type { Antin } from '../compose/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { parseTimestampToken } from '../engines/crypto/index.ts';
import { loadFonts } from '../forms/index.ts';
import { MOST_CLOCK_ERROR_MS } from '../platform/db/index.ts';
import { certificateEnds } from '../platform/metrics/index.ts';
import { clockOf } from '../platform/readiness/index.ts';
import { prepareBuckets } from '../platform/storage/index.ts';
import {
  type AppError,
  type BilingualText,
  PROBLEMS,
  type ProblemCode,
  systemClock,
  toAppError,
} from '../shared/index.ts';
import { redisPlace, s3Settings, withAntin } from './with-antin.ts';

/** `warn`: it works, but somebody should look. `bad`: it does not, or must not. */
type Verdict = 'ok' | 'warn' | 'bad';

interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly vi: string;
  readonly en: string;
  readonly mend?: BilingualText;
}

interface DoctorOptions {
  readonly data?: string;
  readonly fix: boolean;
  readonly json: boolean;
}

type Say = (check: string, verdict: Verdict, text: BilingualText | string, mend?: BilingualText) => void;

const MARKS: Readonly<Record<Verdict, string>> = { ok: '✔', warn: '!', bad: '✖' };
const DAY_MS = 86_400_000;
/** A certificate authority needs days to weeks for a new one. */
const SOON_DAYS = 30;
/** A time-stamp comes within the same second; our clock may be off by so much before people should look. */
const CLOCK_WARN_MS = 5_000;
const LITTLE_SPACE = 5 * 2 ** 30;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Kiểm tra cấu hình, máy và dịch vụ · Check settings, machine and services')
    .option('--fix', 'make buckets what they must be', false)
    .option('--data <dir>', 'data folder')
    .option('--json', 'one JSON line', false)
    .action(async (options: DoctorOptions) => {
      const findings = await examine(options);
      const isFine = findings.every(({ verdict }) => verdict !== 'bad');
      if (options.json) console.log(JSON.stringify({ ok: isFine, checks: findings }));
      else for (const finding of findings) console.log(inWords(finding));
      if (!isFine) process.exitCode = 1;
    });
}

function inWords({ check, verdict, vi, en, mend }: Finding): string {
  const text = vi === en ? vi : `${vi} (${en})`;
  return `${MARKS[verdict]} ${check}: ${text}${mend === undefined ? '' : `\n    → ${mend.vi} (${mend.en})`}`;
}

async function examine({ data, fix }: DoctorOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  const say: Say = (check, verdict, text, mend) => {
    const words = typeof text === 'string' ? { vi: text, en: text } : { vi: text.vi, en: text.en };
    findings.push({ check, verdict, ...words, ...(mend === undefined ? {} : { mend }) });
  };
  /** @returns what `work` gives; undefined if it failed, which has been said then. */
  const tried = async <T>(check: string, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      const error = toAppError(thrown);
      say(check, 'bad', told(error), PROBLEMS[error.code].mend);
      return undefined;
    }
  };
  const { node } = process.versions;
  say('node', Number.parseInt(node, 10) < 24 ? 'bad' : 'ok', node);
  const config = await tried('config', () => loadConfig({ DATA_DIR: data }));
  if (config === undefined) return findings;
  say('config', 'ok', `${config.MODE}, ${resolve(config.DATA_DIR)}`);
  await tried('buckets', () => examineBuckets(config, fix, say));
  await examineRedis(config, say);
  await tried('disk', () => examineDisk(config, say));
  await tried('fonts', async () => say('fonts', 'ok', (await loadFonts()).family));
  await tried('database', () =>
    withAntin({ data }, async (antin) => {
      const where = config.DATABASE_URL === undefined ? 'embedded' : 'server';
      say('database', 'ok', { vi: `${where}, đúng phiên bản`, en: `${where}, schema up to date` });
      examineParts(antin, say);
      await tried('clock', async () =>
        sayClock(say, await offFromDatabase(antin), { vi: 'cơ sở dữ liệu', en: 'database' }),
      );
      await tried('time-stamp', () => examineTime(antin, say));
      await tried('certificates', () => examineCertificates(antin, say));
      for (const { check, blocking, vi, en, mend } of (await antin.readiness()).reasons) {
        if (check !== 'disk' && check !== 'clock') say(check, blocking ? 'bad' : 'warn', { vi, en }, mend);
      }
      for (const { path, vi, en } of await antin.legalRefusals()) say(`legal ${path.slice(1)}`, 'bad', { vi, en });
    }),
  );
  return findings;
}

const told = (error: AppError): BilingualText => ({
  vi: `${error.code}: ${error.detail.vi}`,
  en: error.detail.en,
});

const mendOf = (code: ProblemCode): BilingualText => PROBLEMS[code].mend;

async function examineBuckets(config: Config, fix: boolean, say: Say): Promise<void> {
  const settings = s3Settings(config);
  if (settings === undefined)
    return say('buckets', 'ok', { vi: 'không dùng S3, kho tệp trong DATA_DIR', en: 'no S3, file stores in DATA_DIR' });
  const found = await prepareBuckets(settings, { fix });
  for (const { bucket, detail, fixed } of found) {
    say(`bucket ${bucket}`, fixed ? 'ok' : 'bad', detail, fixed ? undefined : mendOf('STORE_BUCKET_UNFIT'));
  }
  if (found.length === 0) say('buckets', 'ok', `${settings.archiveBucket}, ${settings.workBucket}`);
}

/** Redis is only a bell: away or forgetful, nothing is lost, but work waits longer. */
async function examineRedis(config: Config, say: Say): Promise<void> {
  const redis = redisPlace(config);
  if (redis === undefined) return;
  try {
    const weaknesses = await checkRedis(redis);
    for (const weakness of weaknesses) say('redis', 'warn', weakness, mendOf('LEGAL_REDIS_UNSAFE'));
    if (weaknesses.length === 0) say('redis', 'ok', 'noeviction, appendonly');
  } catch {
    say(
      'redis',
      'warn',
      {
        vi: 'Redis không trả lời; tác vụ vẫn chạy, chậm hơn',
        en: 'Redis does not answer; jobs run all the same, later',
      },
      { vi: 'Kiểm tra REDIS_URL, mạng và máy chủ Redis.', en: 'Check REDIS_URL, the network and the server.' },
    );
  }
}

async function examineDisk({ DATA_DIR }: Config, say: Say): Promise<void> {
  // The folder is made at the first start: then the disk that it will be on counts.
  const { bavail, bsize } = await statfs(resolve(DATA_DIR)).catch(() => statfs(process.cwd()));
  const free = bavail * bsize;
  const gibibytes = (free / 2 ** 30).toFixed(1);
  const text = { vi: `còn ${gibibytes} GiB`, en: `${gibibytes} GiB free` };
  if (free < LITTLE_SPACE) say('disk', 'warn', text, mendOf('DISK_NEARLY_FULL'));
  else say('disk', 'ok', text);
}

function examineParts({ policies, forms, anchors, authority }: Antin, say: Say): void {
  say('policies', 'ok', String(policies.length));
  say('forms', 'ok', [...new Set(forms.list().map(({ id }) => id))].join(', '));
  const count = {
    vi: `${anchors.signers.length} gốc của người ký, ${anchors.tsa.length} gốc của dịch vụ dấu thời gian`,
    en: `anchors: ${anchors.signers.length} of signers, ${anchors.tsa.length} of time-stamp authorities`,
  };
  const isComplete = anchors.signers.length > 0 && anchors.tsa.length > 0;
  if (isComplete) say('trust', 'ok', count);
  else say('trust', 'bad', count, mendOf('LEGAL_NO_TRUST_ANCHORS'));
  if (authority !== undefined) {
    say('authority', 'ok', { vi: 'dùng thử, không có giá trị pháp lý', en: 'demonstration, no legal value' });
  }
}

/** One real time-stamp: it proves the authority, the line and the anchors, and tells the time. */
async function examineTime({ timestamp }: Antin, say: Say): Promise<void> {
  const before = systemClock.now().getTime();
  const token = parseTimestampToken(await timestamp(new Uint8Array(32), 'SHA-256'));
  const after = systemClock.now().getTime();
  say('time-stamp', 'ok', `${token.raw.length} bytes, ${token.time.toISOString()}`);
  const time = token.time.getTime();
  const off = Math.max(before - time - 1000, time - after, 0);
  sayClock(say, off, { vi: 'dấu thời gian', en: 'time-stamp' });
}

async function offFromDatabase({ database }: Antin): Promise<number> {
  const time = await clockOf(database.db);
  return time === undefined ? 0 : Math.abs(systemClock.now().getTime() - time.getTime());
}

function sayClock(say: Say, off: number, whose: BilingualText): void {
  const seconds = (off / 1000).toFixed(1);
  const text = { vi: `lệch ${seconds} giây so với ${whose.vi}`, en: `off by ${seconds} s from the ${whose.en}` };
  const verdict = off > MOST_CLOCK_ERROR_MS ? 'bad' : off > CLOCK_WARN_MS ? 'warn' : 'ok';
  say('clock', verdict, text, verdict === 'ok' ? undefined : mendOf('CLOCK_WRONG'));
}

async function examineCertificates({ database }: Antin, say: Say): Promise<void> {
  const now = systemClock.now().getTime();
  for (const { facilityId, kind, nextEnd, count } of await certificateEnds(database.db)) {
    const days = Math.floor((nextEnd.getTime() - now) / DAY_MS);
    const whose =
      kind === 'seal' ? { vi: 'chữ ký số của cơ sở', en: 'seal' } : { vi: 'chữ ký số của người ký', en: 'signers' };
    const text = {
      vi: `${whose.vi} (${facilityId}): còn ${days} ngày (${count} chứng thư số)`,
      en: `${whose.en} (${facilityId}): ${days} days left`,
    };
    const verdict = days >= SOON_DAYS ? 'ok' : days < 0 && kind === 'seal' ? 'bad' : 'warn';
    say('certificates', verdict, text, verdict === 'ok' ? undefined : mendOf('CERTIFICATE_ENDS_SOON'));
  }
}
