import type { Problem } from './problem.ts';

export const GENERAL_PROBLEMS = {
  INTERNAL: {
    kind: 'internal',
    title: { vi: 'Lỗi nội bộ của hệ thống', en: 'Internal error' },
    mend: {
      vi: 'Gửi mã yêu cầu (request id) cho quản trị viên; nhật ký máy chủ ghi nguyên nhân.',
      en: 'Give the request id to the administrator; the server log holds the cause.',
    },
  },
  CONFIG_INVALID: {
    kind: 'invalid',
    title: { vi: 'Cấu hình không hợp lệ', en: 'The configuration is not valid' },
    mend: { vi: 'Sửa các biến được liệt kê rồi khởi động lại.', en: 'Correct the listed settings and start again.' },
  },
  USAGE: {
    kind: 'invalid',
    title: { vi: 'Câu lệnh dùng sai', en: 'The command was used wrongly' },
    mend: { vi: 'Xem `antin --help`.', en: 'See `antin --help`.' },
  },
} as const satisfies Record<string, Problem>;
