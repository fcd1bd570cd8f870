import type { Tools } from './tools.ts';
import type { QpdfVerdict } from './verdicts.ts';

/** `qpdf --check`: 0 clean, 3 warnings, 2 errors. It knows nothing of signatures. */
export function createQpdf(tools: Tools) {
  return {
    async check(file: string): Promise<QpdfVerdict> {
      const { exitCode, stdout, stderr } = await tools.run('qpdf', ['--check', file]);
      return { file, ok: exitCode === 0, exitCode: exitCode ?? -1, text: stdout + stderr };
    },
  };
}
