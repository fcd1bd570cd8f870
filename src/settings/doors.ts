/** Where people and systems come in, and how much they may ask for. */
import { z } from 'zod';
import { addressRange, hostList, httpUrl, PER_MINUTE, setting, URL_FORM, wholeNumber } from './setting.ts';

export const DOORS = {
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
  METRICS_PORT: setting({
    schema: wholeNumber(0, 65_535).optional(),
    form: { vi: 'số 0–65535', en: 'number 0–65535' },
    meaning: {
      vi: 'Cổng riêng của `/metrics`, `/healthz`, `/readyz`. Không đặt: không mở.',
      en: 'Port of its own for `/metrics`, `/healthz`, `/readyz`. Not set: not opened.',
    },
  }),
  PUBLIC_BASE_URL: setting({
    schema: httpUrl.transform((url) => url.replace(/\/+$/, '')).optional(),
    form: URL_FORM,
    meaning: {
      vi: 'Địa chỉ mà người ngoài dùng để tra cứu; được in thành mã QR trên giấy. Bắt buộc khi MODE=legal.',
      en: 'Address under which outsiders look papers up; printed as QR code. Required with MODE=legal.',
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
} as const;
