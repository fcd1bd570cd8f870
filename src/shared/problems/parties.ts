import type { Problem } from './problem.ts';

export const PARTIES_PROBLEMS = {
  PARTY_INVALID: {
    kind: 'invalid',
    title: { vi: 'Thông tin khai báo chưa hợp lệ', en: 'The registration is not valid' },
    mend: { vi: 'Sửa từng mục được liệt kê rồi gửi lại.', en: 'Correct each listed field and send again.' },
  },
  PARTY_NOT_FOUND: {
    kind: 'not-found',
    title: {
      vi: 'Không có cơ sở, người bệnh hoặc người hành nghề này',
      en: 'There is no such facility, patient or clinician',
    },
    mend: { vi: 'Kiểm tra mã định danh.', en: 'Check the id.' },
  },
  PARTY_TAKEN: {
    kind: 'conflict',
    title: { vi: 'Mã này đã được dùng cho người hoặc cơ sở khác', en: 'The code already belongs to someone else' },
    mend: { vi: 'Kiểm tra mã; mỗi mã chỉ dùng một lần.', en: 'Check the code; each is given only once.' },
  },
  CLINICIAN_INACTIVE: {
    kind: 'forbidden',
    title: { vi: 'Người hành nghề không còn làm việc tại cơ sở', en: 'The clinician no longer works at the facility' },
    mend: {
      vi: 'Chuyển cho người khác có thẩm quyền ký; phòng Tổ chức cán bộ cập nhật danh sách người hành nghề.',
      en: 'Someone else with the authority must sign; the personnel office keeps the list.',
    },
  },
  SIGNER_ROLE_REQUIRED: {
    kind: 'forbidden',
    title: {
      vi: 'Người ký không có vai trò mà ô ký này yêu cầu',
      en: 'The signer does not hold the role that this signature asks for',
    },
    mend: {
      vi: 'Chuyển cho người có vai trò được nêu, hoặc ghi nhận văn bản ủy quyền.',
      en: 'Hand it to someone with the named role, or record a delegation.',
    },
  },
  LICENCE_MISSING: {
    kind: 'forbidden',
    title: {
      vi: 'Chưa có giấy phép hành nghề trong hệ thống',
      en: 'No practising licence is on file',
    },
    mend: { vi: 'Ghi nhận số giấy phép hành nghề và thời hạn.', en: 'Record the licence number and its validity.' },
  },
  LICENCE_NOT_YET_VALID: {
    kind: 'forbidden',
    title: { vi: 'Giấy phép hành nghề chưa có hiệu lực', en: 'The practising licence is not valid yet' },
    mend: { vi: 'Chỉ ký được từ ngày giấy phép có hiệu lực.', en: 'Sign from the day on which the licence begins.' },
  },
  LICENCE_EXPIRED: {
    kind: 'forbidden',
    title: { vi: 'Giấy phép hành nghề đã hết hạn', en: 'The practising licence has expired' },
    mend: {
      vi: 'Gia hạn giấy phép và cập nhật thời hạn mới; trong lúc chờ, chuyển cho người khác có thẩm quyền ký.',
      en: 'Renew the licence and record its new validity; meanwhile someone else with the authority signs.',
    },
  },
  DELEGATION_NOT_YET_VALID: {
    kind: 'forbidden',
    title: { vi: 'Văn bản ủy quyền chưa có hiệu lực', en: 'The delegation is not valid yet' },
    mend: { vi: 'Chỉ ký được từ ngày ủy quyền có hiệu lực.', en: 'Sign from the day on which the delegation begins.' },
  },
  DELEGATION_EXPIRED: {
    kind: 'forbidden',
    title: { vi: 'Văn bản ủy quyền đã hết hiệu lực', en: 'The delegation has ended' },
    mend: {
      vi: 'Ban hành văn bản ủy quyền mới, hoặc chuyển cho người có thẩm quyền.',
      en: 'Issue a new delegation, or hand it to someone with the authority.',
    },
  },
  CREDENTIAL_MISMATCH: {
    kind: 'forbidden',
    title: {
      vi: 'Chứng thư số không phải của người ký này',
      en: 'The certificate does not belong to this signer',
    },
    mend: {
      vi: 'Dùng đúng chứng thư số đã đăng ký. Trùng họ tên không đủ: hệ thống đối chiếu số sê-ri, tổ chức cấp và UID.',
      en: 'Use the enrolled certificate. The same name is not enough: serial number, issuer and UID are compared.',
    },
  },
  CREDENTIAL_NOT_YET_VALID: {
    kind: 'forbidden',
    title: { vi: 'Chứng thư số chưa có hiệu lực', en: 'The certificate is not valid yet' },
    mend: {
      vi: 'Chỉ ký được từ ngày chứng thư số có hiệu lực.',
      en: 'Sign from the day on which the certificate begins.',
    },
  },
  CREDENTIAL_EXPIRED: {
    kind: 'forbidden',
    title: { vi: 'Chứng thư số đã hết hạn', en: 'The certificate has expired' },
    mend: {
      vi: 'Gia hạn rồi đăng ký chứng thư số mới.',
      en: 'Renew the certificate and enrol the new one.',
    },
  },
  CREDENTIAL_WITHDRAWN: {
    kind: 'forbidden',
    title: {
      vi: 'Cơ sở đã ngừng sử dụng chứng thư số này',
      en: 'The facility has withdrawn this certificate from use',
    },
    mend: { vi: 'Dùng chứng thư số khác đã đăng ký.', en: 'Use another enrolled certificate.' },
  },
  CREDENTIAL_UNUSABLE: {
    kind: 'invalid',
    title: {
      vi: 'Không ký thử được bằng khóa của chứng thư số này',
      en: 'A test signature with the key of this certificate failed',
    },
    mend: {
      vi: 'Kiểm tra khóa có khớp với chứng thư số không; cần RSA từ 2048 bit hoặc ECDSA P-256, P-384, P-521.',
      en: 'Check that the key belongs to the certificate; it must be RSA of at least 2048 bits or ECDSA P-256, P-384, P-521.',
    },
  },
} as const satisfies Record<string, Problem>;
