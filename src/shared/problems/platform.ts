import type { Problem } from './problem.ts';

export const PLATFORM_PROBLEMS = {
  DATA_DIR_IN_USE: {
    kind: 'conflict',
    title: {
      vi: 'Thư mục dữ liệu đang được một tiến trình khác sử dụng',
      en: 'The data directory is in use by another process',
    },
    mend: {
      vi: 'Dừng tiến trình được nêu, hoặc chọn thư mục khác bằng DATA_DIR.',
      en: 'Stop the named process, or choose another directory with DATA_DIR.',
    },
  },
  DATABASE_START_FAILED: {
    kind: 'internal',
    title: { vi: 'Không khởi động được cơ sở dữ liệu nhúng', en: 'The embedded database did not start' },
    mend: {
      vi: 'Xem tệp nhật ký của cơ sở dữ liệu được nêu trong chi tiết; chạy `antin doctor`.',
      en: 'Read the database log named in the detail; run `antin doctor`.',
    },
  },
  DATABASE_UNREACHABLE: {
    kind: 'upstream',
    title: { vi: 'Không kết nối được cơ sở dữ liệu', en: 'The database cannot be reached' },
    mend: {
      vi: 'Kiểm tra DATABASE_URL, mạng và máy chủ PostgreSQL.',
      en: 'Check DATABASE_URL, the network and the PostgreSQL server.',
    },
  },
  SCHEMA_UNKNOWN: {
    kind: 'conflict',
    title: {
      vi: 'Cơ sở dữ liệu thuộc về một phiên bản mới hơn hoặc khác',
      en: 'The database belongs to a newer or a different version',
    },
    mend: {
      vi: 'Dùng đúng phiên bản antin đã tạo ra dữ liệu này, hoặc phiên bản mới hơn.',
      en: 'Run the version of antin that made this data, or a newer one.',
    },
  },
  SCHEMA_OUTDATED: {
    kind: 'conflict',
    title: { vi: 'Cơ sở dữ liệu chưa được nâng cấp', en: 'The database has not been migrated' },
    mend: {
      vi: 'Chạy `antin migrate` một lần, rồi khởi động lại. Cơ sở dữ liệu nhúng được nâng cấp khi chạy `antin start`.',
      en: 'Run `antin migrate` once, then start again. An embedded database is brought up to date by `antin start`.',
    },
  },
  LEASE_LOST: {
    kind: 'stale',
    title: { vi: 'Tác vụ nền đã được giao cho tiến trình khác', en: 'The job now belongs to another worker' },
    mend: {
      vi: 'Không cần làm gì: tiến trình đang giữ tác vụ sẽ hoàn thành nó.',
      en: 'Nothing to do: the worker that holds the job will finish it.',
    },
  },
  WORKER_DIED: {
    kind: 'internal',
    title: {
      vi: 'Tiến trình xử lý dừng đột ngột ở mọi lần thực hiện tác vụ nền',
      en: 'The worker ended during every try of the job',
    },
    mend: {
      vi: 'Xem nhật ký máy chủ (bộ nhớ, đĩa), rồi chạy lại tác vụ.',
      en: 'Read the server log (memory, disk), then restart the job.',
    },
  },
  OBJECT_KEY_INVALID: {
    kind: 'invalid',
    title: { vi: 'Khóa đối tượng không hợp lệ', en: 'The object key is not valid' },
    mend: {
      vi: 'Khóa chỉ gồm các đoạn chữ cái ASCII, chữ số, `.`, `_`, `-`, ngăn cách bởi `/`.',
      en: 'A key consists of segments of ASCII letters, digits, `.`, `_`, `-`, separated by `/`.',
    },
  },
  OBJECT_NOT_FOUND: {
    kind: 'not-found',
    title: { vi: 'Không có đối tượng này trong kho', en: 'The store has no such object' },
    mend: {
      vi: 'Kiểm tra khóa và mã phiên bản; chạy `antin fsck`.',
      en: 'Check the key and the version id; run `antin fsck`.',
    },
  },
  OBJECT_KEY_TAKEN: {
    kind: 'conflict',
    title: { vi: 'Khóa này đã chứa dữ liệu khác', en: 'The key already holds other bytes' },
    mend: {
      vi: 'Không ghi đè được đối tượng lưu trữ; dùng khóa mới.',
      en: 'Stored objects cannot be overwritten; use a new key.',
    },
  },
  DIGEST_MISMATCH: {
    kind: 'integrity',
    title: {
      vi: 'Dữ liệu đọc được không khớp giá trị băm đã ghi',
      en: 'The bytes read do not match the recorded digest',
    },
    mend: {
      vi: 'Không dùng tệp này. Báo ngay người phụ trách; chạy `antin fsck` và khôi phục từ bản sao lưu.',
      en: 'Do not use the file. Alert the person in charge; run `antin fsck` and restore from a backup copy.',
    },
  },
  RETENTION_ACTIVE: {
    kind: 'locked',
    title: { vi: 'Chưa hết thời hạn lưu trữ', en: 'The retention period has not ended' },
    mend: {
      vi: 'Không thể xóa hoặc rút ngắn thời hạn trước ngày được nêu.',
      en: 'Nothing can be deleted or shortened before the stated date.',
    },
  },
  LEGAL_HOLD_ACTIVE: {
    kind: 'locked',
    title: { vi: 'Đối tượng đang bị tạm dừng xử lý', en: 'The object is under legal hold' },
    mend: {
      vi: 'Gỡ mọi lệnh tạm dừng xử lý trước khi hủy.',
      en: 'Release every hold before the object is destroyed.',
    },
  },
  RETENTION_UNKNOWN: {
    kind: 'integrity',
    title: { vi: 'Mất thông tin thời hạn lưu trữ của đối tượng', en: 'The retention of the object is lost' },
    mend: {
      vi: 'Ghi lại đúng nội dung cũ để khôi phục thông tin thời hạn; trước đó không xóa được đối tượng.',
      en: 'Put the same bytes again to restore the retention; until then the object cannot be deleted.',
    },
  },
  CLOCK_UNTRUSTED: {
    kind: 'conflict',
    title: { vi: 'Đồng hồ máy chủ không đáng tin', en: 'The clock of the server cannot be trusted' },
    mend: {
      vi: 'Chỉnh lại đồng hồ (NTP) rồi khởi động lại; trước đó không hủy gì cả.',
      en: 'Set the clock (NTP), then start again; nothing is destroyed before.',
    },
  },
  API_KEY_MISSING: {
    kind: 'unauthenticated',
    title: { vi: 'Thiếu khóa API', en: 'No API key was sent' },
    mend: {
      vi: 'Gửi tiêu đề `Authorization: Bearer antin_…`.',
      en: 'Send the header `Authorization: Bearer antin_…`.',
    },
  },
  API_KEY_REFUSED: {
    kind: 'unauthenticated',
    title: { vi: 'Khóa API không đúng hoặc đã bị thu hồi', en: 'The API key is wrong or revoked' },
    mend: { vi: 'Xin quản trị viên cấp khóa mới.', en: 'Ask the administrator for a new key.' },
  },
  ROLE_REQUIRED: {
    kind: 'forbidden',
    title: { vi: 'Không có quyền thực hiện việc này', en: 'This needs a role that you do not have' },
    mend: { vi: 'Dùng khóa có vai trò được nêu.', en: 'Use a key with the named role.' },
  },
  IDEMPOTENCY_KEY_INVALID: {
    kind: 'invalid',
    title: { vi: 'Idempotency-Key không hợp lệ', en: 'The Idempotency-Key is not valid' },
    mend: { vi: 'Dùng 1–255 ký tự ASCII in được.', en: 'Use 1 to 255 printable ASCII characters.' },
  },
  IDEMPOTENCY_IN_PROGRESS: {
    kind: 'conflict',
    title: {
      vi: 'Yêu cầu cùng Idempotency-Key đang được xử lý',
      en: 'A request with this Idempotency-Key is in progress',
    },
    mend: { vi: 'Chờ vài giây rồi gửi lại.', en: 'Wait some seconds and send it again.' },
  },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'invalid',
    title: {
      vi: 'Idempotency-Key đã dùng cho một yêu cầu khác',
      en: 'The Idempotency-Key was used for a different request',
    },
    mend: { vi: 'Dùng khóa mới cho yêu cầu mới.', en: 'Use a new key for a new request.' },
  },
  AUDIT_LOG_BROKEN: {
    kind: 'integrity',
    title: { vi: 'Nhật ký không còn nguyên vẹn', en: 'The audit log is not intact' },
    mend: {
      vi: 'Giữ nguyên hiện trạng và báo ngay người phụ trách.',
      en: 'Keep everything as it is and alert the person in charge.',
    },
  },
} as const satisfies Record<string, Problem>;
