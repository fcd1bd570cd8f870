import type { Problem } from './problem.ts';

/** PDF files and signing them. */
export const PDF_PROBLEMS = {
  PDF_NOT_A_PDF: {
    kind: 'invalid',
    title: { vi: 'Tệp không phải là PDF', en: 'The file is not a PDF' },
    mend: {
      vi: 'Gửi đúng tệp PDF gốc, không phải tệp định dạng khác được đổi đuôi.',
      en: 'Send the original PDF, not another kind of file under its name.',
    },
  },
  PDF_XREF_BROKEN: {
    kind: 'invalid',
    title: { vi: 'Bảng tham chiếu của tệp PDF bị hỏng', en: 'The cross-reference of the PDF is broken' },
    mend: {
      vi: 'Xuất lại tệp từ phần mềm gốc. Hệ thống không tự sửa tệp trước khi ký vì nội dung được ký có thể khác nội dung nhìn thấy.',
      en: 'Export the file again. It is not repaired before signing: what is signed could differ from what is seen.',
    },
  },
  PDF_SYNTAX: {
    kind: 'invalid',
    title: { vi: 'Tệp PDF sai cú pháp', en: 'The PDF has broken syntax' },
    mend: { vi: 'Xuất lại tệp từ phần mềm gốc.', en: 'Export the file again from the program that made it.' },
  },
  PDF_FILTER: {
    kind: 'invalid',
    title: { vi: 'Không giải nén được dữ liệu trong tệp PDF', en: 'A stream of the PDF cannot be decoded' },
    mend: { vi: 'Xuất lại tệp từ phần mềm gốc.', en: 'Export the file again from the program that made it.' },
  },
  PDF_ENCRYPTED: {
    kind: 'invalid',
    title: { vi: 'Tệp PDF bị mã hóa, không ký được', en: 'The PDF is encrypted and cannot be signed' },
    mend: { vi: 'Gỡ mật khẩu của tệp rồi gửi lại.', en: 'Remove the protection of the file and send it again.' },
  },
  PDF_TOO_LARGE: {
    kind: 'invalid',
    title: { vi: 'Tệp PDF vượt giới hạn kích thước', en: 'The PDF exceeds a size limit' },
    mend: {
      vi: 'Chia nhỏ tệp hoặc giảm độ phân giải trang quét.',
      en: 'Split the file or scan at a lower resolution.',
    },
  },
  PDF_TOO_DEEP: {
    kind: 'invalid',
    title: { vi: 'Cấu trúc tệp PDF lồng quá sâu', en: 'The PDF is nested too deeply' },
    mend: { vi: 'Xuất lại tệp từ phần mềm gốc.', en: 'Export the file again from the program that made it.' },
  },
  PDF_TRAILING_BYTES: {
    kind: 'invalid',
    title: { vi: 'Có dữ liệu lạ sau phần cuối của tệp PDF đã ký', en: 'Foreign bytes follow the end of a signed PDF' },
    mend: { vi: 'Dùng bản gốc của tệp đã ký.', en: 'Use the original of the signed file.' },
  },
  FIELD_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Tệp PDF không có ô ký này', en: 'The PDF has no such signature field' },
    mend: { vi: 'Chọn một ô ký có trong tệp.', en: 'Choose a signature field that the file has.' },
  },
  FIELD_ALREADY_SIGNED: {
    kind: 'conflict',
    title: { vi: 'Ô ký này đã có chữ ký', en: 'The signature field is already signed' },
    mend: { vi: 'Chọn ô ký còn trống.', en: 'Choose an empty signature field.' },
  },
  FIELD_LOCKED: {
    kind: 'locked',
    title: { vi: 'Một chữ ký trước đó đã khóa ô ký này', en: 'An earlier signature locks this field' },
    mend: {
      vi: 'Không thể ký thêm vào ô này; lập bản mới của tài liệu nếu cần.',
      en: 'The field cannot be signed any more; issue a new version of the document if need be.',
    },
  },
  CERTIFIED_NO_CHANGES: {
    kind: 'locked',
    title: {
      vi: 'Tài liệu đã được chứng nhận, không cho phép thay đổi',
      en: 'The document is certified against any change',
    },
    mend: {
      vi: 'Không thể ký thêm; chỉ có thể bổ sung dấu thời gian và dữ liệu kiểm tra.',
      en: 'It cannot be signed further; only time-stamps and validation data may be added.',
    },
  },
  CERTIFY_NOT_FIRST: {
    kind: 'conflict',
    title: { vi: 'Chỉ chữ ký đầu tiên mới chứng nhận được tài liệu', en: 'Only the first signature can certify' },
    mend: { vi: 'Ký thường, không chứng nhận.', en: 'Sign without certification.' },
  },
  NEW_FIELD_AFTER_SIGNATURE: {
    kind: 'conflict',
    title: {
      vi: 'Không thể thêm ô ký nhìn thấy được vào tài liệu đã ký',
      en: 'A visible signature field cannot be added to a signed document',
    },
    mend: {
      vi: 'Dùng ô ký có sẵn trong tài liệu, hoặc ký không hiển thị.',
      en: 'Use a field that the document has, or sign invisibly.',
    },
  },
  FIELD_INVALID: {
    kind: 'invalid',
    title: { vi: 'Ô ký mới không hợp lệ', en: 'The new signature field is not valid' },
    mend: {
      vi: 'Kiểm tra tên ô ký, số trang và khung chữ nhật.',
      en: 'Check the name of the field, the page number and the rectangle.',
    },
  },
  PICTURE_UNREADABLE: {
    kind: 'invalid',
    title: { vi: 'Không đọc được ảnh chữ ký', en: 'The picture of the stamp cannot be read' },
    mend: {
      vi: 'Dùng ảnh PNG (8 bit, không xen kẽ) hoặc JPEG hệ màu xám hay RGB, tối đa 4 megapixel.',
      en: 'Use PNG (8 bit, not interlaced) or JPEG in grey or RGB, at most 4 megapixels.',
    },
  },
  STAMP_FONT_MISSING: {
    kind: 'invalid',
    title: { vi: 'Thiếu phông chữ cho phần hiển thị của chữ ký', en: 'There is no font for the visible stamp' },
    mend: {
      vi: 'Cung cấp phông chữ dự phòng cho các ký tự được nêu, hoặc ký không hiển thị.',
      en: 'Supply a fallback font that has the named characters, or sign invisibly.',
    },
  },
  STAMP_TOO_SMALL: {
    kind: 'invalid',
    title: {
      vi: 'Ô ký quá nhỏ so với nội dung hiển thị của chữ ký',
      en: 'The field is too small for the text of the stamp',
    },
    mend: {
      vi: 'Mở rộng ô ký hoặc rút ngắn nội dung (lý do, chức danh).',
      en: 'Use a larger field or fewer words (reason, title).',
    },
  },
  PREPARED_MISMATCH: {
    kind: 'stale',
    title: { vi: 'Tài liệu đã thay đổi sau khi chuẩn bị ký', en: 'The document changed after signing was prepared' },
    mend: { vi: 'Chuẩn bị ký lại trên bản hiện tại.', en: 'Prepare the signature again on the present bytes.' },
  },
  SIGNATURE_VALUE_WRONG: {
    kind: 'invalid',
    title: {
      vi: 'Chữ ký nhận được không khớp với chứng thư số',
      en: 'The signature value does not verify under the certificate',
    },
    mend: {
      vi: 'Kiểm tra đúng chứng thư số và thiết bị ký, rồi ký lại. Tài liệu chưa bị thay đổi.',
      en: 'Check certificate and signing device, then sign again. The document is unchanged.',
    },
  },
  SIGNATURE_TOO_LARGE: {
    kind: 'invalid',
    title: { vi: 'Chữ ký lớn hơn chỗ dành sẵn trong tài liệu', en: 'The signature is larger than its reserved place' },
    mend: { vi: 'Chuẩn bị ký lại với chỗ dành sẵn lớn hơn.', en: 'Prepare again with a larger reserve.' },
  },
} as const satisfies Record<string, Problem>;
