import type { Problem } from './problem.ts';

export const CRYPTO_PROBLEMS = {
  DER_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Cấu trúc ASN.1 không hợp lệ', en: 'The ASN.1 structure is not valid' },
    mend: {
      vi: 'Dữ liệu bị hỏng hoặc không đúng loại; xuất lại từ phần mềm đã tạo ra nó.',
      en: 'The bytes are damaged or of another kind; export them again from the program that made them.',
    },
  },
  CERTIFICATE_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Không đọc được chứng thư số', en: 'The certificate cannot be read' },
    mend: {
      vi: 'Cần một chứng thư số X.509 dạng DER hoặc PEM; tải lại từ tổ chức cấp.',
      en: 'An X.509 certificate in DER or PEM is needed; fetch it again from its issuer.',
    },
  },
  CMS_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Không đọc được dữ liệu chữ ký (CMS)', en: 'The signature object (CMS) cannot be read' },
    mend: {
      vi: 'Chữ ký bị hỏng hoặc không phải là CMS SignedData.',
      en: 'The signature is damaged or is not CMS SignedData.',
    },
  },
  TIMESTAMP_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Không đọc được dấu thời gian', en: 'The time-stamp cannot be read' },
    mend: {
      vi: 'Phản hồi của máy chủ cấp dấu thời gian không đúng chuẩn RFC 3161; kiểm tra địa chỉ hoặc dùng máy chủ khác.',
      en: 'The time-stamp server does not answer as RFC 3161 says; check its address or use another one.',
    },
  },
  OCSP_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Không đọc được phản hồi OCSP', en: 'The OCSP answer cannot be read' },
    mend: {
      vi: 'Phản hồi của máy chủ OCSP không đúng chuẩn RFC 6960; thử lại sau hoặc dùng CRL.',
      en: 'The OCSP server does not answer as RFC 6960 says; try later or use the CRL.',
    },
  },
  CRL_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Không đọc được danh sách thu hồi (CRL)', en: 'The revocation list (CRL) cannot be read' },
    mend: {
      vi: 'Tải lại danh sách thu hồi từ tổ chức cấp chứng thư số.',
      en: 'Fetch the revocation list again from its issuer.',
    },
  },
  KEY_UNSUPPORTED: {
    kind: 'invalid',
    title: { vi: 'Loại khóa không được hỗ trợ để ký', en: 'This kind of key cannot be used to sign' },
    mend: {
      vi: 'Dùng khóa RSA từ 2048 bit hoặc ECDSA P-256, P-384, P-521.',
      en: 'Use an RSA key of at least 2048 bits or ECDSA P-256, P-384, P-521.',
    },
  },
  P12_MALFORMED: {
    kind: 'invalid',
    title: { vi: 'Tệp không phải là kho khóa PKCS#12 hợp lệ', en: 'The file is not a readable PKCS#12 key store' },
    mend: {
      vi: 'Xuất lại tệp .p12/.pfx cùng khóa bí mật và chứng thư số từ nơi đang giữ khóa.',
      en: 'Export the .p12/.pfx file again, with private key and certificate, from where the key lives.',
    },
  },
  P12_PIN_WRONG: {
    kind: 'forbidden',
    title: { vi: 'Sai mật khẩu (PIN) của kho khóa', en: 'The password (PIN) of the key store is wrong' },
    mend: {
      vi: 'Nhập lại; kiểm tra bộ gõ tiếng Việt và phím Caps Lock.',
      en: 'Enter it again; check the keyboard layout and Caps Lock.',
    },
  },
  P12_TOO_COSTLY: {
    kind: 'limited',
    title: {
      vi: 'Kho khóa yêu cầu quá nhiều vòng lặp khi dẫn xuất khóa',
      en: 'The key store asks for too many key derivation rounds',
    },
    mend: {
      vi: 'Xuất lại kho khóa với không quá 2.000.000 vòng lặp.',
      en: 'Export the key store again with at most 2,000,000 iterations.',
    },
  },
} as const satisfies Record<string, Problem>;
