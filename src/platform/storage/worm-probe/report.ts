/** What a probe found, in words that a certificate can carry. */
import type { BilingualText } from '../../../shared/index.ts';

/** `required`: an engine that fails it is refused. `capability`: we live without it by not using it. */
export type Severity = 'required' | 'capability';

/** `note`: does not apply here, or cannot be told. `unknown`: the store did not answer. */
export type Result = 'ok' | 'failed' | 'note' | 'unknown';

export interface Outcome {
  readonly result: Result;
  /** What was done and what was so afterwards. No secrets. */
  readonly seen: string;
}

export interface CheckReport extends Outcome {
  readonly id: string;
  readonly title: BilingualText;
  readonly severity: Severity;
}

/** A canary that stays in the bucket until its lock ends. The next probe looks whether it is still there. */
export interface LeftBehind {
  readonly key: string;
  readonly versionId: string;
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly lockedUntil: string;
}

/** `undecided`: the store could not be asked everything; nothing is proven either way. */
export type Verdict = 'passed' | 'refused' | 'undecided';

/** JSON as it stands: all instants are ISO 8601 texts in UTC. */
export interface ProbeReport {
  readonly format: 'antin-worm-probe-1';
  readonly id: string;
  readonly verdict: Verdict;
  readonly begun: string;
  readonly ended: string;
  /** Name and version of the program that probed. */
  readonly program: string;
  readonly store: {
    /** Host and port, no credentials. */
    readonly host: string;
    readonly tls: boolean;
    readonly bucket: string;
    /** As the engine calls itself in `Server`; empty: it does not say. */
    readonly engine: string;
  };
  readonly checks: readonly CheckReport[];
  /** Capabilities that this engine lacks, so that they are not used. */
  readonly notUsed: readonly string[];
  readonly leftBehind: readonly LeftBehind[];
}

/** A required check that failed refuses; one that could not be made leaves it open; capabilities decide nothing. */
export function verdictOf(checks: readonly CheckReport[]): Verdict {
  const required = checks.filter((check) => check.severity === 'required').map((check) => check.result);
  if (required.includes('failed')) return 'refused';
  return required.length === 0 || required.includes('unknown') ? 'undecided' : 'passed';
}

export const ok = (seen: string): Outcome => ({ result: 'ok', seen });
export const failed = (seen: string): Outcome => ({ result: 'failed', seen });
export const note = (seen: string): Outcome => ({ result: 'note', seen });
