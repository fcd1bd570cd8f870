/** Edge table: error → exit code of the command line, and words for people or machines on standard error. */
import { type AppError, type ErrorKind, PROBLEMS, toAppError } from '../shared/index.ts';

/** 0 yes · 1 the answer is no · 2 wrong usage · 3 integrity alarm · 4 could not do it. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

export const EXIT_OF_KIND: Readonly<Record<ErrorKind, ExitCode>> = {
  invalid: 2,
  unauthenticated: 4,
  forbidden: 4,
  'not-found': 4,
  gone: 4,
  conflict: 4,
  stale: 4,
  locked: 4,
  limited: 4,
  upstream: 4,
  integrity: 3,
  internal: 4,
};

/** Prints the problem and returns the exit code. Vietnamese first; `--json` gives one line. */
export function reportProblem(thrown: unknown, json: boolean): ExitCode {
  const error = toAppError(thrown);
  if (json) console.error(JSON.stringify({ error: asJson(error) }));
  else console.error(asText(error));
  if (error.code === 'INTERNAL' && process.exitCode === undefined) console.error(error.cause);
  return EXIT_OF_KIND[error.kind];
}

function asJson(error: AppError): object {
  const { code, detail, mistakes, extra } = error;
  return { code, vi: detail.vi, en: detail.en, mistakes, ...extra };
}

function asText(error: AppError): string {
  const { mend } = PROBLEMS[error.code];
  const lines = [`${error.code}: ${error.detail.vi}`, `  (${error.detail.en})`];
  for (const mistake of error.mistakes) lines.push(`  ${mistake.path}: ${mistake.vi} (${mistake.en})`);
  lines.push(`  → ${mend.vi} (${mend.en})`);
  return lines.join('\n');
}
