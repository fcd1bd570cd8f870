/** Whether a process can do its work now, and every reason why not. */
import { type AppError, type BilingualText, type Log, PROBLEMS, type ProblemCode } from '../../shared/index.ts';

export interface ReadinessReason {
  /** Which check: `database`, `work-store` … */
  readonly check: string;
  readonly code: ProblemCode;
  /** True: nothing can be accepted. False: it works, but somebody should look. */
  readonly blocking: boolean;
  readonly vi: string;
  readonly en: string;
  readonly mend: BilingualText;
}

export interface Readiness {
  /** No blocking reason. */
  readonly ready: boolean;
  readonly reasons: readonly ReadinessReason[];
}

/** The answer of a process that was asked to end. */
export const LEAVING: Readiness = {
  ready: false,
  reasons: [
    {
      check: 'process',
      code: 'PROCESS_LEAVING',
      blocking: true,
      ...PROBLEMS.PROCESS_LEAVING.title,
      mend: PROBLEMS.PROCESS_LEAVING.mend,
    },
  ],
};

export interface Check {
  readonly name: string;
  readonly blocking: boolean;
  /** What is wrong, or undefined. What it throws, and that it takes too long, counts as `otherwise`. */
  readonly look: () => Promise<AppError | undefined>;
  /** Said when looking itself fails. */
  readonly otherwise: ProblemCode;
}

export interface ReadinessOptions {
  readonly checks: readonly Check[];
  readonly log: Log;
  /** A check that takes longer has failed. Default 3 s. */
  readonly timeoutMs?: number;
  /** An answer is given again for so long. Default 2 s. */
  readonly freshMs?: number;
}

/** All checks are made at once; those who ask meanwhile get the same answer. Never throws. */
export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  const { timeoutMs = 3_000, freshMs = 2_000 } = options;
  let answeredAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<Readiness> | undefined;
  let before = '';

  const ask = async (): Promise<Readiness> => {
    const found = await Promise.all(options.checks.map((check) => reasonOf(check, timeoutMs)));
    const reasons = found.filter((reason) => reason !== undefined);
    const codes = reasons.map(({ check, code }) => `${check} ${code}`).join(', ');
    if (codes !== before)
      options.log.warn({ reasons: codes }, codes === '' ? 'ready again' : 'not everything is ready');
    before = codes;
    return { ready: !reasons.some(({ blocking }) => blocking), reasons };
  };
  return () => {
    const now = performance.now();
    if (answer === undefined || now - answeredAt >= freshMs) {
      answeredAt = now;
      answer = ask();
    }
    return answer;
  };
}

async function reasonOf(check: Check, timeoutMs: number): Promise<ReadinessReason | undefined> {
  const say = (code: ProblemCode, { vi, en }: BilingualText): ReadinessReason => {
    return { check: check.name, code, blocking: check.blocking, vi, en, mend: PROBLEMS[code].mend };
  };
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), timeoutMs);
  try {
    const found = await Promise.race([check.look(), late]);
    if (found === undefined) return undefined;
    return found === 'late' ? say(check.otherwise, PROBLEMS[check.otherwise].title) : say(found.code, found.detail);
  } catch {
    return say(check.otherwise, PROBLEMS[check.otherwise].title);
  } finally {
    clearTimeout(timer);
  }
}
