import type { Problem } from './problem.ts';

export const RECORD_PROBLEMS = {
  REQUEST_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Không đọc được yêu cầu', en: 'The request cannot be read' },
    mend: {
      vi: 'Gửi JSON hợp lệ (UTF-8) hoặc multipart/form-data đúng như mô tả ở /docs.',
      en: 'Send valid JSON (UTF-8) or multipart/form-data as described at /docs.',
    },
  },
  REQUEST_TOO_LARGE: {
    kind: 'invalid',
    title: { vi: 'Yêu cầu quá lớn', en: 'The request is too large' },
    mend: {
      vi: 'Gửi ít hơn: nội dung JSON đến 2 MiB; tệp đến MAX_PDF_BYTES, quản trị viên có thể tăng.',
      en: 'Send less: JSON may have 2 MiB, files MAX_PDF_BYTES, which the administrator may raise.',
    },
  },
  REQUEST_TOO_SLOW: {
    kind: 'invalid',
    title: { vi: 'Yêu cầu gửi quá chậm', en: 'The request was sent too slowly' },
    mend: { vi: 'Kiểm tra đường truyền rồi gửi lại.', en: 'Check the connection and send again.' },
  },
  MEDIA_TYPE_UNSUPPORTED: {
    kind: 'invalid',
    title: { vi: 'Không nhận kiểu nội dung này', en: 'This media type is not taken' },
    mend: {
      vi: 'Gửi application/json, multipart/form-data hoặc application/pdf, như /docs mô tả cho địa chỉ này.',
      en: 'Send application/json, multipart/form-data or application/pdf, as /docs describes the address.',
    },
  },
  QUERY_INVALID: {
    kind: 'invalid',
    title: { vi: 'Tham số truy vấn không hợp lệ', en: 'A query parameter is not valid' },
    mend: { vi: 'Xem mô tả tham số ở /docs.', en: 'See the description of the parameters at /docs.' },
  },
  ROUTE_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Không có địa chỉ này', en: 'There is no such address' },
    mend: { vi: 'Xem danh sách địa chỉ ở /docs.', en: 'See the list of addresses at /docs.' },
  },
  METHOD_NOT_ALLOWED: {
    kind: 'invalid',
    title: { vi: 'Địa chỉ này không nhận phương thức đó', en: 'This address does not take that method' },
    mend: {
      vi: 'Dùng một trong các phương thức ghi ở tiêu đề Allow.',
      en: 'Use one of the methods in the Allow header.',
    },
  },
  DOCUMENT_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Không có tài liệu này', en: 'There is no such document' },
    mend: {
      vi: 'Kiểm tra mã tài liệu; tài liệu của cơ sở khác không hiển thị.',
      en: 'Check the id; documents of other facilities are not shown.',
    },
  },
  RECORD_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Không có hồ sơ bệnh án này', en: 'There is no such record' },
    mend: { vi: 'Kiểm tra mã hồ sơ.', en: 'Check the id of the record.' },
  },
  RECORD_CHANGED: {
    kind: 'conflict',
    title: {
      vi: 'Hồ sơ bệnh án đang nhận nhiều tài liệu cùng lúc',
      en: 'The record is taking in many documents at once',
    },
    mend: { vi: 'Gửi lại yêu cầu này.', en: 'Send this request again.' },
  },
  FACTS_DISAGREE: {
    kind: 'conflict',
    title: {
      vi: 'Thông tin không khớp với tài liệu khác của cùng hồ sơ',
      en: 'The facts disagree with another document of the same record',
    },
    mend: {
      vi: 'Sửa chỗ sai trong hệ thống bệnh viện; nếu tài liệu cũ sai thì thay thế tài liệu cũ.',
      en: 'Correct the source system; if the earlier document is wrong, supersede it.',
    },
  },
  RECORD_MISMATCH: {
    kind: 'invalid',
    title: {
      vi: 'Số hồ sơ trong nội dung khác với hồ sơ được nêu',
      en: 'The record number in the content differs from the record named',
    },
    mend: { vi: 'Gửi cùng một số hồ sơ ở cả hai chỗ.', en: 'Send the same record number in both places.' },
  },
  WORK_NOT_STOPPED: {
    kind: 'not-found',
    title: { vi: 'Không có tác vụ nền đã dừng nào mang mã này', en: 'No stopped job has this id' },
    mend: { vi: 'Xem danh sách ở /v1/operations/stopped.', en: 'See the list at /v1/operations/stopped.' },
  },
  STATE_FORBIDS: {
    kind: 'conflict',
    title: {
      vi: 'Trạng thái hiện tại của tài liệu không cho phép việc này',
      en: 'The present state of the document does not allow this',
    },
    mend: {
      vi: 'Xem trạng thái của tài liệu rồi thực hiện bước phù hợp.',
      en: 'Look at the state of the document first.',
    },
  },
  ETAG_MISMATCH: {
    kind: 'stale',
    title: { vi: 'Tài liệu đã thay đổi sau lần xem gần nhất', en: 'The document has changed since you looked' },
    mend: { vi: 'Tải lại tài liệu rồi thực hiện lại.', en: 'Load it again and repeat.' },
  },
  REVISION_STALE: {
    kind: 'stale',
    title: {
      vi: 'Tài liệu đã có bản mới hơn bản được dùng',
      en: 'The document has a newer revision than the one used',
    },
    mend: { vi: 'Mở lại lượt ký.', en: 'Open the turn again.' },
  },
  PDF_NOT_ACCEPTED: {
    kind: 'invalid',
    title: { vi: 'Không nhận được tệp PDF này', en: 'This PDF cannot be taken in' },
    mend: {
      vi: 'Xuất lại tệp từ phần mềm nguồn; không gửi tệp đã đặt mật khẩu hoặc bị hỏng.',
      en: 'Export the file again from its source; do not send encrypted or damaged files.',
    },
  },
  UPLOAD_SIGNATURE_BAD: {
    kind: 'invalid',
    title: {
      vi: 'Chữ ký có sẵn trong tệp tải lên không hợp lệ',
      en: 'A signature already in the uploaded file is not valid',
    },
    mend: {
      vi: 'Kiểm tra bản gốc: tệp có thể đã bị thay đổi sau khi ký.',
      en: 'Look at the original: the file may have been changed after signing.',
    },
  },
} as const satisfies Record<string, Problem>;
