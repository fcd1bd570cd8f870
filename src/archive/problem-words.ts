import type { ArchiveProblem } from '../platform/db/index.ts';
import type { BilingualText } from '../shared/index.ts';

/** What each finding means, and what a person does about it. */
export const ARCHIVE_PROBLEM_WORDS: Readonly<
  Record<ArchiveProblem, { readonly title: BilingualText; readonly mend: BilingualText }>
> = {
  mismatch: {
    title: { vi: 'Nội dung không còn như khi lưu trữ', en: 'The bytes are not what was archived' },
    mend: {
      vi: 'Giữ nguyên hiện trạng, báo ngay người phụ trách; khôi phục từ bản sao.',
      en: 'Leave everything as it is and alert the person in charge; restore from a copy.',
    },
  },
  'could-not-read': {
    title: { vi: 'Kho không đọc được đối tượng', en: 'The store cannot read the object' },
    mend: {
      vi: 'Xem đĩa và nhật ký của kho; lần quét sau tự đọc lại.',
      en: 'See the disks and the log of the store; the next sweep reads it again.',
    },
  },
  missing: {
    title: { vi: 'Kho không còn phiên bản đã đăng ký', en: 'The registered version is not in the store' },
    mend: {
      vi: 'Báo ngay người phụ trách; khôi phục từ bản sao.',
      en: 'Alert the person in charge; restore from a copy.',
    },
  },
  unknown: {
    title: { vi: 'Phiên bản trong kho chưa được đăng ký', en: 'A version in the store is not registered' },
    mend: {
      vi: 'Thường do sự cố giữa chừng: chạy lại tác vụ lưu trữ của tài liệu. Nếu không phải, quyết định giữ hay thôi giữ (`antin finding decide`); đến lúc đó phiên bản vẫn được khóa.',
      en: 'Mostly left by a crash: run the archive job of the document again. If not, decide to keep it or to let it go (`antin finding decide`); until then the version stays locked.',
    },
  },
  surplus: {
    title: { vi: 'Phiên bản thừa của đối tượng đã đăng ký', en: 'A further version of a registered object' },
    mend: {
      vi: 'Phiên bản đã đăng ký vẫn nguyên vẹn. Quyết định giữ hay thôi giữ phiên bản thừa (`antin finding decide`). Nếu lặp lại, tìm xem ai ghi vào kho.',
      en: 'The registered version is unharmed. Decide to keep the further one or to let it go (`antin finding decide`). If it happens again, find out who writes into the store.',
    },
  },
  'delete-marker': {
    title: { vi: 'Dấu xóa che khuất đối tượng', en: 'A delete marker hides the object' },
    mend: {
      vi: 'Gỡ dấu xóa trong kho; tìm xem ai đã đặt.',
      en: 'Remove the marker in the store, and find out who set it.',
    },
  },
  'lock-short': {
    title: { vi: 'Khóa của kho ngắn hơn thời hạn lưu trữ', en: 'The lock ends before the retention does' },
    mend: {
      vi: 'Chương trình tự khóa lại. Nếu lặp lại, chạy `antin worm-probe`.',
      en: 'It is locked again by itself. If it happens again, run `antin worm-probe`.',
    },
  },
  'hold-missing': {
    title: { vi: 'Lệnh giữ trên kho đã bị gỡ', en: 'The hold in the store was lifted' },
    mend: {
      vi: 'Chương trình tự đặt lại. Tìm xem ai đã gỡ.',
      en: 'It is set again by itself. Find out who lifted it.',
    },
  },
  'promise-lowered': {
    title: {
      vi: 'Thời hạn lưu trữ ghi trong cơ sở dữ liệu đã bị rút ngắn',
      en: 'The retention in the database was shortened',
    },
    mend: {
      vi: 'Có người sửa thẳng cơ sở dữ liệu. Báo ngay người phụ trách; ghi lại đúng thời hạn theo nhật ký.',
      en: 'Somebody changed the database itself. Alert the person in charge; set the date right after the audit log.',
    },
  },
};
