import type { Problem } from './problem.ts';

export const TRUST_PROBLEMS = {
  TRUST_DIR_INVALID: {
    kind: 'invalid',
    title: { vi: 'Thư mục chứng thư gốc tin cậy không dùng được', en: 'The directory of trust anchors cannot be used' },
    mend: {
      vi: 'Đặt chứng thư gốc dạng PEM vào signers/ và tsa/ theo certs/README.md.',
      en: 'Put PEM anchors into signers/ and tsa/ as certs/README.md says.',
    },
  },
  AUTHORITY_DIR_INVALID: {
    kind: 'invalid',
    title: {
      vi: 'Thư mục PKI dùng thử không dùng được',
      en: 'The directory of the throw-away authority cannot be used',
    },
    mend: {
      vi: 'Tạo lại bằng `antin dev-pki` vào một thư mục trống.',
      en: 'Make a new one with `antin dev-pki` in an empty directory.',
    },
  },
  OUTGOING_REFUSED: {
    kind: 'forbidden',
    title: { vi: 'Không được phép kết nối tới địa chỉ này', en: 'This address may not be contacted' },
    mend: {
      vi: 'Chỉ dùng địa chỉ http/https công cộng; máy chủ nội bộ phải được quản trị viên cho phép đích danh.',
      en: 'Use public http/https addresses; the administrator must allow internal servers by name.',
    },
  },
  OUTGOING_FAILED: {
    kind: 'upstream',
    title: { vi: 'Không kết nối được máy chủ bên ngoài', en: 'The outside server could not be reached' },
    mend: {
      vi: 'Kiểm tra mạng, proxy (HTTPS_PROXY) và chứng thư TLS của máy chủ được nêu.',
      en: 'Check the network, the proxy (HTTPS_PROXY) and the TLS certificate of the named server.',
    },
  },
  OUTGOING_TIMEOUT: {
    kind: 'upstream',
    title: { vi: 'Máy chủ bên ngoài không trả lời kịp', en: 'The outside server did not answer in time' },
    mend: {
      vi: 'Thử lại sau; nếu lặp lại, báo nhà cung cấp dịch vụ.',
      en: 'Try again later; if it keeps happening, tell the provider.',
    },
  },
  OUTGOING_TOO_LARGE: {
    kind: 'upstream',
    title: { vi: 'Máy chủ bên ngoài trả lời quá dài', en: 'The answer of the outside server is too long' },
    mend: { vi: 'Kiểm tra lại địa chỉ đã cấu hình.', en: 'Check the configured address.' },
  },
  TSA_UNAVAILABLE: {
    kind: 'upstream',
    title: { vi: 'Không lấy được dấu thời gian', en: 'No time-stamp could be had' },
    mend: {
      vi: 'Thử lại sau; kiểm tra TSA_URLS và hợp đồng dịch vụ dấu thời gian. Chữ ký không có dấu thời gian sẽ được bổ sung sau.',
      en: 'Try again later; check TSA_URLS and the contract of the time-stamp service. A signature without a time-stamp gets one later.',
    },
  },
  OCSP_UNAVAILABLE: {
    kind: 'upstream',
    title: {
      vi: 'Không lấy được thông tin thu hồi chứng thư số',
      en: 'The revocation status of a certificate could not be had',
    },
    mend: {
      vi: 'Thử lại sau; kiểm tra kết nối tới máy chủ OCSP/CRL được nêu.',
      en: 'Try again later; check the connection to the named OCSP/CRL server.',
    },
  },
  TRY_LATER: {
    kind: 'upstream',
    title: {
      vi: 'Chưa có thông tin thu hồi đủ mới',
      en: 'No revocation answer is fresh enough yet',
    },
    mend: {
      vi: 'Hệ thống tự thử lại khi nhà cung cấp phát hành danh sách mới.',
      en: 'It is tried again by itself when the provider publishes a newer answer.',
    },
  },
  CERTIFICATE_REVOKED: {
    kind: 'forbidden',
    title: { vi: 'Chứng thư số đã bị thu hồi', en: 'The certificate has been revoked' },
    mend: {
      vi: 'Không ký được bằng chứng thư số này; liên hệ nhà cung cấp để được cấp chứng thư số mới.',
      en: 'Nothing can be signed with it; ask the provider for a new certificate.',
    },
  },
  CERTIFICATE_EXPIRED: {
    kind: 'forbidden',
    title: { vi: 'Chứng thư số đã hết hạn', en: 'The certificate has expired' },
    mend: { vi: 'Gia hạn hoặc xin cấp chứng thư số mới trước khi ký.', en: 'Renew or replace it before signing.' },
  },
  CERTIFICATE_NOT_YET_VALID: {
    kind: 'forbidden',
    title: { vi: 'Chứng thư số chưa có hiệu lực', en: 'The certificate is not valid yet' },
    mend: {
      vi: 'Chờ đến ngày hiệu lực; kiểm tra đồng hồ máy chủ.',
      en: 'Wait for its first day; check the clock of the server.',
    },
  },
  CERTIFICATE_UNTRUSTED: {
    kind: 'forbidden',
    title: {
      vi: 'Chứng thư số không dẫn tới chứng thư gốc được tin cậy',
      en: 'The certificate does not lead to a trusted root',
    },
    mend: {
      vi: 'Dùng chứng thư số do tổ chức được cấp phép phát hành; quản trị viên kiểm tra TRUST_DIR.',
      en: 'Use a certificate of a licensed provider; the administrator checks TRUST_DIR.',
    },
  },
  REVOCATION_UNKNOWN: {
    kind: 'upstream',
    title: {
      vi: 'Không kiểm tra được trạng thái chứng thư số',
      en: 'The status of the certificate could not be checked',
    },
    mend: {
      vi: 'Chưa ký được: thử lại khi có kết nối tới máy chủ OCSP/CRL của nhà cung cấp.',
      en: 'Signing is blocked: try again when the OCSP/CRL server of the provider can be reached.',
    },
  },
} as const satisfies Record<string, Problem>;
