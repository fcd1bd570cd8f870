/**
 * The settings: one schema, read once from the environment, all mistakes told at once. The only reader of `process.env`.
 *
 * Every setting can also be given as `NAME_FILE`, the path of a file that holds it (for secrets from an orchestrator).
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { AppError, type BilingualText, type InputMistake } from './shared/index.ts';

const httpUrl = z.url({ protocol: /^https?$/ });
const wholeNumber = (least: number, most: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(least).max(most));
const yesOrNo = z.enum(['yes', 'no']).transform((answer) => answer === 'yes');
const urlList = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
  .pipe(z.array(httpUrl));
const hostList = z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''));
const addressRange = z.string().refine((text) => {
  const [address = '', prefix, ...more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address) as 0 | 4 | 6];
  return (
    more.length === 0 && most >= 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= most))
  );
});

interface Setting<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** Value when nothing is set, as it would be written; absent: the setting may be missing. */
  readonly fallback?: string;
  /** Never shown. */
  readonly secret?: boolean;
  /** What may be written, for the table and for mistakes. */
  readonly form: BilingualText;
  readonly meaning: BilingualText;
}

const setting = <Schema extends z.ZodType>(of: Setting<Schema>) => of;

const URL_FORM = { vi: 'địa chỉ http(s)', en: 'http(s) address' };
const FOLDER = { vi: 'thư mục', en: 'folder' };
const HOST_LIST = {
  vi: 'các `máy` hoặc `máy:cổng`, cách nhau bằng dấu phẩy',
  en: '`host` or `host:port`, separated by commas',
};
const PERSON = { vi: 'họ tên', en: 'name of a person' };
const PER_MINUTE = { vi: 'số 1–10000000', en: 'number 1–10000000' };
const YES_NO = { vi: '`yes` hoặc `no`', en: '`yes` or `no`' };

const SETTINGS = {
  MODE: setting({
    schema: z.enum(['demo', 'legal']),
    fallback: 'demo',
    form: { vi: '`demo` hoặc `legal`', en: '`demo` or `legal`' },
    meaning: {
      vi: 'demo: bản thử, mọi trang đều ghi “BẢN THỬ”; legal: có giá trị pháp lý, từ chối khởi động khi thiếu điều kiện.',
      en: 'demo: a trial, every page is marked so; legal: refuses to start while a legal condition is missing.',
    },
  }),
  DATA_DIR: setting({
    schema: z.string().min(1),
    fallback: 'data',
    form: FOLDER,
    meaning: {
      vi: 'Nơi lưu cơ sở dữ liệu nhúng, kho tệp và các khóa của chương trình.',
      en: 'Where the embedded database, the file stores and the keys of the program live.',
    },
  }),
  STATE_DIR: setting({
    schema: z.string().min(1),
    fallback: '/var/lib/antin',
    form: FOLDER,
    meaning: {
      vi: 'Khi chạy bằng root mà DATA_DIR nằm dưới thư mục chỉ root vào được: nơi đặt cơ sở dữ liệu nhúng.',
      en: 'When run as root with DATA_DIR below a folder that only root may enter: where the embedded database goes.',
    },
  }),
  HOST: setting({
    schema: z.string().min(1),
    fallback: '127.0.0.1',
    form: { vi: 'địa chỉ mạng của máy', en: 'network address of this machine' },
    meaning: { vi: 'Địa chỉ mà máy chủ lắng nghe.', en: 'Address on which the server listens.' },
  }),
  PORT: setting({
    schema: wholeNumber(0, 65_535),
    fallback: '8080',
    form: { vi: 'số 0–65535', en: 'number 0–65535' },
    meaning: { vi: 'Cổng của máy chủ; 0: cổng trống bất kỳ.', en: 'Port of the server; 0: any free one.' },
  }),
  PUBLIC_BASE_URL: setting({
    schema: httpUrl.transform((url) => url.replace(/\/+$/, '')).optional(),
    form: URL_FORM,
    meaning: {
      vi: 'Địa chỉ mà người ngoài dùng để tra cứu; được in thành mã QR trên giấy. Bắt buộc khi MODE=legal.',
      en: 'Address under which outsiders look papers up; printed as QR code. Required with MODE=legal.',
    },
  }),
  DATABASE_URL: setting({
    schema: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    secret: true,
    form: { vi: '`postgres://…`', en: '`postgres://…`' },
    meaning: {
      vi: 'Máy chủ PostgreSQL. Không đặt: dùng cơ sở dữ liệu nhúng trong DATA_DIR.',
      en: 'PostgreSQL server. Not set: the embedded database in DATA_DIR.',
    },
  }),
  DATABASE_CONNECTIONS: setting({
    schema: wholeNumber(2, 90),
    fallback: '10',
    form: { vi: 'số 2–90', en: 'number 2–90' },
    meaning: { vi: 'Số kết nối tối đa của một tiến trình.', en: 'Most connections of one process.' },
  }),
  REDIS_URL: setting({
    schema: z.url({ protocol: /^rediss?$/ }).optional(),
    secret: true,
    form: { vi: '`redis://…`', en: '`redis://…`' },
    meaning: {
      vi: 'Máy chủ Redis, chỉ dùng để đánh thức các tiến trình xử lý. Không đặt: tác vụ chạy ngay trong tiến trình `antin start`.',
      en: 'Redis server, used only to wake workers. Not set: jobs run within the process of `antin start`.',
    },
  }),
  S3_ENDPOINT: setting({
    schema: httpUrl.optional(),
    form: URL_FORM,
    meaning: {
      vi: 'Kho đối tượng S3 có Object Lock. Không đặt: kho tệp trong DATA_DIR.',
      en: 'S3 object store with Object Lock. Not set: file stores in DATA_DIR.',
    },
  }),
  S3_REGION: setting({
    schema: z.string().min(1),
    fallback: 'us-east-1',
    form: { vi: 'tên vùng', en: 'name of a region' },
    meaning: { vi: 'Vùng của kho S3.', en: 'Region of the S3 store.' },
  }),
  S3_ACCESS_KEY: setting({
    schema: z.string().min(1).optional(),
    secret: true,
    form: { vi: 'chuỗi ký tự', en: 'text' },
    meaning: { vi: 'Khóa truy cập của kho S3.', en: 'Access key of the S3 store.' },
  }),
  S3_SECRET_KEY: setting({
    schema: z.string().min(1).optional(),
    secret: true,
    form: { vi: 'chuỗi ký tự', en: 'text' },
    meaning: { vi: 'Khóa bí mật của kho S3.', en: 'Secret key of the S3 store.' },
  }),
  S3_ADMIN_ACCESS_KEY: setting({
    schema: z.string().min(1).optional(),
    secret: true,
    form: { vi: 'chuỗi ký tự', en: 'text' },
    meaning: {
      vi: 'Tài khoản quản trị của MinIO, chỉ cho `antin migrate`: tạo tài khoản S3_ACCESS_KEY chỉ có quyền trên hai vùng chứa.',
      en: 'The administrator of MinIO, only for `antin migrate`: it makes the account S3_ACCESS_KEY, which may do nothing beyond the two buckets.',
    },
  }),
  S3_ADMIN_SECRET_KEY: setting({
    schema: z.string().min(1).optional(),
    secret: true,
    form: { vi: 'chuỗi ký tự', en: 'text' },
    meaning: { vi: 'Khóa bí mật của tài khoản đó.', en: 'Secret key of that account.' },
  }),
  S3_ARCHIVE_BUCKET: setting({
    schema: z.string().min(3),
    fallback: 'antin-archive',
    form: { vi: 'tên vùng chứa', en: 'name of a bucket' },
    meaning: {
      vi: 'Nơi khóa tài liệu đã lưu trữ (Object Lock, COMPLIANCE).',
      en: 'Where archived documents are locked (Object Lock, COMPLIANCE).',
    },
  }),
  S3_WORK_BUCKET: setting({
    schema: z.string().min(3),
    fallback: 'antin-work',
    form: { vi: 'tên vùng chứa', en: 'name of a bucket' },
    meaning: {
      vi: 'Nơi để tài liệu cho đến khi lưu trữ (có phiên bản, không khóa).',
      en: 'Where documents live until they are archived (versioned, not locked).',
    },
  }),
  KEYS_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Khóa của chương trình (ký nhật ký, mở con dấu), dùng chung cho mọi tiến trình. Không đặt: `keys` trong DATA_DIR.',
      en: 'Keys of the program (log signing, opening seals), shared by all processes. Not set: `keys` in DATA_DIR.',
    },
  }),
  METRICS_PORT: setting({
    schema: wholeNumber(0, 65_535).optional(),
    form: { vi: 'số 0–65535', en: 'number 0–65535' },
    meaning: {
      vi: 'Cổng riêng của `/metrics`, `/healthz`, `/readyz`. Không đặt: không mở.',
      en: 'Port of its own for `/metrics`, `/healthz`, `/readyz`. Not set: not opened.',
    },
  }),
  TSA_URLS: setting({
    schema: urlList,
    fallback: '',
    secret: true,
    form: { vi: 'các địa chỉ, cách nhau bằng dấu phẩy', en: 'addresses, separated by commas' },
    meaning: {
      vi: 'Các dịch vụ cấp dấu thời gian (RFC 3161), thử theo thứ tự.',
      en: 'Time-stamp authorities (RFC 3161), tried in this order.',
    },
  }),
  INSIDE_HOSTS: setting({
    schema: hostList,
    fallback: '',
    form: HOST_LIST,
    meaning: {
      vi: 'Máy chủ dấu thời gian, OCSP, CRL trong mạng nội bộ được phép kết nối; các địa chỉ nội bộ khác bị từ chối.',
      en: 'Time-stamp, OCSP and CRL servers inside the own network that may be contacted; other private addresses are refused.',
    },
  }),
  UPSTREAM_CA_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Chứng thư CA riêng của từng dịch vụ: `<máy>.pem` hoặc `<máy>_<cổng>.pem`, dùng thay cho các CA công cộng (TSA, OCSP, CRL, S3, Redis).',
      en: 'CA certificates of single services: `<host>.pem` or `<host>_<port>.pem`, used instead of the public CAs (TSA, OCSP, CRL, S3, Redis).',
    },
  }),
  UNENCRYPTED_HOSTS: setting({
    schema: hostList,
    fallback: '',
    form: HOST_LIST,
    meaning: {
      vi: 'Dịch vụ mà MODE=legal vẫn được kết nối không mã hóa (TSA chỉ có http; S3, PostgreSQL, Redis trong mạng riêng). Máy này (loopback) không cần ghi.',
      en: 'Services that MODE=legal may reach unencrypted (a TSA that offers http only; S3, PostgreSQL, Redis within a private network). This machine (loopback) need not be listed.',
    },
  }),
  CLINIC_STORE_ACCEPTED_BY: setting({
    schema: z.string().min(2).optional(),
    form: PERSON,
    meaning: {
      vi: 'Người chấp nhận kho tệp là kho lưu trữ duy nhất khi MODE=legal.',
      en: 'Who accepts the file system as the only archive with MODE=legal.',
    },
  }),
  SOFTWARE_KEYS_ACCEPTED_BY: setting({
    schema: z.string().min(2).optional(),
    form: PERSON,
    meaning: {
      vi: 'Người chấp nhận khóa ký giữ bằng phần mềm (PKCS#12) khi MODE=legal; mọi báo cáo kiểm tra ghi rõ điều này.',
      en: 'Who accepts signing keys kept in software (PKCS#12) with MODE=legal; every validation report says so.',
    },
  }),
  TRUST_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Chứng thư gốc tin cậy: `signers/`, `tsa/` (PEM). Không đặt: `certs/trust` của chương trình.',
      en: 'Trust anchors: `signers/`, `tsa/` (PEM). Not set: `certs/trust` of the program.',
    },
  }),
  POLICIES_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Các quy tắc lưu trữ (YAML). Không đặt: `storage-policies` của chương trình.',
      en: 'Retention rules (YAML). Not set: `storage-policies` of the program.',
    },
  }),
  FORMS_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Biểu mẫu riêng của bệnh viện, ngoài các mẫu có sẵn.',
      en: 'Forms of the hospital beside the shipped ones.',
    },
  }),
  MAX_PDF_BYTES: setting({
    schema: wholeNumber(1024, 2 ** 31 - 1),
    fallback: String(200 * 1024 * 1024),
    form: { vi: 'số byte', en: 'number of bytes' },
    meaning: { vi: 'Kích thước lớn nhất của một tệp PDF.', en: 'Largest PDF taken anywhere.' },
  }),
  BODY_TIMEOUT_SECONDS: setting({
    schema: wholeNumber(1, 3600),
    fallback: '30',
    form: { vi: 'số 1–3600', en: 'number 1–3600' },
    meaning: {
      vi: 'Toàn bộ nội dung của một yêu cầu phải đến trong thời gian này.',
      en: 'The whole body of a request must arrive within this time.',
    },
  }),
  RATE_LIMIT_KEY: setting({
    schema: wholeNumber(1, 10_000_000),
    fallback: '12000',
    form: PER_MINUTE,
    meaning: {
      vi: 'Số yêu cầu mỗi phút của một khóa API; mỗi tiến trình đếm riêng.',
      en: 'Requests a minute of one API key; each process counts for itself.',
    },
  }),
  RATE_LIMIT_ADDRESS: setting({
    schema: wholeNumber(1, 10_000_000),
    fallback: '24000',
    form: PER_MINUTE,
    meaning: {
      vi: 'Số yêu cầu mỗi phút từ một địa chỉ mạng; mỗi tiến trình đếm riêng.',
      en: 'Requests a minute from one network address; each process counts for itself.',
    },
  }),
  RATE_LIMIT_LOOKUP: setting({
    schema: wholeNumber(1, 10_000_000),
    fallback: '60',
    form: PER_MINUTE,
    meaning: {
      vi: 'Số lượt tra cứu (và số lần dùng khóa API sai) mỗi phút từ một địa chỉ mạng; mỗi tiến trình đếm riêng.',
      en: 'Lookups (and, apart from them, refused API keys) a minute from one network address; each process counts for itself.',
    },
  }),
  TRUSTED_PROXIES: setting({
    schema: hostList.pipe(z.array(addressRange)),
    fallback: '',
    form: {
      vi: 'các địa chỉ IP hoặc dải `IP/số bit`, cách nhau bằng dấu phẩy',
      en: 'IP addresses or ranges `IP/bits`, separated by commas',
    },
    meaning: {
      vi: 'Proxy ngược đứng trước máy chủ: chỉ `X-Forwarded-For` của chúng mới được tin.',
      en: 'Reverse proxies before this server: only their `X-Forwarded-For` is believed.',
    },
  }),
  WORKER_CONCURRENCY: setting({
    schema: wholeNumber(1, 64),
    fallback: '4',
    form: { vi: 'số 1–64', en: 'number 1–64' },
    meaning: { vi: 'Số tác vụ chạy cùng lúc.', en: 'Jobs at once.' },
  }),
  ARCHIVE_IMMUTABLE_FLAG: setting({
    schema: yesOrNo.optional(),
    form: YES_NO,
    meaning: {
      vi: 'Gắn cờ bất biến (`chattr +i`) cho tệp lưu trữ nếu được phép. Mặc định: yes khi MODE=legal, no khi demo.',
      en: 'Set the immutable flag (`chattr +i`) on archived files where allowed. Default: yes with MODE=legal, no with demo.',
    },
  }),
  HTTPS_PROXY: setting({
    schema: httpUrl.optional(),
    secret: true,
    form: URL_FORM,
    meaning: { vi: 'Proxy cho các dịch vụ bên ngoài.', en: 'Proxy to outside services.' },
  }),
  NO_PROXY: setting({
    schema: z.string(),
    fallback: '',
    form: { vi: 'các tên máy, cách nhau bằng dấu phẩy', en: 'host names, separated by commas' },
    meaning: { vi: 'Các máy không đi qua proxy.', en: 'Hosts reached without the proxy.' },
  }),
  LOG_LEVEL: setting({
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    fallback: 'info',
    form: { vi: '`debug`, `info`, `warn` hoặc `error`', en: '`debug`, `info`, `warn` or `error`' },
    meaning: { vi: 'Mức chi tiết của nhật ký máy chủ.', en: 'How much the server log tells.' },
  }),
} as const;

type SettingName = keyof typeof SETTINGS;

/** The settings as values, by their names. Optional ones are `undefined` when not set. */
export type Config = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> };

const NAMES = Object.keys(SETTINGS) as SettingName[];

/** Settings that hold or may hold a secret: best given as files, never shown. */
export const SECRET_SETTINGS = NAMES.filter((name) => (SETTINGS[name] as Setting<z.ZodType>).secret === true);

/**
 * Reads and checks every setting. `environment` is the process's own unless given; entries of `overrides` (command line
 * options) win over it. @throws CONFIG_INVALID with all mistakes; values are not repeated in them, since they may be secrets.
 */
export function loadConfig(
  overrides: Partial<Record<SettingName, string | undefined>> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const mistakes: InputMistake[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of NAMES) {
    const { schema, form, ...rest }: Setting<z.ZodType> = SETTINGS[name];
    try {
      const text = overrides[name] ?? fromEnvironment(name, environment) ?? rest.fallback;
      const parsed = schema.safeParse(text);
      if (parsed.success) values[name] = parsed.data;
      else mistakes.push(mistake(name, `cần là ${form.vi}`, `must be: ${form.en}`));
    } catch (error) {
      if (!(error instanceof SettingFileError)) throw error;
      mistakes.push(mistake(`${name}_FILE`, error.vi, error.message));
    }
  }
  if (values.S3_ENDPOINT !== undefined) {
    for (const name of ['S3_ACCESS_KEY', 'S3_SECRET_KEY'] as const) {
      if (values[name] === undefined)
        mistakes.push(mistake(name, 'bắt buộc khi có S3_ENDPOINT', 'is required with S3_ENDPOINT'));
    }
  }
  if (mistakes.length > 0) throw new AppError('CONFIG_INVALID', { mistakes, detail: summary(mistakes) });
  values.ARCHIVE_IMMUTABLE_FLAG ??= values.MODE === 'legal';
  return values as Config;
}

class SettingFileError extends Error {
  readonly vi: string;
  constructor(vi: string, en: string) {
    super(en);
    this.vi = vi;
  }
}

/** The value itself, or the contents of the file that `NAME_FILE` names, without the final line feed. Empty counts as not set. */
function fromEnvironment(name: string, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const value = environment[name]?.trim() || undefined;
  const file = environment[`${name}_FILE`]?.trim() || undefined;
  if (file === undefined) return value;
  if (value !== undefined) {
    throw new SettingFileError(`không đặt cùng lúc ${name} và ${name}_FILE`, `${name} and ${name}_FILE are both set`);
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new SettingFileError('không đọc được tệp', 'the file cannot be read');
  }
}

function mistake(name: string, vi: string, en: string): InputMistake {
  return { path: `/${name}`, code: 'CONFIG_INVALID', vi: `${name} ${vi}`, en: `${name} ${en}` };
}

function summary(mistakes: readonly InputMistake[]): BilingualText {
  return { vi: mistakes.map(({ vi }) => vi).join('; '), en: mistakes.map(({ en }) => en).join('; ') };
}

/** The settings as lines `NAME=value`, for people who set a machine up anew. Of secrets only that they are set. */
export function settingsText(config: Config): string {
  const lines = NAMES.flatMap((name) => {
    const { secret }: Setting<z.ZodType> = SETTINGS[name];
    const value: unknown = config[name];
    if (value === undefined) return [];
    if (secret === true) return [`# ${name}: (bí mật, không lưu ở đây · secret, not kept here)`];
    if (typeof value === 'boolean') return [`${name}=${value ? 'yes' : 'no'}`];
    return [`${name}=${Array.isArray(value) ? value.join(',') : String(value)}`];
  });
  return `${lines.join('\n')}\n`;
}

/** The settings as a Markdown table, for the documentation. */
export function configTable(language: 'vi' | 'en'): string {
  const heads = { vi: ['Tên', 'Giá trị', 'Mặc định', 'Ý nghĩa'], en: ['Name', 'Value', 'Default', 'Meaning'] };
  const rows = NAMES.map((name) => {
    const { form, fallback, meaning }: Setting<z.ZodType> = SETTINGS[name];
    const usual = fallback === undefined || fallback === '' ? '–' : `\`${fallback}\``;
    return [`\`${name}\``, form[language], usual, meaning[language]];
  });
  const lines = [heads[language], heads[language].map(() => '---'), ...rows];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** sd_listen_fds(3): the first descriptor after standard input, output and error. */
const FIRST_PASSED_SOCKET = 3;

/**
 * The listening socket that systemd opened for this process and keeps open when it ends: whoever connects during a restart waits
 * for the next process. Undefined if there is none. @throws CONFIG_INVALID when there are several.
 */
export function heldSocket(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  pid = process.pid,
): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  if (LISTEN_PID !== String(pid)) return undefined;
  if (LISTEN_FDS === '1') return FIRST_PASSED_SOCKET;
  const mistakes = [mistake('LISTEN_FDS', 'phải là 1: một tiến trình, một cổng', 'must be 1: one process, one port')];
  throw new AppError('CONFIG_INVALID', { mistakes, detail: summary(mistakes) });
}
