import type { Problem } from './problem.ts';

export const ARCHIVE_PROBLEMS = {
  POLICY_INVALID: {
    kind: 'invalid',
    title: { vi: 'Quy tắc lưu trữ không hợp lệ', en: 'A retention policy is not valid' },
    mend: {
      vi: 'Sửa các mục được liệt kê trong thư mục quy tắc lưu trữ rồi chạy `antin policy check`.',
      en: 'Correct what is listed in the policies directory, then run `antin policy check`.',
    },
  },
  POLICY_CHANGED: {
    kind: 'conflict',
    title: {
      vi: 'Quy tắc lưu trữ đã được áp dụng thì không được sửa',
      en: 'A retention policy that has been used was edited',
    },
    mend: {
      vi: 'Khôi phục tệp quy tắc cũ và ghi thay đổi thành phiên bản mới (version).',
      en: 'Put the old file back and write the change as a new version.',
    },
  },
  FACTS_INVALID: {
    kind: 'invalid',
    title: {
      vi: 'Dữ kiện của hồ sơ không đủ hoặc không đúng để tính thời hạn lưu trữ',
      en: 'The facts of the record are not fit to compute retention from',
    },
    mend: { vi: 'Sửa các dữ kiện được liệt kê.', en: 'Correct the listed facts.' },
  },
  ARCHIVE_CONFLICT: {
    kind: 'conflict',
    title: {
      vi: 'Bản này của tài liệu đã được lưu trữ với nội dung khác',
      en: 'This number of the document is already archived with other bytes',
    },
    mend: {
      vi: 'Bản đã lưu trữ không thay được; bản mới phải mang số thứ tự mới.',
      en: 'What is archived cannot be replaced; a new version takes the next number.',
    },
  },
  NOT_ARCHIVED: {
    kind: 'not-found',
    title: { vi: 'Tài liệu chưa được lưu trữ', en: 'The document is not archived' },
    mend: {
      vi: 'Chờ tài liệu được lưu trữ xong; xem trạng thái của tài liệu.',
      en: 'Wait until the document is archived; see its state.',
    },
  },
  FINDING_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Không có phát hiện nào như vậy đang chờ', en: 'There is no such finding, or it has ended' },
    mend: {
      vi: 'Xem danh sách: `GET /v1/operations/findings` hoặc `antin finding list`.',
      en: 'See the list: `GET /v1/operations/findings` or `antin finding list`.',
    },
  },
  FINDING_NOT_DECIDABLE: {
    kind: 'conflict',
    title: {
      vi: 'Chỉ quyết định được về phiên bản mà không ai đăng ký',
      en: 'Only versions that nobody registered can be decided about',
    },
    mend: {
      vi: 'Phiên bản đã đăng ký được giữ hết thời hạn lưu trữ. Các phát hiện khác phải được khắc phục; lần quét sau tự kết thúc chúng.',
      en: 'A registered version is kept for its retention. Other findings must be mended; the next sweep ends them.',
    },
  },
} as const satisfies Record<string, Problem>;
