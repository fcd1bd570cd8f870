import type { Problem } from './problem.ts';

/** Time-stamping, extending and comparing signed files. A bad signature is a result, not one of these. */
export const VALIDATION_PROBLEMS = {
  NOTHING_SIGNED: {
    kind: 'conflict',
    title: { vi: 'Tài liệu chưa có chữ ký nào', en: 'The document has no signature yet' },
    mend: {
      vi: 'Ký tài liệu trước khi nâng mức hiệu lực của chữ ký.',
      en: 'Sign the document before its signatures are extended.',
    },
  },
  VALIDATION_TOO_COSTLY: {
    kind: 'invalid',
    title: {
      vi: 'Kiểm tra tệp PDF này tốn quá nhiều thời gian hoặc bộ nhớ',
      en: 'Checking this PDF takes too much time or memory',
    },
    mend: {
      vi: 'Xuất lại tệp từ phần mềm gốc hoặc chia nhỏ tệp. Tệp của phần mềm thông thường không gặp lỗi này.',
      en: 'Export the file again from the program that made it, or split it. Files of ordinary programs do not meet this.',
    },
  },
  TIMESTAMP_WRONG: {
    kind: 'upstream',
    title: {
      vi: 'Dấu thời gian nhận được không khớp với tài liệu',
      en: 'The time-stamp received is not about this document',
    },
    mend: {
      vi: 'Không dùng máy chủ cấp dấu thời gian này; báo nhà cung cấp. Tài liệu chưa bị thay đổi.',
      en: 'Do not use this time-stamp service; tell its provider. The document is unchanged.',
    },
  },
  SIGNATURE_SURVIVAL: {
    kind: 'integrity',
    title: { vi: 'Bản mới làm hỏng chữ ký đã có', en: 'The new version breaks an earlier signature' },
    mend: {
      vi: 'Bản mới không được lưu; bản cũ vẫn nguyên vẹn. Báo quản trị viên kèm chi tiết.',
      en: 'The new version is not stored and the old one is untouched. Give the detail to the administrator.',
    },
  },
} as const satisfies Record<string, Problem>;
