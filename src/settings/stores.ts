/** Database, queue and object store. */
import { z } from 'zod';
import { httpUrl, numberEach, setting, URL_FORM, wholeNumber, YES_NO, yesOrNo } from './setting.ts';

export const STORES = {
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
  WORKER_CONCURRENCY: setting({
    schema: wholeNumber(1, 64),
    fallback: '4',
    form: { vi: 'số 1–64', en: 'number 1–64' },
    meaning: { vi: 'Số tác vụ chạy cùng lúc.', en: 'Jobs at once.' },
  }),
  WORKER_QUEUE_LIMITS: setting({
    schema: numberEach(['seal', 'timestamp', 'extend', 'archive'], 1, 64).optional(),
    form: { vi: 'ví dụ `extend=2,timestamp=1`', en: 'for instance `extend=2,timestamp=1`' },
    meaning: {
      vi: 'Số tác vụ tối đa cùng lúc của từng loại (`seal`, `timestamp`, `extend`, `archive`), trong WORKER_CONCURRENCY, khi có REDIS_URL. Không đặt: mọi loại như nhau, riêng `timestamp` một phần tư.',
      en: 'Most jobs of a kind at once (`seal`, `timestamp`, `extend`, `archive`), within WORKER_CONCURRENCY, with REDIS_URL. Not set: all alike, but `timestamp` a quarter.',
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
  ARCHIVE_IMMUTABLE_FLAG: setting({
    schema: yesOrNo.optional(),
    form: YES_NO,
    meaning: {
      vi: 'Gắn cờ bất biến (`chattr +i`) cho tệp lưu trữ nếu được phép. Mặc định: yes khi MODE=legal, no khi demo.',
      en: 'Set the immutable flag (`chattr +i`) on archived files where allowed. Default: yes with MODE=legal, no with demo.',
    },
  }),
} as const;
