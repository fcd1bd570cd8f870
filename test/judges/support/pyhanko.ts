import { join } from 'node:path';
import { createLineServer } from './line-server.ts';
import type { Tools } from './tools.ts';
import type { PyhankoOptions, PyhankoSignature, PyhankoVerdict } from './verdicts.ts';

type Row = Omit<PyhankoSignature, 'ok'>;
interface Answer {
  signatures: Row[];
  timestamps: Row[];
  error: string | null;
}

/** PASSED says nothing of what was changed later: `docmdpOk` and the coverage do. */
const judged = (row: Row): PyhankoSignature => ({
  ...row,
  ok:
    row.error === null &&
    row.indication === 'PASSED' &&
    row.intact &&
    row.valid &&
    row.trusted &&
    row.docmdpOk &&
    (row.coverage === 'ENTIRE_FILE' || row.coverage === 'ENTIRE_REVISION'),
});

/** pyHanko in one warm Python process. */
export function createPyhanko(tools: Tools) {
  const server = createLineServer('pyHanko', async () => {
    const { python, scripts } = (await tools.manifest()).pyhanko;
    return { command: python, args: [join(scripts, 'judge_server.py')] };
  });
  async function check(file: string, options: PyhankoOptions): Promise<PyhankoVerdict> {
    const answer = await server.ask<Answer>({
      file,
      trust: options.trust,
      extra: options.extra,
      at: options.at,
      offline: String(options.offline ?? false),
      revocation: options.revocation,
      freshnessDays: options.freshnessDays?.toString(),
    });
    const signatures = answer.signatures.map(judged);
    const timestamps = answer.timestamps.map(judged);
    const ok = answer.error === null && signatures.length > 0 && [...signatures, ...timestamps].every((row) => row.ok);
    return { file, ok, signatures, timestamps, error: answer.error };
  }
  return { check, close: server.close };
}
