import type { Problem } from './problem.ts';

export const SIGNING_PROBLEMS = {
  SLOT_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Tài liệu không có ô ký này', en: 'The document has no such signature slot' },
    mend: { vi: 'Xem `slots` của tài liệu.', en: 'See `slots` of the document.' },
  },
  NOT_YOUR_TURN: {
    kind: 'forbidden',
    title: { vi: 'Chưa đến lượt ký này', en: 'It is not your turn to sign' },
    mend: { vi: 'Chờ những người ký trước ký xong.', en: 'Wait until those before you have signed.' },
  },
  ALREADY_SIGNED: {
    kind: 'conflict',
    title: { vi: 'Ô này đã được ký', en: 'This slot has been signed already' },
    mend: { vi: 'Không cần làm gì thêm.', en: 'Nothing needs to be done.' },
  },
  TURN_TAKEN: {
    kind: 'locked',
    title: { vi: 'Có người khác đang ký tài liệu này', en: 'Somebody else is signing this document' },
    mend: {
      vi: 'Thử lại sau; lượt ký tự hết hạn nếu không hoàn tất.',
      en: 'Try again later; a turn that is not completed expires by itself.',
    },
  },
  TURN_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Không có lượt ký này', en: 'There is no such turn' },
    mend: { vi: 'Mở lượt ký mới.', en: 'Open a new turn.' },
  },
  TURN_CLOSED: {
    kind: 'gone',
    title: { vi: 'Lượt ký đã kết thúc hoặc hết hạn', en: 'The turn has ended or expired' },
    mend: { vi: 'Mở lượt ký mới.', en: 'Open a new turn.' },
  },
  CREDENTIAL_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Không có chứng thư số này', en: 'There is no such credential' },
    mend: { vi: 'Đăng ký chứng thư số trước.', en: 'Enrol the credential first.' },
  },
  CREDENTIAL_NOT_YOURS: {
    kind: 'forbidden',
    title: { vi: 'Chứng thư số thuộc về người khác', en: 'The credential belongs to somebody else' },
    mend: { vi: 'Dùng chứng thư số của chính mình.', en: 'Use your own credential.' },
  },
  PIN_REJECTED: {
    kind: 'unauthenticated',
    title: { vi: 'Sai mã PIN', en: 'Wrong PIN' },
    mend: { vi: 'Nhập lại; xem số lần thử còn lại.', en: 'Enter it again; mind the tries left.' },
  },
  TOO_MANY_TRIES: {
    kind: 'limited',
    title: { vi: 'Nhập sai mã PIN quá nhiều lần', en: 'Too many wrong PINs' },
    mend: { vi: 'Chờ hết thời gian khóa rồi thử lại.', en: 'Wait until the lock ends, then try again.' },
  },
  SEAL_NOT_ENROLLED: {
    kind: 'upstream',
    title: { vi: 'Chưa đăng ký chứng thư số của cơ sở', en: 'The facility has no seal credential' },
    mend: {
      vi: 'Đăng ký chứng thư số của cơ sở để ký đóng dấu tài liệu.',
      en: 'Enrol the credential of the facility.',
    },
  },
  LEVEL_NOT_REACHED: {
    kind: 'upstream',
    title: {
      vi: 'Chữ ký chưa đạt mức hiệu lực dài hạn',
      en: 'The long-term level has not been reached yet',
    },
    mend: {
      vi: 'Hệ thống tự thử lại khi dịch vụ dấu thời gian và dịch vụ trạng thái chứng thư số (OCSP/CRL) trả lời.',
      en: 'It is tried again by itself when time-stamp and status services answer.',
    },
  },
  JOB_STOPPED: {
    kind: 'upstream',
    title: { vi: 'Một tác vụ nền đã dừng', en: 'A background job has stopped' },
    mend: { vi: 'Khắc phục nguyên nhân rồi chạy lại tác vụ.', en: 'Mend the cause, then start the job again.' },
  },
  DOCUMENT_BUSY: {
    kind: 'limited',
    title: { vi: 'Tài liệu đang được xử lý ở nơi khác', en: 'The document is being worked on elsewhere' },
    mend: { vi: 'Hệ thống tự thử lại.', en: 'It is tried again by itself.' },
  },
  VERDICT_NOT_PASSED: {
    kind: 'integrity',
    title: {
      vi: 'Bản có hiệu lực dài hạn không vượt qua bước kiểm tra chữ ký của hệ thống',
      en: 'The long-term version does not pass our own validation',
    },
    mend: {
      vi: 'Quản trị viên xem lý do trong nhật ký máy chủ; phiên bản trước đó vẫn nguyên vẹn.',
      en: 'The administrator finds the reasons in the server log; the earlier revision is untouched.',
    },
  },
  SESSION_UNKNOWN: {
    kind: 'not-found',
    title: { vi: 'Không có phiên ký này', en: 'There is no such session' },
    mend: { vi: 'Kiểm tra mã phiên ký.', en: 'Check the id of the session.' },
  },
  SESSION_BROKEN_OFF: {
    kind: 'internal',
    title: {
      vi: 'Phiên ký dừng giữa chừng, tài liệu này chưa được ký',
      en: 'The session broke off; this document was not signed',
    },
    mend: {
      vi: 'Ký lại tài liệu này trong phiên mới. Các tài liệu đã ký trước đó vẫn giữ nguyên.',
      en: 'Sign this document in a new session. Those signed before stay signed.',
    },
  },
  CHANGED_SINCE_VIEWED: {
    kind: 'stale',
    title: {
      vi: 'Bản thể hiện không còn là bản đã được xem',
      en: 'The rendition is not the one that you looked at',
    },
    mend: { vi: 'Xem lại tài liệu rồi ký.', en: 'Look at the document again, then sign.' },
  },
  SIGNER_WRONG: {
    kind: 'invalid',
    title: {
      vi: 'Chữ ký không do chứng thư số đã mở lượt ký tạo ra',
      en: 'The signature was not made with the credential that opened the turn',
    },
    mend: { vi: 'Ký lại bằng đúng chứng thư số.', en: 'Sign again with the right credential.' },
  },
} as const satisfies Record<string, Problem>;
