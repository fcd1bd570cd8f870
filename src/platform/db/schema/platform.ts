/** Rows of `0001-platform.ts`. */
import type { ColumnType, Generated, Selectable } from 'kysely';

/** Written as JSON text, read as a value. */
export type Json<T> = ColumnType<T, string, string>;
/** Set by the database; never written by us. */
type Assigned<T> = ColumnType<T, never, never>;

export interface FacilityTable {
  id: string;
  name: string;
  created_at: Date;
}

export interface OutboxTable {
  id: Assigned<number>;
  facility_id: string;
  job: string;
  subject: string;
  dedupe_key: string;
  payload: Json<Record<string, unknown>>;
  state: Generated<'waiting' | 'leased' | 'done' | 'stopped'>;
  due_at: Date;
  /** Tries begun. */
  attempts: Generated<number>;
  /** Grows with every claim; only the holder of the latest may write. */
  fence: Generated<number>;
  lease_until: Date | null;
  /** When a worker was last called for it; null since it was last taken. */
  rung_at: Generated<Date | null>;
  /** The request that led to it, for log lines. */
  request_id: string | null;
  /** Code of the last failure, and its words without patient data. */
  cause_code: string | null;
  cause_detail: string | null;
  created_at: Date;
  finished_at: Date | null;
}

export interface OutboxAttemptTable {
  outbox_id: number;
  fence: number;
  facility_id: string;
  worker: string;
  started_at: Date;
  finished_at: Date | null;
  outcome: 'done' | 'retry' | 'stopped' | 'lease-lost' | null;
  cause_code: string | null;
}

export interface AuditEntryTable {
  id: string;
  facility_id: string;
  at: Date;
  actor_kind: 'person' | 'api-key' | 'system';
  actor_id: string;
  action: string;
  object_kind: string;
  object_id: string;
  reason: string | null;
  details: Json<Record<string, string | number | boolean>>;
}

export interface AuditPendingTable {
  entry_id: string;
  facility_id: string;
  at: Date;
  /** Order of recording: the order in the log. */
  position: Assigned<number>;
}

export interface AuditIndexTable {
  facility_id: string;
  leaf_index: number;
  entry_id: string;
  leaf_hash: Uint8Array;
}

export interface AuditTileTable {
  facility_id: string;
  level: number;
  tile_index: number;
  /** 1–256 concatenated hashes of 32 bytes. */
  hashes: Uint8Array;
}

export interface AuditCheckpointTable {
  facility_id: string;
  size: number;
  root: Uint8Array;
  note: string;
  signed_at: Date;
}

export interface ApiKeyTable {
  id: string;
  facility_id: string;
  name: string;
  secret_hash: Uint8Array;
  roles: string[];
  clinician_id: string | null;
  created_at: Date;
  revoked_at: Date | null;
}

export interface IdempotencyKeyTable {
  facility_id: string;
  key: string;
  request_hash: string;
  /** Null once answered. */
  in_progress_until: Date | null;
  /** Another one for each claim; only the holder of the latest may answer. */
  fence: number;
  response: Json<Record<string, unknown>> | null;
  created_at: Date;
}

export interface PlatformTables {
  facility: FacilityTable;
  outbox: OutboxTable;
  outbox_attempt: OutboxAttemptTable;
  audit_entry: AuditEntryTable;
  audit_pending: AuditPendingTable;
  audit_index: AuditIndexTable;
  audit_tile: AuditTileTable;
  audit_checkpoint: AuditCheckpointTable;
  api_key: ApiKeyTable;
  idempotency_key: IdempotencyKeyTable;
}

export type ApiKeyRow = Selectable<ApiKeyTable>;
