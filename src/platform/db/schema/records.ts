/** Rows of `0002-records.ts`. */
import type { ColumnType, Generated } from 'kysely';
import type { Json } from './platform.ts';

export interface RecordTable {
  id: string;
  facility_id: string;
  number: string;
  facts: Json<Record<string, unknown>>;
  created_at: Date;
}

export interface DocumentNumberTable {
  facility_id: string;
  form: string;
  year: number;
  last: number;
}

export interface DocumentTable {
  id: string;
  facility_id: string;
  record_id: string;
  form: string;
  /** Template digest of the form it was rendered with. */
  form_digest: string;
  /** Printed number (Số). */
  number: string;
  title: string;
  content: Json<Record<string, unknown>>;
  facts: Json<Record<string, unknown>>;
  state: string;
  lookup_code: string;
  rendition_sha256: string;
  pages: number;
  /** DocMDP permission of a certifying first signature, if the form wants one. */
  certify: 2 | null;
  timestamps: 'each-signature' | 'final-only';
  /** The bytes were made by somebody else: never certified, no field of ours in them. */
  uploaded: boolean;
  /** Validation report of an upload that came signed. */
  upload_verdict: Json<Record<string, unknown>> | null;
  /** Level of the seal and archive time-stamp, once extended. */
  level: string | null;
  /** Why it was returned or withdrawn. */
  reason: string | null;
  version: Generated<number>;
  supersedes: string | null;
  issued_at: Date;
  created_at: Date;
  updated_at: Date;
}

export interface DocumentRevisionTable {
  document_id: string;
  n: number;
  facility_id: string;
  kind: 'rendition' | 'signature' | 'timestamp' | 'seal' | 'extension';
  sha256: string;
  size: number;
  created_at: Date;
}

export interface DocumentSlotTable {
  document_id: string;
  field: string;
  facility_id: string;
  role: string;
  kind: 'person' | 'seal';
  signing_order: number;
  title_vi: string;
  title_en: string;
  clinician_id: string | null;
  credential_id: string | null;
  signed_at: Date | null;
  revision: number | null;
  /** False with `signed_at` set: a time-stamp is owed. */
  timestamped: Generated<boolean>;
}

export interface SigningTurnTable {
  id: string;
  facility_id: string;
  document_id: string;
  field: string;
  credential_id: string | null;
  clinician_id: string | null;
  state: 'open' | 'completed' | 'cancelled' | 'expired';
  base_revision: number;
  prepared: ColumnType<Record<string, unknown> | null, string | null, string | null>;
  /** What the revocation check before signing was told (Circular 15/2025/TT-BKHCN Art 5(4)), DER in base 64. */
  revocation_answers: ColumnType<string[] | null, string | null, string | null>;
  opened_at: Date;
  lease_until: Date;
  closed_at: Date | null;
}

export interface SigningSessionTable {
  id: string;
  facility_id: string;
  clinician_id: string;
  credential_id: string;
  results: Json<unknown[]>;
  opened_at: Date;
  closed_at: Date;
}

export interface PinAttemptTable {
  credential_id: string;
  facility_id: string;
  failed: number;
  locked_until: Date | null;
}

export interface RecordsTables {
  record: RecordTable;
  document_number: DocumentNumberTable;
  document: DocumentTable;
  document_revision: DocumentRevisionTable;
  document_slot: DocumentSlotTable;
  signing_turn: SigningTurnTable;
  signing_session: SigningSessionTable;
  pin_attempt: PinAttemptTable;
}
