import type { Migration } from './migration.ts';

/** Tables of records and signing. State lists repeat `src/records/state.ts` and `src/signing/turn-state.ts`; a test compares them. */
export const recordsMigration: Migration = {
  name: '0002-records',
  statements: [
    `CREATE TABLE record (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      number text NOT NULL,
      facts jsonb NOT NULL,
      created_at timestamptz NOT NULL,
      UNIQUE (facility_id, number)
    )`,
    `CREATE TABLE document_number (
      facility_id uuid NOT NULL REFERENCES facility,
      form text NOT NULL,
      year integer NOT NULL,
      last integer NOT NULL,
      PRIMARY KEY (facility_id, form, year)
    )`,
    `CREATE TABLE document (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      record_id uuid NOT NULL REFERENCES record,
      form text NOT NULL,
      form_digest text NOT NULL,
      number text NOT NULL,
      title text NOT NULL,
      content jsonb NOT NULL,
      facts jsonb NOT NULL,
      state text NOT NULL CHECK (state IN ('received', 'rendered', 'in-signing', 'signed', 'sealed', 'extended',
        'archived', 'returned', 'withdrawn', 'superseded', 'stopped')),
      lookup_code text NOT NULL UNIQUE,
      rendition_sha256 text NOT NULL CHECK (length(rendition_sha256) = 64),
      pages integer NOT NULL,
      certify integer CHECK (certify = 2),
      timestamps text NOT NULL CHECK (timestamps IN ('each-signature', 'final-only')),
      uploaded boolean NOT NULL,
      upload_verdict jsonb,
      level text CHECK (level IN ('B-B', 'B-T', 'B-LT', 'B-LTA')),
      reason text,
      version integer NOT NULL DEFAULT 1,
      supersedes uuid REFERENCES document,
      issued_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL
    )`,
    'CREATE INDEX document_record ON document (record_id)',
    'CREATE INDEX document_state ON document (facility_id, state, created_at)',
    `CREATE TABLE document_revision (
      document_id uuid NOT NULL REFERENCES document,
      n integer NOT NULL,
      facility_id uuid NOT NULL REFERENCES facility,
      kind text NOT NULL CHECK (kind IN ('rendition', 'signature', 'timestamp', 'seal', 'extension')),
      sha256 text NOT NULL CHECK (length(sha256) = 64),
      size bigint NOT NULL,
      created_at timestamptz NOT NULL,
      PRIMARY KEY (document_id, n)
    )`,
    `CREATE TABLE document_slot (
      document_id uuid NOT NULL REFERENCES document,
      field text NOT NULL,
      facility_id uuid NOT NULL REFERENCES facility,
      role text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('person', 'seal')),
      signing_order integer NOT NULL,
      title_vi text NOT NULL,
      title_en text NOT NULL,
      clinician_id uuid,
      credential_id uuid,
      signed_at timestamptz,
      revision integer,
      timestamped boolean NOT NULL DEFAULT false,
      PRIMARY KEY (document_id, field),
      CHECK ((signed_at IS NULL) = (revision IS NULL))
    )`,
    `CREATE TABLE signing_turn (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      document_id uuid NOT NULL REFERENCES document,
      field text NOT NULL,
      credential_id uuid,
      clinician_id uuid,
      state text NOT NULL CHECK (state IN ('open', 'completed', 'cancelled', 'expired')),
      base_revision integer NOT NULL,
      prepared jsonb,
      revocation_answers jsonb,
      opened_at timestamptz NOT NULL,
      lease_until timestamptz NOT NULL,
      closed_at timestamptz,
      CHECK ((state = 'open') = (closed_at IS NULL))
    )`,
    `CREATE UNIQUE INDEX signing_turn_one_open ON signing_turn (document_id) WHERE state = 'open'`,
    `CREATE TABLE signing_session (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      clinician_id uuid NOT NULL,
      credential_id uuid NOT NULL,
      results jsonb NOT NULL,
      opened_at timestamptz NOT NULL,
      closed_at timestamptz NOT NULL
    )`,
    `CREATE TABLE pin_attempt (
      credential_id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      failed integer NOT NULL,
      locked_until timestamptz
    )`,
  ],
};
