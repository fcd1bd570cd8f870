/** What the installation is worth, where its files are, what it says. */
import { z } from 'zod';
import { FOLDER, PERSON, setting } from './setting.ts';

export const INSTALLATION = {
  MODE: setting({
    schema: z.enum(['demo', 'legal']),
    fallback: 'demo',
    form: { vi: '`demo` hoặc `legal`', en: '`demo` or `legal`' },
    meaning: {
      vi: 'demo: bản thử, mọi trang đều ghi “BẢN THỬ”; legal: có giá trị pháp lý, từ chối khởi động khi thiếu điều kiện.',
      en: 'demo: a trial, every page is marked so; legal: refuses to start while a legal condition is missing.',
    },
  }),
  DATA_DIR: setting({
    schema: z.string().min(1),
    fallback: 'data',
    form: FOLDER,
    meaning: {
      vi: 'Nơi lưu cơ sở dữ liệu nhúng, kho tệp và các khóa của chương trình.',
      en: 'Where the embedded database, the file stores and the keys of the program live.',
    },
  }),
  STATE_DIR: setting({
    schema: z.string().min(1),
    fallback: '/var/lib/antin',
    form: FOLDER,
    meaning: {
      vi: 'Khi chạy bằng root mà DATA_DIR nằm dưới thư mục chỉ root vào được: nơi đặt cơ sở dữ liệu nhúng.',
      en: 'When run as root with DATA_DIR below a folder that only root may enter: where the embedded database goes.',
    },
  }),
  KEYS_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Khóa của chương trình (ký nhật ký, mở con dấu), dùng chung cho mọi tiến trình. Không đặt: `keys` trong DATA_DIR.',
      en: 'Keys of the program (log signing, opening seals), shared by all processes. Not set: `keys` in DATA_DIR.',
    },
  }),
  TRUST_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Chứng thư gốc tin cậy: `signers/`, `tsa/` (PEM). Không đặt: `certs/trust` của chương trình.',
      en: 'Trust anchors: `signers/`, `tsa/` (PEM). Not set: `certs/trust` of the program.',
    },
  }),
  POLICIES_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Các quy tắc lưu trữ (YAML). Không đặt: `storage-policies` của chương trình.',
      en: 'Retention rules (YAML). Not set: `storage-policies` of the program.',
    },
  }),
  FORMS_DIR: setting({
    schema: z.string().min(1).optional(),
    form: FOLDER,
    meaning: {
      vi: 'Biểu mẫu riêng của bệnh viện, ngoài các mẫu có sẵn.',
      en: 'Forms of the hospital beside the shipped ones.',
    },
  }),
  CLINIC_STORE_ACCEPTED_BY: setting({
    schema: z.string().min(2).optional(),
    form: PERSON,
    meaning: {
      vi: 'Người chấp nhận kho tệp là kho lưu trữ duy nhất khi MODE=legal.',
      en: 'Who accepts the file system as the only archive with MODE=legal.',
    },
  }),
  SOFTWARE_KEYS_ACCEPTED_BY: setting({
    schema: z.string().min(2).optional(),
    form: PERSON,
    meaning: {
      vi: 'Người chấp nhận khóa ký giữ bằng phần mềm (PKCS#12) khi MODE=legal; mọi báo cáo kiểm tra ghi rõ điều này.',
      en: 'Who accepts signing keys kept in software (PKCS#12) with MODE=legal; every validation report says so.',
    },
  }),
  LOG_LEVEL: setting({
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    fallback: 'info',
    form: { vi: '`debug`, `info`, `warn` hoặc `error`', en: '`debug`, `info`, `warn` or `error`' },
    meaning: { vi: 'Mức chi tiết của nhật ký máy chủ.', en: 'How much the server log tells.' },
  }),
} as const;
