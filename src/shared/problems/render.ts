import type { Problem } from './problem.ts';

export const RENDER_PROBLEMS = {
  GLYPH_UNKNOWN: {
    kind: 'invalid',
    title: { vi: 'Có ký tự mà phông chữ không in được', en: 'The font cannot print a character' },
    mend: {
      vi: 'Thay ký tự được nêu; với tên người nước ngoài, dùng cách viết chữ Latinh như trong hộ chiếu.',
      en: 'Replace the named character; for foreign names use the Latin spelling of the passport.',
    },
  },
  CHARACTER_FORBIDDEN: {
    kind: 'invalid',
    title: { vi: 'Có ký tự điều khiển hoặc ký tự ẩn', en: 'A control or invisible character is not allowed' },
    mend: {
      vi: 'Xóa ký tự được nêu, thường do sao chép từ phần mềm khác.',
      en: 'Remove the named character; it usually comes from copying out of another program.',
    },
  },
  RENDER_FAILED: {
    kind: 'internal',
    title: { vi: 'Không dựng được bản thể hiện PDF', en: 'The PDF could not be set' },
    mend: {
      vi: 'Kiểm tra mẫu giấy tờ (template.typ); nguyên nhân có trong nhật ký máy chủ.',
      en: "Check the form's template.typ; the server log holds the cause.",
    },
  },
  RENDER_TIMEOUT: {
    kind: 'limited',
    title: { vi: 'Dựng bản thể hiện PDF quá thời gian cho phép', en: 'Setting the PDF took longer than allowed' },
    mend: {
      vi: 'Chia hồ sơ thành các tài liệu nhỏ hơn, hoặc kiểm tra vòng lặp trong mẫu giấy tờ.',
      en: 'Split the record into smaller documents, or look for a loop in the template.',
    },
  },
  SCAN_UNREADABLE: {
    kind: 'invalid',
    title: {
      vi: 'Không đọc được trang quét dưới dạng ảnh JPEG hoặc PNG',
      en: 'A scanned page is not a readable JPEG or PNG',
    },
    mend: { vi: 'Quét lại trang được nêu và lưu dạng JPEG hoặc PNG.', en: 'Scan the named page again as JPEG or PNG.' },
  },
  SCAN_CMYK: {
    kind: 'invalid',
    title: { vi: 'Trang quét dùng hệ màu CMYK', en: 'A scanned page uses CMYK colours' },
    mend: { vi: 'Lưu lại ảnh ở hệ màu RGB hoặc thang xám.', en: 'Save the picture again in RGB or grey.' },
  },
  FORM_INVALID: {
    kind: 'internal',
    title: { vi: 'Khai báo của mẫu giấy tờ không hợp lệ', en: 'The definition of a form is not valid' },
    mend: {
      vi: 'Sửa các mục được liệt kê trong thư mục của mẫu; xem docs/add-a-form.md.',
      en: "Correct what is listed in the form's folder; see docs/add-a-form.md.",
    },
  },
  FORM_UNKNOWN: {
    kind: 'invalid',
    title: { vi: 'Không có mẫu giấy tờ này vào ngày đã nêu', en: 'There is no such form in force on that day' },
    mend: {
      vi: 'Kiểm tra mã mẫu giấy tờ và ngày phát sinh (ngày ra viện).',
      en: 'Check the type of the document and the date of the event (discharge).',
    },
  },
  CONTENT_INVALID: {
    kind: 'invalid',
    title: { vi: 'Nội dung giấy tờ chưa hợp lệ', en: 'The content of the document is not valid' },
    mend: { vi: 'Sửa từng mục được liệt kê rồi gửi lại.', en: 'Correct each listed field and send again.' },
  },
} as const satisfies Record<string, Problem>;
