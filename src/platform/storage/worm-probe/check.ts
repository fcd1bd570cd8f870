import type { BilingualText } from '../../../shared/index.ts';
import type { Bench } from './bench.ts';
import type { Outcome, Severity } from './report.ts';

export interface Check {
  /** Kept for ever: reports and documents name it. */
  readonly id: string;
  readonly title: BilingualText;
  readonly severity: Severity;
  /** Spends most of its time waiting on canaries of its own, so it runs beside the others. */
  readonly waits?: true;
  run(bench: Bench): Promise<Outcome>;
}
