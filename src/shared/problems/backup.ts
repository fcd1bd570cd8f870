import type { Problem } from './problem.ts';

export const BACKUP_PROBLEMS = {
  DATABASE_NOT_EMPTY: {
    kind: 'conflict',
    title: { vi: 'Cơ sở dữ liệu đích không trống', en: 'The target database is not empty' },
    mend: {
      vi: 'Tạo một cơ sở dữ liệu mới, trống, rồi chạy lại; dữ liệu hiện có không bị thay đổi.',
      en: 'Make a new, empty database and run it again; nothing that is there was changed.',
    },
  },
  DATABASE_MOVED: {
    kind: 'conflict',
    title: {
      vi: 'Cơ sở dữ liệu của thư mục này đã được chuyển sang một máy chủ',
      en: 'The database of this folder was moved to a server',
    },
    mend: {
      vi: 'Đặt DATABASE_URL là máy chủ được nêu. Nếu việc chuyển bị ngắt giữa chừng, chạy lại `antin move` với cùng địa chỉ.',
      en: 'Set DATABASE_URL to the named server. If the move was interrupted, run `antin move` with the same address again.',
    },
  },
  BACKUP_TARGET_INVALID: {
    kind: 'invalid',
    title: { vi: 'Không đặt bản sao lưu ở đây được', en: 'The backup cannot be put here' },
    mend: {
      vi: 'Chọn một thư mục nằm ngoài thư mục dữ liệu, tốt nhất trên một thiết bị khác.',
      en: 'Choose a folder outside the data folder, best on another device.',
    },
  },
  BACKUP_IN_PROGRESS: {
    kind: 'conflict',
    title: { vi: 'Một lần sao lưu khác đang chạy', en: 'Another backup is running' },
    mend: { vi: 'Chờ lần đó kết thúc rồi chạy lại.', en: 'Wait until it has ended, then run it again.' },
  },
  BACKUP_NOT_FOUND: {
    kind: 'not-found',
    title: { vi: 'Thư mục này không có bản sao lưu hoàn chỉnh nào', en: 'This folder holds no complete backup' },
    mend: {
      vi: 'Kiểm tra đường dẫn. Thư mục có tên kết thúc bằng `.unfinished-…` là một lần sao lưu bị ngắt, không dùng được.',
      en: 'Check the path. A folder whose name ends in `.unfinished-…` is a backup that was interrupted and is of no use.',
    },
  },
  BACKUP_DAMAGED: {
    kind: 'integrity',
    title: { vi: 'Bản sao lưu bị hỏng', en: 'The backup is damaged' },
    mend: {
      vi: 'Không dùng bản này. Lấy một bản sao lưu khác; giữ lại bản hỏng để tìm nguyên nhân.',
      en: 'Do not use it. Take another backup; keep the damaged one to find the cause.',
    },
  },
  BACKUP_TOO_NEW: {
    kind: 'conflict',
    title: {
      vi: 'Bản sao lưu do một phiên bản mới hơn của chương trình tạo ra',
      en: 'The backup was made by a newer version of the program',
    },
    mend: { vi: 'Dùng phiên bản đó hoặc mới hơn.', en: 'Run that version or a newer one.' },
  },
  PASSPHRASE_NEEDED: {
    kind: 'invalid',
    title: {
      vi: 'Các khóa trong bản sao lưu được mã hóa bằng mật khẩu',
      en: 'The keys in the backup are encrypted under a passphrase',
    },
    mend: { vi: 'Chạy lại với `--passphrase-file TỆP`.', en: 'Run it again with `--passphrase-file FILE`.' },
  },
  PASSPHRASE_WRONG: {
    kind: 'forbidden',
    title: { vi: 'Mật khẩu của bản sao lưu không đúng', en: 'The passphrase of the backup is wrong' },
    mend: {
      vi: 'Dùng đúng tệp mật khẩu khi sao lưu. Không có mật khẩu thì không lấy lại được các khóa.',
      en: 'Use the passphrase file of that backup. Without it the keys cannot be had back.',
    },
  },
  PASSPHRASE_WEAK: {
    kind: 'invalid',
    title: { vi: 'Mật khẩu quá ngắn', en: 'The passphrase is too short' },
    mend: {
      vi: 'Dùng ít nhất 16 ký tự, ví dụ do `openssl rand -base64 24` tạo ra.',
      en: 'Use at least 16 characters, for example from `openssl rand -base64 24`.',
    },
  },
  RESTORE_TARGET_NOT_EMPTY: {
    kind: 'conflict',
    title: { vi: 'Nơi khôi phục không trống', en: 'The place to restore to is not empty' },
    mend: {
      vi: 'Khôi phục vào một thư mục mới hoặc trống; không có gì bị ghi đè.',
      en: 'Restore into a new or an empty folder; nothing was overwritten.',
    },
  },
  RESTORE_UNFINISHED: {
    kind: 'conflict',
    title: {
      vi: 'Việc khôi phục vào thư mục này bị ngắt giữa chừng',
      en: 'A restore into this folder was interrupted',
    },
    mend: {
      vi: 'Chạy lại `antin restore` từ bản sao lưu được nêu; hoặc xóa thư mục này và bắt đầu lại.',
      en: 'Run `antin restore` from the named backup again; or delete the folder and start anew.',
    },
  },
  RESTORE_OBJECTS_MISSING: {
    kind: 'integrity',
    title: {
      vi: 'Kho lưu trữ thiếu đối tượng mà bản sao lưu liệt kê',
      en: 'The archive lacks objects that the backup lists',
    },
    mend: {
      vi: 'Kiểm tra S3_ENDPOINT và S3_ARCHIVE_BUCKET; dùng bản sao lưu có `--with-archive`. Nếu các đối tượng thật sự đã mất: `--accept-missing`, rồi `antin fsck` liệt kê chúng.',
      en: 'Check S3_ENDPOINT and S3_ARCHIVE_BUCKET; use a backup made with `--with-archive`. If the objects are really lost: `--accept-missing`, then `antin fsck` lists them.',
    },
  },
} as const satisfies Record<string, Problem>;
