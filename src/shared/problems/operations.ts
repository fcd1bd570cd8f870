/** What readiness and `antin doctor` may find, and what protects the server from too much at once. */
import type { Problem } from './problem.ts';

export const OPERATION_PROBLEMS = {
  PROCESS_LEAVING: {
    kind: 'internal',
    title: { vi: 'Tiến trình đang dừng', en: 'The process is ending' },
    mend: { vi: 'Gửi yêu cầu tới tiến trình khác.', en: 'Send requests to another process.' },
  },
  PORT_UNAVAILABLE: {
    kind: 'conflict',
    title: { vi: 'Không mở được cổng mạng', en: 'The network port cannot be opened' },
    mend: {
      vi: 'EADDRINUSE: chương trình khác đang dùng cổng đó; dừng nó hoặc đặt PORT (METRICS_PORT) khác. EACCES: cổng dưới 1024 cần quyền riêng. EADDRNOTAVAIL: HOST không phải là địa chỉ của máy này.',
      en: 'EADDRINUSE: another program has it; stop that one or set another PORT (METRICS_PORT). EACCES: ports below 1024 need a privilege. EADDRNOTAVAIL: HOST is no address of this machine.',
    },
  },
  RATE_LIMITED: {
    kind: 'limited',
    title: { vi: 'Quá nhiều yêu cầu trong thời gian ngắn', en: 'Too many requests in a short time' },
    mend: {
      vi: 'Chờ số giây ghi ở tiêu đề `Retry-After` rồi gửi lại.',
      en: 'Wait for the seconds that `Retry-After` names, then send again.',
    },
  },
  REQUEST_HEADERS_TOO_LARGE: {
    kind: 'invalid',
    title: { vi: 'Phần tiêu đề của yêu cầu quá lớn', en: 'The headers of the request are too large' },
    mend: {
      vi: 'Gửi tiêu đề không quá 16 KiB và không quá 100 dòng.',
      en: 'Send headers of at most 16 KiB and at most 100 lines.',
    },
  },
  WORK_STORE_UNREACHABLE: {
    kind: 'upstream',
    title: { vi: 'Không dùng được kho làm việc', en: 'The work store cannot be used' },
    mend: {
      vi: 'Kiểm tra máy chủ S3 (hoặc ổ đĩa của DATA_DIR), tài khoản và vùng chứa; chạy `antin doctor`.',
      en: 'Check the S3 server (or the disk of DATA_DIR), its account and buckets; run `antin doctor`.',
    },
  },
  DISK_NEARLY_FULL: {
    kind: 'internal',
    title: { vi: 'Ổ đĩa của DATA_DIR sắp đầy', en: 'The disk of DATA_DIR is nearly full' },
    mend: { vi: 'Giải phóng hoặc mở rộng ổ đĩa.', en: 'Free or enlarge the disk.' },
  },
  WORK_NOT_DONE: {
    kind: 'internal',
    title: {
      vi: 'Tác vụ đã đến hạn mà không tiến trình nào xử lý',
      en: 'Jobs are due and no worker takes them',
    },
    mend: {
      vi: 'Kiểm tra `antin worker` có đang chạy không; xem nhật ký của nó.',
      en: 'Check whether `antin worker` runs, and its log.',
    },
  },
  WORK_STOPPED: {
    kind: 'internal',
    title: { vi: 'Có tác vụ đã dừng, chờ người xử lý', en: 'Jobs gave up and wait for a person' },
    mend: {
      vi: 'Xem nguyên nhân ở `/v1/operations/stopped`, khắc phục rồi cho chạy lại.',
      en: 'See the causes at `/v1/operations/stopped`, mend them, restart the jobs.',
    },
  },
  ARCHIVE_FINDINGS: {
    kind: 'integrity',
    title: {
      vi: 'Đợt rà soát thấy điểm bất thường trong kho lưu trữ',
      en: 'Sweeps found something wrong in the archive',
    },
    mend: {
      vi: 'Chạy `antin fsck`, giữ nguyên hiện trạng và báo người phụ trách lưu trữ.',
      en: 'Run `antin fsck`, leave everything as it is, and alert the person in charge of the archive.',
    },
  },
  TSA_RESTING: {
    kind: 'upstream',
    title: {
      vi: 'Mọi dịch vụ cấp dấu thời gian đang tạm nghỉ sau nhiều lần lỗi',
      en: 'Every time-stamp authority is left alone after failures',
    },
    mend: {
      vi: 'Kiểm tra TSA_URLS, đường truyền và hạn mức; trong lúc đó dấu thời gian được nợ và trả sau.',
      en: 'Check TSA_URLS, the line and the quota; time-stamps are owed meanwhile and paid later.',
    },
  },
  WORM_PROBE_FAILED: {
    kind: 'integrity',
    title: {
      vi: 'Kho lưu trữ không qua được lần kiểm tra khóa gần nhất',
      en: 'The archive store failed its latest lock probe',
    },
    mend: { vi: 'Chạy `antin worm-probe` để xem từng điểm.', en: 'Run `antin worm-probe` to see each point.' },
  },
  WORM_PROBE_OLD: {
    kind: 'integrity',
    title: {
      vi: 'Kho lưu trữ chưa được kiểm tra khóa trong ngày qua',
      en: 'The archive store has not been probed within a day',
    },
    mend: {
      vi: 'Chạy `antin worm-probe`; tiến trình xử lý phải tự kiểm tra hằng ngày.',
      en: 'Run `antin worm-probe`; workers should do it daily.',
    },
  },
  CERTIFICATE_ENDS_SOON: {
    kind: 'conflict',
    title: { vi: 'Chứng thư số sắp hết hạn', en: 'A certificate ends soon' },
    mend: {
      vi: 'Gia hạn và đăng ký chứng thư số mới trước ngày đó.',
      en: 'Renew it and enrol the new one before that day.',
    },
  },
  CLOCK_WRONG: {
    kind: 'upstream',
    title: { vi: 'Đồng hồ máy chủ lệch', en: 'The clock of the server is off' },
    mend: {
      vi: 'Đồng bộ đồng hồ bằng NTP (chrony). Đến lúc đó tiến trình này không tiếp nhận, không ký và không chạy tác vụ; không mất gì cả.',
      en: 'Synchronize the clock by NTP (chrony). Until then this process takes nothing in, signs nothing and runs no jobs; nothing is lost.',
    },
  },
  SOFTWARE_KEY_REFUSED: {
    kind: 'forbidden',
    title: {
      vi: 'Chế độ có giá trị pháp lý không nhận khóa giữ bằng phần mềm',
      en: 'Legal mode takes no keys kept in software',
    },
    mend: {
      vi: 'Dùng thiết bị ký hoặc ký số từ xa; hoặc đặt SOFTWARE_KEYS_ACCEPTED_BY=<họ tên người chấp nhận>.',
      en: 'Use a device or remote signing, or set SOFTWARE_KEYS_ACCEPTED_BY=<name of who accepts it>.',
    },
  },
} as const satisfies Record<string, Problem>;
