/** The small language in which a rule says which records it is for: `all`, `any`, `not` over tests of one fact each. */
import { z } from 'zod';
import { MOMENT_FACTS, type MomentFact, type RetentionFacts } from './facts.ts';

export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  /** The fact is that word; for `causes`: the word is among them. */
  | { readonly fact: WordFact; readonly equals: string }
  | { readonly fact: WordFact; readonly in: readonly string[] }
  /** Both moments are known and `fact` lies from 0 to `withinDays` × 24 h after `after`. */
  | { readonly fact: MomentFact; readonly withinDays: number; readonly after: MomentFact };

const WORD_FACTS = ['kind', 'outcome', 'causes'] as const;
type WordFact = (typeof WORD_FACTS)[number];

/** `labour-accident` */
const word = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);

export const CONDITION: z.ZodType<Condition> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ all: z.array(CONDITION).min(1) }),
      z.strictObject({ any: z.array(CONDITION).min(1) }),
      z.strictObject({ not: CONDITION }),
      z.strictObject({ fact: z.enum(WORD_FACTS), equals: word }),
      z.strictObject({ fact: z.enum(WORD_FACTS), in: z.array(word).min(1) }),
      z.strictObject({ fact: z.enum(MOMENT_FACTS), withinDays: z.int().min(1).max(366), after: z.enum(MOMENT_FACTS) }),
    ],
    {
      error:
        'không phải điều kiện (all, any, not, hoặc fact với equals, in, withinDays + after) / ' +
        'not a condition (all, any, not, or fact with equals, in, withinDays + after)',
    },
  ),
);

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whether the facts meet the condition. A fact that is not known meets no test (and so meets `not`). */
export function meets(facts: RetentionFacts, condition: Condition): boolean {
  if ('all' in condition) return condition.all.every((part) => meets(facts, part));
  if ('any' in condition) return condition.any.some((part) => meets(facts, part));
  if ('not' in condition) return !meets(facts, condition.not);
  if ('withinDays' in condition) {
    const start = facts[condition.after];
    const moment = facts[condition.fact];
    if (start === undefined || moment === undefined) return false;
    const elapsed = Date.parse(moment) - Date.parse(start);
    return elapsed >= 0 && elapsed <= condition.withinDays * DAY_MS;
  }
  const wanted = 'equals' in condition ? [condition.equals] : condition.in;
  const value = facts[condition.fact];
  const said = typeof value === 'string' ? [value] : (value ?? []);
  return wanted.some((one) => said.includes(one));
}

/** Whether the condition tests for this kind of record: then the rule lists it. */
export function namesKind(condition: Condition, kind: string): boolean {
  if ('all' in condition) return condition.all.some((part) => namesKind(part, kind));
  if ('any' in condition) return condition.any.some((part) => namesKind(part, kind));
  if ('not' in condition || condition.fact !== 'kind') return false;
  return 'equals' in condition ? condition.equals === kind : condition.in.includes(kind);
}
