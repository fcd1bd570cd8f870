/** The retention of a record: decided from its facts, ratcheted, logged step by step. */
import type { AuditActor } from '../../platform/audit/index.ts';
import type { Tx } from '../../platform/db/index.ts';
import { AppError, type BilingualText, newId } from '../../shared/index.ts';
import type { ArchiveDeps } from '../deps.ts';
import {
  canonicalJson,
  explain,
  mergeFacts,
  type PolicyReference,
  type RetentionExplanation,
  type RetentionFacts,
  type RetentionHold,
  type RetentionPolicy,
  type RetentionState,
} from '../policy/index.ts';
import { isRaise, type Promised, ratchet } from './ratchet.ts';
import * as store from './store.ts';

/** What a record is promised now. */
export interface RecordRetention {
  readonly recordId: string;
  readonly state: RetentionState;
  readonly class: string;
  /** Exclusive instant. */
  readonly retainUntil: Date;
  readonly hold: RetentionHold | undefined;
  readonly facts: RetentionFacts;
}

/** One decision about a record. Moments inside the explanation are ISO 8601 text. */
export type RetentionStep = store.StepRow;

/** What was decided, and the rule behind the date that counts. */
export interface Decision {
  readonly promised: Promised;
  readonly class: string;
  readonly policy: PolicyReference;
  readonly legalBasis: BilingualText;
  readonly stepId: string;
}

/**
 * Decides anew about a record that may have learned facts, with the other writes of the caller's transaction (`deciding`): the
 * record and all its objects carry the later date. The store follows after the commit (`enforceLocks`).
 * `isFirst`: nothing was decided about the record a moment ago, so there is nothing to lock and to read.
 * @throws POLICY_CHANGED (a rule was edited after use), POLICY_INVALID.
 */
export async function decide(
  deps: ArchiveDeps,
  tx: Tx,
  about: { facilityId: string; recordId: string; facts: RetentionFacts; actor: AuditActor },
  isFirst = false,
): Promise<Decision> {
  const { facilityId, recordId } = about;
  const now = deps.clock.now();
  if (!isFirst) await store.lockRecord(tx, recordId);
  const previous = isFirst ? undefined : await store.findRetention(tx, facilityId, recordId);
  const facts = mergeFacts(previous?.facts, about.facts);
  const explanation = explain(facts, deps.policies, now);
  const promised = ratchet(previous, explanation);
  const kept = previous !== undefined && isKept(previous, explanation);
  if (
    previous !== undefined &&
    canonicalJson(previous.facts) === canonicalJson(facts) &&
    !isRaise(previous, promised)
  ) {
    return decisionOf(tx, previous);
  }
  const ids = {
    step: newId(now),
    auditEntry: await auditStep(deps, tx, { ...about, previous, explanation, promised }),
  };
  const row = {
    recordId,
    facilityId,
    class: kept ? previous.class : explanation.class,
    facts,
    stepId: kept ? previous.stepId : ids.step,
    ...promised,
  };
  if (previous === undefined) await store.insertRetention(tx, row, now);
  else await store.updateRetention(tx, row, now);
  await store.insertStep(tx, facilityId, recordId, {
    id: ids.step,
    at: now,
    previousUntil: previous?.retainUntil,
    computedUntil: explanation.retainUntil,
    effectiveUntil: promised.retainUntil,
    policy: explanation.policy,
    explanation: kept ? { ...explanation, reasoning: [...explanation.reasoning, KEPT_LINE] } : explanation,
    auditEntryId: ids.auditEntry,
  });
  if (kept) return decisionOf(tx, row);
  const { policy, legalBasis } = explanation;
  return { promised, class: row.class, policy, legalBasis, stepId: ids.step };
}

const MOST_RACES = 5;

/** A transaction that decides: anew when somebody else decided at the same moment. @throws DOCUMENT_BUSY if that goes on. */
export async function deciding<T>({ database }: ArchiveDeps, write: (tx: Tx) => Promise<T>): Promise<T> {
  for (let race = 1; ; race += 1) {
    try {
      return await database.transaction(write);
    } catch (thrown) {
      if (!isBusy(thrown) || race === MOST_RACES) throw thrown;
    }
  }
}

/** Somebody else was faster with the same record or object. */
export function isBusy(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === 'DOCUMENT_BUSY';
}

/** Whether an earlier decision asks for more than the new one. The floor of an open episode was no decision. */
function isKept(previous: store.RetentionRow, explanation: RetentionExplanation): boolean {
  return previous.hold !== 'OPEN_EPISODE' && previous.retainUntil > explanation.retainUntil;
}

/** The decision behind a row: rule and legal basis of the step whose date counts. */
async function decisionOf(tx: Tx, row: store.RetentionRow): Promise<Decision> {
  const step = await store.findStep(tx, row.stepId);
  const { state, retainUntil, hold } = row;
  return {
    promised: { state, retainUntil, hold },
    class: row.class,
    policy: step.policy,
    legalBasis: step.explanation.legalBasis,
    stepId: step.id,
  };
}

async function auditStep(
  deps: ArchiveDeps,
  tx: Tx,
  decided: {
    readonly facilityId: string;
    readonly recordId: string;
    readonly actor: AuditActor;
    readonly previous: store.RetentionRow | undefined;
    readonly explanation: RetentionExplanation;
    readonly promised: Promised;
  },
): Promise<string> {
  const { facilityId, recordId, previous, explanation, promised } = decided;
  const policy = deps.policies.find(({ hash }) => hash === explanation.policy.hash);
  if (policy === undefined) throw policyChanged(explanation.policy.id);
  await fileRule(deps, tx, facilityId, policy);
  return deps.audit.record(tx, {
    facilityId,
    actor: decided.actor,
    action: 'retention.decided',
    object: { kind: 'record', id: recordId },
    details: {
      state: promised.state,
      class: explanation.class,
      policy: `${policy.id} v${policy.version}`,
      policyHash: policy.hash,
      previousUntil: previous?.retainUntil.toISOString() ?? '',
      computedUntil: explanation.retainUntil.toISOString(),
      retainUntil: promised.retainUntil.toISOString(),
      hold: promised.hold ?? '',
    },
  });
}

/** Puts the rule on file at its first use. What is on file never changes, so each process looks once. @throws POLICY_CHANGED. */
async function fileRule(deps: ArchiveDeps, tx: Tx, facilityId: string, policy: RetentionPolicy): Promise<void> {
  const name = `${facilityId} ${policy.hash}`;
  if (deps.filedRules.has(name)) return;
  if ((await store.fileRule(tx, facilityId, policy, deps.clock.now())) !== policy.hash) throw policyChanged(policy.id);
  deps.database.afterCommit(tx, () => deps.filedRules.add(name));
}

const KEPT_LINE: BilingualText = {
  vi: 'Thời hạn đã ấn định trước đây dài hơn nên được giữ nguyên; thời hạn chỉ được kéo dài.',
  en: 'What was decided earlier is longer and stays; retention only grows.',
};

function policyChanged(id: string): AppError {
  return new AppError('POLICY_CHANGED', {
    detail: {
      vi: `Quy tắc “${id}” đã được áp dụng nhưng nội dung tệp đã bị sửa mà không tăng phiên bản`,
      en: `The policy “${id}” has been used, and its file was edited without a new version`,
    },
  });
}
