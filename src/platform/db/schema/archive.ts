/** Rows of the archive (`0003-parties-archive.ts`). */
import type { Json } from './platform.ts';

export interface RetentionPolicyTable {
  facility_id: string;
  id: string;
  version: number;
  hash: string;
  /** The rule as it was when it was first used. */
  rule: Json<Record<string, unknown>>;
  first_used_at: Date;
}

export interface RecordRetentionTable {
  record_id: string;
  facility_id: string;
  state: 'dated' | 'permanent' | 'open-episode' | 'expired-on-arrival';
  class: string;
  /** Exclusive instant. Only grows. */
  retain_until: Date;
  hold: 'OPEN_EPISODE' | 'PERMANENT' | null;
  facts: Json<Record<string, unknown>>;
  /** The step that last decided. */
  step_id: string;
  updated_at: Date;
}

export interface RetentionStepTable {
  id: string;
  facility_id: string;
  record_id: string;
  /** From 1: the order of the decisions about a record. */
  n: number;
  at: Date;
  previous_until: Date | null;
  computed_until: Date;
  effective_until: Date;
  policy_id: string;
  policy_version: number;
  policy_hash: string;
  explanation: Json<Record<string, unknown>>;
  audit_entry_id: string;
}

export interface ArchiveObjectTable {
  id: string;
  facility_id: string;
  record_id: string;
  document_id: string;
  n: number;
  store: string;
  object_key: string;
  version_id: string;
  sha256: string;
  size: number;
  content_type: string;
  /** What the record asks for; the same for all objects of one record. Only grows. */
  retain_until: Date;
  hold: boolean;
  /** What the store was last seen to enforce. */
  locked_until: Date;
  held: boolean;
  /** The decision that was in force when the object was archived. */
  step_id: string;
  archived_at: Date;
  audit_entry_id: string;
  /** Canonical JSON (RFC 8785), byte for byte as handed out. */
  receipt: string;
  /** When a sweep last read the bytes, whatever it found; null: not since they were archived. */
  checked_at: Date | null;
}

export type ArchiveProblem =
  /** The bytes are not what was archived. */
  | 'mismatch'
  /** Neither yes nor no: the store did not answer, or refused to read. */
  | 'could-not-read'
  /** Registered, and the store has no such version. */
  | 'missing'
  /** In the store, and not registered: left by a crash (a job that runs again adopts it), or put there by someone else. */
  | 'unknown'
  /** A further version of a registered object: a writer whose answer was lost, or someone who wrote over it. */
  | 'surplus'
  /** Laid over an object by a plain delete: hides it from whoever does not name its version. */
  | 'delete-marker'
  /** The store enforces less than the record asks for. */
  | 'lock-short'
  | 'hold-missing'
  /** The register asks for less than was decided: somebody changed it beneath the program. */
  | 'promise-lowered';

/** `keep`: it stays, and stays locked. `let-go`: its lock runs out and is not rolled on. */
export type FindingDecision = 'keep' | 'let-go';

export interface ArchiveFindingTable {
  id: string;
  /** Null: what was found lies under no facility. */
  facility_id: string | null;
  problem: ArchiveProblem;
  object_key: string;
  version_id: string;
  document_id: string | null;
  n: number | null;
  /** Code of the error, where there was one. */
  code: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
  mended_at: Date | null;
  /** What a person decided about a version that nobody registered; all three or none. */
  decision: FindingDecision | null;
  decided_at: Date | null;
  decision_entry_id: string | null;
}

/** When a sweep that is not due at every round last came to its end. */
export interface SweepTable {
  name: string;
  finished_at: Date;
}

export interface ArchiveTables {
  retention_policy: RetentionPolicyTable;
  record_retention: RecordRetentionTable;
  retention_step: RetentionStepTable;
  archive_object: ArchiveObjectTable;
  archive_finding: ArchiveFindingTable;
  sweep: SweepTable;
}
