/** Retention rules: from the facts of a record to a date, with its legal basis and every step of the reasoning. */

import { explain, type RetentionExplanation } from './explain.ts';
import { parseRetentionFacts } from './facts.ts';
import { loadPolicies } from './load-policies.ts';
import type { RetentionPolicy } from './rule.ts';

export type { Condition } from './condition.ts';
export {
  type ConsideredRule,
  explain,
  floorLock,
  type PolicyReference,
  RETENTION_STATES,
  type RetentionExplanation,
  type RetentionHold,
  type RetentionState,
  shownAs,
} from './explain.ts';
export { mergeFacts, parseRetentionFacts, type RetentionFacts, retentionFacts } from './facts.ts';
export { loadPolicies } from './load-policies.ts';
export { canonicalJson, policyJsonSchema, type RetentionPolicy } from './rule.ts';

/** For `antin policy check`: the rules of a directory. @throws POLICY_INVALID with all mistakes at once. */
export const policyCheck = (dir: string): Promise<readonly RetentionPolicy[]> => loadPolicies(dir);

/** For `antin policy explain facts.json`. @throws FACTS_INVALID, POLICY_INVALID. */
export function policyExplain(facts: unknown, policies: readonly RetentionPolicy[], now: Date): RetentionExplanation {
  return explain(parseRetentionFacts(facts), policies, now);
}
