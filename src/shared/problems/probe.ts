import type { Problem } from './problem.ts';

/** What keeps the lock probe from its work. What it finds is a result, not a problem. */
export const PROBE_PROBLEMS = {
  PROBE_TOO_SLOW: {
    kind: 'upstream',
    title: {
      vi: 'Kho trả lời quá chậm: hạn khóa của vật thử đã qua trong lúc kiểm tra',
      en: 'The store is too slow: the lock of a canary ended while it was being probed',
    },
    mend: {
      vi: 'Chạy lại `antin worm-probe` khi kho bớt bận.',
      en: 'Run `antin worm-probe` again when the store is less busy.',
    },
  },
  PROBE_WITHOUT_STORE: {
    kind: 'conflict',
    title: {
      vi: 'Không có kho S3 để kiểm tra: kho tệp không khóa được trước người quản trị máy',
      en: 'There is no S3 store to probe: the file store is no lock against the administrator of the machine',
    },
    mend: { vi: 'Đặt S3_ENDPOINT và các khóa truy cập.', en: 'Set S3_ENDPOINT and the access keys.' },
  },
} as const satisfies Record<string, Problem>;
