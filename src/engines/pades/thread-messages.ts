/** What the validation threads are asked and what they answer (structured clone). */
import type { AppErrorOptions, ProblemCode } from '../../shared/index.ts';
import type { Inspection } from './inspect.ts';
import type { ValidationReport } from './types.ts';

/** Given to a thread at its start: DER of the anchors. */
export interface ThreadStart {
  readonly anchors: readonly Uint8Array[];
  readonly timestampAnchors: readonly Uint8Array[];
}

/** The name of the file in the report, and the moment at which it is judged. */
export interface Question {
  readonly file: string;
  readonly at: Date;
}

export type ThreadTask = Question &
  (
    | { readonly verb: 'validate'; readonly pdf: Uint8Array }
    | { readonly verb: 'inspect'; readonly pdf: Uint8Array }
    | { readonly verb: 'survives'; readonly before: Uint8Array; readonly after: Uint8Array }
  );

export interface ThreadResults {
  readonly validate: ValidationReport;
  readonly inspect: Inspection;
  readonly survives: ValidationReport;
}

export type ThreadAnswer =
  | { readonly result: ThreadResults[ThreadTask['verb']] }
  | { readonly problem: ProblemCode; readonly options: Pick<AppErrorOptions, 'detail' | 'mistakes' | 'extra'> }
  | { readonly defect: string };
