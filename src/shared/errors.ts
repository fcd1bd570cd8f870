/**
 * The one error type of the project.
 *
 * A code decides the kind (and so everything mechanical: HTTP status, retry, exit code) and the words;
 * the detail says what is wrong this time. Five edge tables translate: HTTP problem, FHIR outcome, job, CLI, console.
 * An invalid signature is a result, never an error.
 */
import { PROBLEMS, type ProblemCode } from './problems/index.ts';
import type { ErrorKind } from './problems/problem.ts';
import type { BilingualText } from './vi-text.ts';

/** One mistake in a larger input. `path` is a JSON pointer into what the caller sent (`/content/patient/name`). */
export interface InputMistake {
  readonly path: string;
  readonly code: string;
  readonly vi: string;
  readonly en: string;
}

export interface AppErrorOptions {
  /** What is wrong this time, for a person. No patient data, no secrets. Defaults to the title of the code. */
  readonly detail?: BilingualText;
  /** For us; never shown. */
  readonly cause?: unknown;
  /** All mistakes at once, for bad input. */
  readonly mistakes?: readonly InputMistake[];
  /** Extra machine-readable members of the problem answer (for example `triesLeft`). No patient data. */
  readonly extra?: Readonly<Record<string, string | number | boolean>>;
}

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ProblemCode;
  readonly kind: ErrorKind;
  readonly detail: BilingualText;
  readonly mistakes: readonly InputMistake[];
  readonly extra: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ProblemCode, options: AppErrorOptions = {}) {
    const problem = PROBLEMS[code];
    const detail = options.detail ?? problem.title;
    super(`${code}: ${detail.en}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = problem.kind;
    this.detail = detail;
    this.mistakes = options.mistakes ?? [];
    this.extra = options.extra ?? {};
  }
}

/** Any thrown thing as an `AppError`: untyped errors become `INTERNAL`, their text kept only as `cause`. */
export function toAppError(thrown: unknown): AppError {
  return thrown instanceof AppError ? thrown : new AppError('INTERNAL', { cause: thrown });
}
