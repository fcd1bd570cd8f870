import type { Problem } from './problem.ts';

/** What an object store over the network may do to us. `upstream` is tried again: somebody else may mend it meanwhile. */
export const STORAGE_PROBLEMS = {
  STORE_UNREACHABLE: {
    kind: 'upstream',
    title: { vi: 'Không kết nối được kho đối tượng S3', en: 'The S3 object store cannot be reached' },
    mend: {
      vi: 'Kiểm tra S3_ENDPOINT, mạng, chứng thư TLS và máy chủ của kho; chạy `antin doctor`.',
      en: 'Check S3_ENDPOINT, the network, the TLS certificate and the server of the store; run `antin doctor`.',
    },
  },
  STORE_UNAVAILABLE: {
    kind: 'upstream',
    title: { vi: 'Kho đối tượng S3 đang gặp sự cố', en: 'The S3 object store is out of order' },
    mend: {
      vi: 'Xem nhật ký máy chủ của kho; việc đang làm được tự động thử lại.',
      en: 'Read the server log of the store; the work is tried again by itself.',
    },
  },
  STORE_FULL: {
    kind: 'upstream',
    title: { vi: 'Kho đối tượng S3 đã đầy', en: 'The S3 object store is full' },
    mend: {
      vi: 'Thêm dung lượng cho kho; việc đang làm được tự động thử lại.',
      en: 'Add room to the store; the work is tried again by itself.',
    },
  },
  STORE_KEYS_REFUSED: {
    kind: 'upstream',
    title: { vi: 'Kho đối tượng S3 từ chối khóa truy cập', en: 'The S3 object store refuses the access keys' },
    mend: {
      vi: 'Sửa S3_ACCESS_KEY và S3_SECRET_KEY, hoặc cấp quyền cho khóa này trên hai vùng chứa.',
      en: 'Correct S3_ACCESS_KEY and S3_SECRET_KEY, or grant this key rights to both buckets.',
    },
  },
  STORE_ACCOUNT_REFUSED: {
    kind: 'upstream',
    title: {
      vi: 'Không tạo được tài khoản của chương trình trong kho MinIO',
      en: 'The account of the program cannot be made in the MinIO store',
    },
    mend: {
      vi: 'Kiểm tra S3_ADMIN_ACCESS_KEY và S3_ADMIN_SECRET_KEY (tài khoản quản trị của MinIO). Kho không phải MinIO: bỏ hai mục này và tạo tài khoản bằng công cụ của kho.',
      en: 'Check S3_ADMIN_ACCESS_KEY and S3_ADMIN_SECRET_KEY (the administrator of MinIO). Where the store is no MinIO: leave both out and make the account with its own tools.',
    },
  },
  STORE_CLOCK_SKEWED: {
    kind: 'upstream',
    title: {
      vi: 'Đồng hồ của máy này và của kho đối tượng S3 lệch nhau',
      en: 'The clocks of this machine and of the S3 object store differ',
    },
    mend: { vi: 'Chỉnh đồng hồ cả hai máy bằng NTP.', en: 'Set both clocks by NTP.' },
  },
  STORE_BUCKET_MISSING: {
    kind: 'upstream',
    title: { vi: 'Vùng chứa không có trong kho đối tượng S3', en: 'The S3 object store has no such bucket' },
    mend: {
      vi: 'Kiểm tra S3_ARCHIVE_BUCKET và S3_WORK_BUCKET; chạy `antin doctor --fix` để tạo vùng chứa.',
      en: 'Check S3_ARCHIVE_BUCKET and S3_WORK_BUCKET; `antin doctor --fix` makes the buckets.',
    },
  },
  STORE_BUCKET_UNFIT: {
    kind: 'upstream',
    title: {
      vi: 'Vùng chứa chưa bật khóa đối tượng hoặc lưu phiên bản',
      en: 'The bucket has no Object Lock or no versioning',
    },
    mend: {
      vi: 'Chạy `antin doctor --fix`; nếu vùng chứa không khóa được, tạo vùng chứa mới và đổi S3_ARCHIVE_BUCKET.',
      en: 'Run `antin doctor --fix`; if the bucket cannot be locked, make a new one and change S3_ARCHIVE_BUCKET.',
    },
  },
  STORE_REFUSED: {
    kind: 'upstream',
    title: { vi: 'Kho đối tượng S3 từ chối yêu cầu', en: 'The S3 object store refused a request' },
    mend: {
      vi: 'Xem mã lỗi của kho trong chi tiết; chạy `antin doctor` và `antin worm-probe`.',
      en: "See the store's own code in the detail; run `antin doctor` and `antin worm-probe`.",
    },
  },
  STORE_LOCK_NOT_KEPT: {
    kind: 'integrity',
    title: {
      vi: 'Kho đối tượng S3 nhận tài liệu nhưng không khóa đúng như yêu cầu',
      en: 'The S3 object store took the object and did not lock it as asked',
    },
    mend: {
      vi: 'Không dùng kho này để lưu trữ; chạy `antin worm-probe`.',
      en: 'Do not archive in this store; run `antin worm-probe`.',
    },
  },
} as const satisfies Record<string, Problem>;
