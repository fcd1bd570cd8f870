/** Every reason and notice of a report in words, Vietnamese first. */
import type { BilingualText } from '../../shared/index.ts';
import type { Reason } from './verdicts.ts';

/** Reasons of a whole file that has nothing to judge, besides the PDF_… codes of `PROBLEMS`. */
export type FileReason = 'NOT_A_PDF' | 'ENCRYPTED';

/** What is worth knowing but changes no verdict. */
export const NOTICES = [
  'BER_ENCODING',
  'CERTIFICATE_UNREADABLE',
  'SIGNED_ATTRIBUTES_NOT_DER',
  'SIGNING_TIME_PRESENT',
  'SIGNING_CERTIFICATE_ABSENT',
  'TRAILING_BYTES_IN_CMS',
  'TIMESTAMP_NOT_VALID',
  'APPEARANCE_OVER_CONTENT',
  'METADATA_CHANGED',
  'LAST_REVISION_UNSIGNED',
  'DSS_ENTRY_UNREADABLE',
  'DSS_TOO_LARGE',
] as const;

export type Notice = (typeof NOTICES)[number];

export const WORDS: Readonly<Record<Reason | Notice | FileReason, BilingualText>> = {
  NOT_A_PDF: { vi: 'Tệp không phải là PDF.', en: 'The file is not a PDF.' },
  ENCRYPTED: { vi: 'Tệp bị mã hóa nên không kiểm tra được.', en: 'The file is encrypted and cannot be checked.' },

  CMS_UNREADABLE: { vi: 'Không đọc được dữ liệu chữ ký (CMS).', en: 'The signature object (CMS) cannot be read.' },
  TIMESTAMP_UNREADABLE: { vi: 'Không đọc được dấu thời gian.', en: 'The time-stamp cannot be read.' },
  CONTENTS_NOT_DIRECT_HEX: {
    vi: 'Dữ liệu chữ ký không nằm đúng chỗ trong tệp.',
    en: 'The signature is not stored where it must be.',
  },
  CONTENTS_NOT_CANONICAL: {
    vi: 'Cách viết dữ liệu chữ ký trong tệp đã bị sửa.',
    en: 'The spelling of the signature in the file has been altered.',
  },
  CONTENTS_PADDING_NOT_ZERO: {
    vi: 'Có dữ liệu lạ trong phần đệm sau chữ ký.',
    en: 'Foreign bytes stand in the padding after the signature.',
  },
  BYTE_RANGE_MISSING: {
    vi: 'Chữ ký không cho biết nó ký phần nào của tệp.',
    en: 'The signature does not say what it covers.',
  },
  BYTE_RANGE_NOT_FOUR_NUMBERS: {
    vi: 'Phạm vi ký không gồm đúng bốn số.',
    en: 'The byte range does not consist of four numbers.',
  },
  BYTE_RANGE_NOT_FROM_START: {
    vi: 'Phạm vi ký không bắt đầu từ đầu tệp.',
    en: 'The byte range does not begin at the start of the file.',
  },
  BYTE_RANGE_OUTSIDE_FILE: { vi: 'Phạm vi ký vượt ra ngoài tệp.', en: 'The byte range reaches outside the file.' },
  BYTE_RANGE_GAP_NOT_CONTENTS: {
    vi: 'Phạm vi ký bỏ ra ngoài nhiều hơn chính phần chữ ký.',
    en: 'The byte range leaves out more than the signature itself.',
  },
  BYTE_RANGE_ENDS_AT_NO_REVISION: {
    vi: 'Phạm vi ký không kết thúc ở cuối một phiên bản của tệp.',
    en: 'The byte range does not end where a revision of the file ends.',
  },
  SIGNATURE_NOT_OF_COVERED_REVISION: {
    vi: 'Chữ ký được đưa vào tệp sau phần nội dung mà nó khai là đã ký.',
    en: 'The signature was put into the file after the part it claims to cover.',
  },
  SIGNATURE_OBJECT_REUSED: {
    vi: 'Chữ ký dùng lại số hiệu của một đối tượng đã có trong phiên bản trước.',
    en: 'The signature takes the number of an object that an earlier revision had.',
  },
  BYTE_RANGE_INVALID: { vi: 'Phạm vi ký không hợp lệ.', en: 'The byte range is not valid.' },
  SIGNER_COUNT: {
    vi: 'Dữ liệu chữ ký không có đúng một người ký.',
    en: 'The signature object does not have exactly one signer.',
  },
  CONTENT_NOT_DETACHED: {
    vi: 'Chữ ký mang theo nội dung riêng thay vì ký nội dung của tệp.',
    en: 'The signature carries content of its own instead of signing the file.',
  },
  CONTENT_TYPE_MISMATCH: { vi: 'Loại nội dung được ký không đúng.', en: 'The signed content is of the wrong type.' },
  SIGNED_ATTRIBUTES_MISSING: {
    vi: 'Chữ ký thiếu các thuộc tính được ký.',
    en: 'The signature has no signed attributes.',
  },
  ATTRIBUTE_MALFORMED: { vi: 'Một thuộc tính được ký bị hỏng.', en: 'A signed attribute is malformed.' },
  FORMAT_FAILURE: {
    vi: 'Các thuộc tính được ký không được mã hóa theo DER.',
    en: 'The signed attributes are not encoded in DER.',
  },
  UNSIGNED_PARTS_ALTERED: {
    vi: 'Phần không được bảo vệ của chữ ký cuối cùng đã bị sửa.',
    en: 'The unprotected parts of the last signature have been altered.',
  },
  SUB_FILTER_UNSUPPORTED: { vi: 'Loại chữ ký này không được hỗ trợ.', en: 'This kind of signature is not supported.' },
  MESSAGE_DIGEST_MISMATCH: {
    vi: 'Nội dung đã ký bị thay đổi: giá trị băm không khớp.',
    en: 'The signed content has been changed: its digest does not match.',
  },
  IMPRINT_MISMATCH: {
    vi: 'Dấu thời gian không thuộc về nội dung này.',
    en: 'The time-stamp is not about this content.',
  },
  CONTENT_MISSING: { vi: 'Không xác định được nội dung đã ký.', en: 'The signed content cannot be determined.' },
  SIGNATURE_VALUE_WRONG: {
    vi: 'Giá trị chữ ký không khớp với chứng thư số của người ký.',
    en: "The signature value does not verify under the signer's certificate.",
  },
  ALGORITHM_PROTECTION_MISMATCH: {
    vi: 'Thuật toán ghi trong chữ ký đã bị thay đổi.',
    en: 'The algorithms named by the signature have been changed.',
  },
  DIGEST_ALGORITHM_MISMATCH: {
    vi: 'Các thuật toán băm trong chữ ký mâu thuẫn nhau.',
    en: 'The digest algorithms of the signature contradict each other.',
  },
  CHANGED_AFTER_SIGNING: {
    vi: 'Tài liệu bị thay đổi sau khi ký, theo cách không được phép.',
    en: 'The document was changed after signing in a way that is not allowed.',
  },
  DOCMDP_VIOLATED: {
    vi: 'Thay đổi sau khi ký vượt quá quyền mà người ký cho phép.',
    en: 'Later changes go beyond what the signer permitted.',
  },
  FIELD_LOCK_VIOLATED: {
    vi: 'Một ô mà người ký đã khóa vẫn được điền hoặc ký sau đó.',
    en: 'A field that the signer had locked was filled or signed later.',
  },
  REVOKED: {
    vi: 'Chứng thư số đã bị thu hồi trước khi ký.',
    en: 'The certificate had been revoked before the signature was made.',
  },
  EXPIRED: {
    vi: 'Chứng thư số đã hết hạn trước khi ký.',
    en: 'The certificate had expired before the signature was made.',
  },
  NOT_YET_VALID: {
    vi: 'Chữ ký có trước khi chứng thư số có hiệu lực.',
    en: 'The signature existed before its certificate became valid.',
  },
  SIGNER_CERTIFICATE_MISSING: {
    vi: 'Không tìm thấy chứng thư số của người ký.',
    en: "The signer's certificate was not found.",
  },
  SIGNING_CERTIFICATE_MISMATCH: {
    vi: 'Chứng thư số không phải là chứng thư mà chữ ký nêu.',
    en: 'The certificate is not the one that the signature refers to.',
  },
  NO_CERTIFICATE_CHAIN_FOUND: {
    vi: 'Chứng thư số không dẫn tới chứng thư gốc được tin cậy.',
    en: 'The certificate does not lead to a trusted root.',
  },
  CHAIN_CONSTRAINTS_FAILURE: {
    vi: 'Chuỗi chứng thư số vi phạm ràng buộc của tổ chức cấp.',
    en: 'The certificate chain breaks a constraint of its issuers.',
  },
  WEAK_ALGORITHM: {
    vi: 'Có thuật toán được dùng không còn an toàn.',
    en: 'An algorithm that is used is no longer safe.',
  },
  ALGORITHM_UNSUPPORTED: { vi: 'Thuật toán ký không được hỗ trợ.', en: 'The signature algorithm is not supported.' },
  KEY_USAGE: {
    vi: 'Chứng thư số không được cấp để ký số.',
    en: 'The certificate was not issued for signing.',
  },
  TSA_EKU: {
    vi: 'Chứng thư số của dấu thời gian không được cấp cho việc này.',
    en: 'The certificate of the time-stamp was not issued for that purpose.',
  },
  SIGNING_CERTIFICATE_ABSENT: {
    vi: 'Chữ ký không nêu chứng thư số đã dùng, nên không phải là PAdES.',
    en: 'The signature does not name its certificate, so it is not PAdES.',
  },
  TIMESTAMP_ORDER_FAILURE: {
    vi: 'Thứ tự của các dấu thời gian mâu thuẫn nhau.',
    en: 'The order of the time-stamps is contradictory.',
  },
  REVOKED_NO_POE: {
    vi: 'Chứng thư số đã bị thu hồi và không có bằng chứng rằng chữ ký được tạo trước đó.',
    en: 'The certificate is revoked and nothing proves that the signature is older.',
  },
  REVOKED_CA_NO_POE: {
    vi: 'Chứng thư số của một tổ chức cấp đã bị thu hồi và không có bằng chứng rằng chữ ký được tạo trước đó.',
    en: "An issuer's certificate is revoked and nothing proves that the signature is older.",
  },
  OUT_OF_BOUNDS_NO_POE: {
    vi: 'Chứng thư số đã hết hạn và không có bằng chứng rằng chữ ký được tạo trước đó.',
    en: 'The certificate has expired and nothing proves that the signature is older.',
  },
  NO_POE: {
    vi: 'Không có bằng chứng rằng dữ liệu kiểm tra đã có khi chứng thư số của bên phát hành nó còn hiệu lực.',
    en: 'Nothing proves that the validation data existed while the certificates of their issuers were valid.',
  },
  NO_REVOCATION_DATA: {
    vi: 'Không có thông tin thu hồi của chứng thư số.',
    en: 'There is no revocation information about the certificate.',
  },
  TRY_LATER: {
    vi: 'Thông tin thu hồi hiện có quá cũ; kiểm tra lại sau.',
    en: 'The revocation information is too old; try again later.',
  },
  TRAILING_BYTES: {
    vi: 'Có dữ liệu lạ sau phần cuối của tệp.',
    en: 'Foreign bytes follow the end of the file.',
  },
  VALIDATION_INCOMPLETE: {
    vi: 'Việc kiểm tra không hoàn tất được.',
    en: 'The validation could not be completed.',
  },

  BER_ENCODING: { vi: 'Dữ liệu chữ ký dùng mã hóa BER.', en: 'The signature object is encoded in BER.' },
  CERTIFICATE_UNREADABLE: {
    vi: 'Không đọc được một chứng thư số đi kèm chữ ký.',
    en: 'A certificate that came with the signature cannot be read.',
  },
  SIGNED_ATTRIBUTES_NOT_DER: {
    vi: 'Thuộc tính được ký không theo DER; chữ ký khớp với bản mã hóa lại.',
    en: 'The signed attributes are not in DER; the signature verifies over their re-encoding.',
  },
  SIGNING_TIME_PRESENT: {
    vi: 'Chữ ký ghi thời gian theo đồng hồ của máy người ký.',
    en: "The signature states a time of the signer's own clock.",
  },
  TRAILING_BYTES_IN_CMS: {
    vi: 'Có dữ liệu thừa sau dữ liệu chữ ký (CMS).',
    en: 'Bytes follow the signature object (CMS).',
  },
  TIMESTAMP_NOT_VALID: {
    vi: 'Một dấu thời gian trong chữ ký không được công nhận.',
    en: 'A time-stamp inside the signature does not count.',
  },
  APPEARANCE_OVER_CONTENT: {
    vi: 'Hình hiển thị của một chữ ký sau nằm đè lên nội dung đã ký trước đó.',
    en: 'The picture of a later signature lies over content that was signed before.',
  },
  METADATA_CHANGED: {
    vi: 'Siêu dữ liệu của tài liệu đã thay đổi sau khi ký.',
    en: 'Metadata of the document were changed after signing.',
  },
  LAST_REVISION_UNSIGNED: {
    vi: 'Phiên bản cuối của tệp không được ký; nó chỉ bổ sung dữ liệu kiểm tra.',
    en: 'The last revision of the file is not signed; it only adds validation data.',
  },
  DSS_ENTRY_UNREADABLE: {
    vi: 'Không đọc được một mục trong kho dữ liệu kiểm tra của tệp.',
    en: "An entry of the file's store of validation data cannot be read.",
  },
  DSS_TOO_LARGE: {
    vi: 'Kho dữ liệu kiểm tra của tệp quá lớn; một phần không được xem xét.',
    en: "The file's store of validation data is too large; a part was not looked at.",
  },
};

/** Words for a code; undefined for codes that are no reason or notice of a report (then `PROBLEMS` may have them). */
export function wordsOf(code: string): BilingualText | undefined {
  return Object.hasOwn(WORDS, code) ? WORDS[code as keyof typeof WORDS] : undefined;
}
