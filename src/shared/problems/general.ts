import type { Problem } from './problem.ts';

export const GENERAL_PROBLEMS = {
  INTERNAL: {
    kind: 'internal',
    title: { vi: 'Lỗi nội bộ của hệ thống', en: 'Internal error' },
    mend: {
      vi: 'Gửi mã yêu cầu (requestId) cho quản trị viên; nguyên nhân có trong nhật ký máy chủ.',
      en: 'Give the requestId to the administrator; the server log holds the cause.',
    },
  },
  CONFIG_INVALID: {
    kind: 'invalid',
    title: { vi: 'Cấu hình không hợp lệ', en: 'The configuration is not valid' },
    mend: { vi: 'Sửa các cài đặt được liệt kê rồi khởi động lại.', en: 'Correct the listed settings and start again.' },
  },
  USAGE: {
    kind: 'invalid',
    title: { vi: 'Lệnh được dùng không đúng', en: 'The command was used wrongly' },
    mend: { vi: 'Xem hướng dẫn bằng `antin --help`.', en: 'See `antin --help`.' },
  },
} as const satisfies Record<string, Problem>;
