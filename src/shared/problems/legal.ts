/** Why legal mode does not start. All that apply are told at once, as mistakes of LEGAL_MODE_REFUSED. */
import type { Problem } from './problem.ts';

export const LEGAL_PROBLEMS = {
  LEGAL_MODE_REFUSED: {
    kind: 'conflict',
    title: {
      vi: 'Chưa đủ điều kiện chạy ở chế độ có giá trị pháp lý',
      en: 'The conditions of legal mode are not met',
    },
    mend: {
      vi: 'Sửa từng điều được liệt kê, xem lại bằng `antin doctor`, rồi khởi động lại; muốn chạy thử thì dùng MODE=demo.',
      en: 'Mend each listed point, look again with `antin doctor`, then start; to try things out, use MODE=demo.',
    },
  },
  LEGAL_DEVELOPMENT_TRUST: {
    kind: 'conflict',
    title: {
      vi: 'TRUST_DIR có chứng thư gốc của tổ chức chứng thực dùng thử',
      en: 'TRUST_DIR holds anchors of a throw-away authority',
    },
    mend: {
      vi: 'Xóa các tệp đó; chỉ giữ chứng thư gốc của các tổ chức cung cấp dịch vụ tin cậy được cấp phép.',
      en: 'Remove those files; keep only the roots of licensed trust service providers.',
    },
  },
  LEGAL_NO_TRUST_ANCHORS: {
    kind: 'conflict',
    title: {
      vi: 'TRUST_DIR thiếu chứng thư gốc: không chữ ký hoặc dấu thời gian nào được tin cậy',
      en: 'TRUST_DIR lacks anchors: no signature or no time-stamp would be trusted',
    },
    mend: {
      vi: 'Đặt chứng thư gốc (PEM) của tổ chức chứng thực vào `signers/` và của dịch vụ dấu thời gian vào `tsa/`.',
      en: 'Put the roots (PEM) of the signers’ authorities into `signers/` and those of the time-stamp services into `tsa/`.',
    },
  },
  LEGAL_NO_TSA: {
    kind: 'conflict',
    title: { vi: 'Chưa có dịch vụ cấp dấu thời gian', en: 'No time-stamp authority is set' },
    mend: {
      vi: 'Đặt TSA_URLS là địa chỉ của dịch vụ cấp dấu thời gian được cấp phép.',
      en: 'Set TSA_URLS to the address of a licensed time-stamp service.',
    },
  },
  LEGAL_WORM_PROBE: {
    kind: 'conflict',
    title: {
      vi: 'Kho lưu trữ chưa được chứng minh là không sửa, không xóa được',
      en: 'The archive store has not been proved to keep what it locks',
    },
    mend: {
      vi: 'Chạy `antin worm-probe` và sửa những điểm kho không đạt; kết quả có giá trị một ngày và tiến trình xử lý tự kiểm tra lại hằng ngày.',
      en: 'Run `antin worm-probe` and mend what the store fails; a result counts for a day, and workers repeat it daily.',
    },
  },
  LEGAL_FILESYSTEM_ARCHIVE: {
    kind: 'conflict',
    title: {
      vi: 'Kho lưu trữ duy nhất là hệ thống tệp: người có quyền root xóa được',
      en: 'The only archive is the file system: root can remove it',
    },
    mend: {
      vi: 'Dùng kho S3 có Object Lock (S3_ENDPOINT); hoặc người chịu trách nhiệm chấp nhận rủi ro bằng CLINIC_STORE_ACCEPTED_BY=<họ tên>.',
      en: 'Use an S3 store with Object Lock (S3_ENDPOINT), or let the person in charge accept it: CLINIC_STORE_ACCEPTED_BY=<name>.',
    },
  },
  LEGAL_SOFTWARE_KEYS: {
    kind: 'conflict',
    title: {
      vi: 'Có chứng thư số mà khóa được giữ bằng phần mềm (PKCS#12)',
      en: 'Keys of certificates are kept in software (PKCS#12)',
    },
    mend: {
      vi: 'Thu hồi các khóa đó và ký bằng thiết bị (USB token, HSM) hoặc ký số từ xa; hoặc người chịu trách nhiệm chấp nhận bằng SOFTWARE_KEYS_ACCEPTED_BY=<họ tên>, mọi báo cáo kiểm tra sẽ ghi rõ điều đó.',
      en: 'Withdraw them and sign with devices (USB token, HSM) or remote signing, or let the person in charge accept it: SOFTWARE_KEYS_ACCEPTED_BY=<name>; every validation report then says so.',
    },
  },
  LEGAL_DEFAULT_USERS: {
    kind: 'conflict',
    title: {
      vi: 'Cơ sở dữ liệu là của bản thử, có bệnh viện thử với khóa API và mã PIN ai cũng biết',
      en: 'The database is that of a demonstration, with the demo hospital, its API keys and its known PINs',
    },
    mend: {
      vi: 'Dùng cơ sở dữ liệu và DATA_DIR mới, rồi `antin facility add` và `antin key add`.',
      en: 'Use a new database and DATA_DIR, then `antin facility add` and `antin key add`.',
    },
  },
  LEGAL_UPSTREAM_WITHOUT_TLS: {
    kind: 'conflict',
    title: { vi: 'Kết nối ra ngoài không được mã hóa', en: 'A connection to a service is not encrypted' },
    mend: {
      vi: 'Dùng https, rediss, hoặc sslmode=verify-full; nếu máy đó chỉ có kết nối thường thì ghi tên máy vào UNENCRYPTED_HOSTS.',
      en: 'Use https, rediss, or sslmode=verify-full; if that host offers nothing else, list it in UNENCRYPTED_HOSTS.',
    },
  },
  LEGAL_NO_PUBLIC_ADDRESS: {
    kind: 'conflict',
    title: {
      vi: 'Chưa có địa chỉ tra cứu công khai (https) để in trên giấy',
      en: 'There is no public https address to print on papers',
    },
    mend: {
      vi: 'Đặt PUBLIC_BASE_URL là địa chỉ https của trang tra cứu.',
      en: 'Set PUBLIC_BASE_URL to the https address of the lookup page.',
    },
  },
  LEGAL_REDIS_UNSAFE: {
    kind: 'conflict',
    title: {
      vi: 'Redis có thể bỏ tác vụ khi đầy bộ nhớ hoặc khởi động lại',
      en: 'Redis may drop jobs when its memory is full or when it restarts',
    },
    mend: {
      vi: 'Đặt `maxmemory-policy noeviction` và `appendonly yes` cho Redis.',
      en: 'Set `maxmemory-policy noeviction` and `appendonly yes` in Redis.',
    },
  },
  LEGAL_DATABASE_FOR_DEMO: {
    kind: 'conflict',
    title: {
      vi: 'Cơ sở dữ liệu này thuộc chế độ có giá trị pháp lý',
      en: 'This database belongs to a legal installation',
    },
    mend: {
      vi: 'Chạy thử bằng cơ sở dữ liệu và DATA_DIR khác, hoặc đặt MODE=legal.',
      en: 'Try things out on another database and DATA_DIR, or set MODE=legal.',
    },
  },
} as const satisfies Record<string, Problem>;
