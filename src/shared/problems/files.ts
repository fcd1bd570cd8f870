import type { Problem } from './problem.ts';

export const FILE_PROBLEMS = {
  FILE_UNREADABLE: {
    kind: 'not-found',
    title: { vi: 'Không đọc được tệp', en: 'The file cannot be read' },
    mend: { vi: 'Kiểm tra đường dẫn và quyền đọc.', en: 'Check the path and the permission to read.' },
  },
  FILE_UNWRITABLE: {
    kind: 'forbidden',
    title: { vi: 'Không ghi được tệp', en: 'The file cannot be written' },
    mend: { vi: 'Kiểm tra thư mục và quyền ghi.', en: 'Check the folder and the permission to write.' },
  },
} as const satisfies Record<string, Problem>;
