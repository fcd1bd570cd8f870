import type { Migration } from './migration.ts';

/** Refuses change to rows that are evidence. Later migrations may put the trigger on their own tables. */
const APPEND_ONLY = `
  CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME;
  END $$`;

const appendOnly = (table: string): string => `
  CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`;

export const platformMigration: Migration = {
  name: '0001-platform',
  statements: [
    APPEND_ONLY,
    `CREATE TABLE facility (
      id uuid PRIMARY KEY,
      name text NOT NULL,
      created_at timestamptz NOT NULL
    )`,

    `CREATE TABLE outbox (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      job text NOT NULL,
      subject text NOT NULL,
      dedupe_key text NOT NULL,
      payload jsonb NOT NULL,
      state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'done', 'stopped')),
      due_at timestamptz NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      fence bigint NOT NULL DEFAULT 0,
      lease_until timestamptz,
      cause_code text,
      cause_detail text,
      created_at timestamptz NOT NULL,
      finished_at timestamptz,
      UNIQUE (facility_id, job, subject, dedupe_key),
      CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
      CHECK ((state IN ('done', 'stopped')) = (finished_at IS NOT NULL))
    )`,
    `CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'waiting'`,
    `CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'leased'`,
    `CREATE INDEX outbox_stopped ON outbox (facility_id, finished_at) WHERE state = 'stopped'`,
    `CREATE INDEX outbox_subject ON outbox (subject)`,
    `CREATE TABLE outbox_attempt (
      outbox_id bigint NOT NULL REFERENCES outbox,
      fence bigint NOT NULL,
      facility_id uuid NOT NULL REFERENCES facility,
      worker text NOT NULL,
      started_at timestamptz NOT NULL,
      finished_at timestamptz,
      outcome text CHECK (outcome IN ('done', 'retry', 'stopped', 'lease-lost')),
      cause_code text,
      PRIMARY KEY (outbox_id, fence)
    )`,

    `CREATE TABLE audit_entry (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      at timestamptz NOT NULL,
      actor_kind text NOT NULL CHECK (actor_kind IN ('person', 'api-key', 'system')),
      actor_id text NOT NULL,
      action text NOT NULL,
      object_kind text NOT NULL,
      object_id text NOT NULL,
      reason text,
      details jsonb NOT NULL
    )`,
    `CREATE INDEX audit_entry_object ON audit_entry (facility_id, object_kind, object_id, at)`,
    appendOnly('audit_entry'),
    `CREATE TABLE audit_pending (
      entry_id uuid PRIMARY KEY REFERENCES audit_entry,
      facility_id uuid NOT NULL REFERENCES facility,
      at timestamptz NOT NULL,
      position bigint GENERATED ALWAYS AS IDENTITY
    )`,
    `CREATE INDEX audit_pending_order ON audit_pending (facility_id, position)`,
    `CREATE TABLE audit_index (
      facility_id uuid NOT NULL REFERENCES facility,
      leaf_index bigint NOT NULL,
      entry_id uuid NOT NULL UNIQUE REFERENCES audit_entry,
      leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
      PRIMARY KEY (facility_id, leaf_index)
    )`,
    appendOnly('audit_index'),
    `CREATE TABLE audit_tile (
      facility_id uuid NOT NULL REFERENCES facility,
      level integer NOT NULL,
      tile_index bigint NOT NULL,
      hashes bytea NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
      PRIMARY KEY (facility_id, level, tile_index)
    )`,
    `CREATE TABLE audit_checkpoint (
      facility_id uuid NOT NULL REFERENCES facility,
      size bigint NOT NULL,
      root bytea NOT NULL CHECK (octet_length(root) = 32),
      note text NOT NULL,
      signed_at timestamptz NOT NULL,
      PRIMARY KEY (facility_id, size)
    )`,
    appendOnly('audit_checkpoint'),

    `CREATE TABLE api_key (
      id text PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      name text NOT NULL,
      secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
      roles text[] NOT NULL,
      clinician_id uuid,
      created_at timestamptz NOT NULL,
      revoked_at timestamptz
    )`,
    `CREATE TABLE idempotency_key (
      facility_id uuid NOT NULL REFERENCES facility,
      key text NOT NULL,
      request_hash text NOT NULL,
      in_progress_until timestamptz,
      response jsonb,
      created_at timestamptz NOT NULL,
      PRIMARY KEY (facility_id, key),
      CHECK ((in_progress_until IS NULL) = (response IS NOT NULL))
    )`,
    `CREATE INDEX idempotency_key_created ON idempotency_key (created_at)`,
  ],
};
