import type { Migration } from './migration.ts';

const appendOnly = (table: string): string => `
  CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`;

/** People and certificates; retention, whose dates only grow, whatever a program or a person at the SQL prompt asks for. */
export const partiesArchiveMigration: Migration = {
  name: '0003-parties-archive',
  statements: [
    `CREATE TABLE facility_profile (
      facility_id uuid PRIMARY KEY REFERENCES facility,
      code text NOT NULL UNIQUE,
      parent_authority text NOT NULL,
      place text NOT NULL,
      uid text,
      updated_at timestamptz NOT NULL
    )`,
    `CREATE TABLE patient (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      full_name text NOT NULL,
      birth_date text,
      identity_number text,
      insurance_number text,
      created_at timestamptz NOT NULL,
      UNIQUE (facility_id, identity_number)
    )`,
    `CREATE TABLE clinician (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      staff_code text NOT NULL,
      full_name text NOT NULL,
      title text NOT NULL,
      department text NOT NULL,
      licence_number text,
      licence_from text,
      licence_to text,
      uid text,
      roles text[] NOT NULL,
      active boolean NOT NULL,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      UNIQUE (facility_id, staff_code),
      UNIQUE (facility_id, uid),
      CHECK ((licence_number IS NULL) = (licence_from IS NULL))
    )`,
    `CREATE TABLE delegation (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      clinician_id uuid NOT NULL REFERENCES clinician,
      role text NOT NULL,
      valid_from text NOT NULL,
      valid_to text NOT NULL,
      document_number text NOT NULL,
      created_at timestamptz NOT NULL,
      CHECK (valid_from <= valid_to)
    )`,
    'CREATE INDEX delegation_clinician ON delegation (clinician_id, role)',
    `CREATE TABLE credential (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      clinician_id uuid REFERENCES clinician,
      kind text NOT NULL CHECK (kind IN ('pkcs12', 'external')),
      certificate bytea NOT NULL,
      chain jsonb NOT NULL,
      fingerprint text NOT NULL CHECK (length(fingerprint) = 64),
      issuer_der bytea NOT NULL,
      issuer text NOT NULL,
      serial text NOT NULL,
      uid text,
      not_before timestamptz NOT NULL,
      not_after timestamptz NOT NULL,
      scheme jsonb NOT NULL,
      container bytea,
      enrolled_at timestamptz NOT NULL,
      withdrawn_at timestamptz,
      UNIQUE (facility_id, issuer_der, serial),
      CHECK ((kind = 'pkcs12') = (container IS NOT NULL))
    )`,
    'CREATE INDEX credential_clinician ON credential (clinician_id)',

    `CREATE TABLE retention_policy (
      facility_id uuid NOT NULL REFERENCES facility,
      id text NOT NULL,
      version integer NOT NULL,
      hash text NOT NULL CHECK (length(hash) = 64),
      rule jsonb NOT NULL,
      first_used_at timestamptz NOT NULL,
      PRIMARY KEY (facility_id, id, version)
    )`,
    appendOnly('retention_policy'),
    `CREATE TABLE retention_step (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      record_id uuid NOT NULL,
      n integer NOT NULL,
      at timestamptz NOT NULL,
      previous_until timestamptz,
      computed_until timestamptz NOT NULL,
      effective_until timestamptz NOT NULL,
      policy_id text NOT NULL,
      policy_version integer NOT NULL,
      policy_hash text NOT NULL,
      explanation jsonb NOT NULL,
      audit_entry_id uuid NOT NULL REFERENCES audit_entry,
      UNIQUE (record_id, n),
      FOREIGN KEY (facility_id, policy_id, policy_version) REFERENCES retention_policy,
      CHECK (effective_until >= computed_until AND effective_until >= coalesce(previous_until, effective_until))
    )`,
    appendOnly('retention_step'),
    `CREATE TABLE record_retention (
      record_id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      state text NOT NULL CHECK (state IN ('dated', 'permanent', 'open-episode', 'expired-on-arrival')),
      class text NOT NULL,
      retain_until timestamptz NOT NULL,
      hold text CHECK (hold IN ('OPEN_EPISODE', 'PERMANENT')),
      facts jsonb NOT NULL,
      step_id uuid NOT NULL REFERENCES retention_step,
      updated_at timestamptz NOT NULL,
      CHECK ((state = 'permanent') = (hold IS NOT DISTINCT FROM 'PERMANENT')),
      CHECK ((state = 'open-episode') = (hold IS NOT DISTINCT FROM 'OPEN_EPISODE'))
    )`,
    // Rolling on the floor locks of open episodes and the locks of permanent records looks only at these.
    'CREATE INDEX record_retention_rolling ON record_retention (facility_id, retain_until) WHERE hold IS NOT NULL',
    `CREATE FUNCTION refuse_shorter_retention() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME;
      END IF;
      IF NEW.retain_until < OLD.retain_until THEN
        RAISE EXCEPTION 'retention of % only grows: % is before %', TG_TABLE_NAME, NEW.retain_until, OLD.retain_until;
      END IF;
      IF NEW.record_id <> OLD.record_id OR NEW.facility_id <> OLD.facility_id THEN
        RAISE EXCEPTION 'rows of % stay with their record', TG_TABLE_NAME;
      END IF;
      RETURN NEW;
    END $$`,
    `CREATE FUNCTION refuse_end_of_permanence() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state = 'permanent' AND NEW.state <> 'permanent' THEN
        RAISE EXCEPTION 'a permanent record stays permanent';
      END IF;
      RETURN NEW;
    END $$`,
    `CREATE FUNCTION refuse_changed_object() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.id, NEW.document_id, NEW.n, NEW.store, NEW.object_key, NEW.version_id, NEW.sha256, NEW.size, NEW.content_type,
          NEW.step_id, NEW.archived_at, NEW.audit_entry_id, NEW.receipt)
        IS DISTINCT FROM
         (OLD.id, OLD.document_id, OLD.n, OLD.store, OLD.object_key, OLD.version_id, OLD.sha256, OLD.size, OLD.content_type,
          OLD.step_id, OLD.archived_at, OLD.audit_entry_id, OLD.receipt) THEN
        RAISE EXCEPTION 'what is registered about an archive object never changes';
      END IF;
      RETURN NEW;
    END $$`,
    `CREATE TRIGGER record_retention_ratchet BEFORE UPDATE OR DELETE ON record_retention
      FOR EACH ROW EXECUTE FUNCTION refuse_shorter_retention()`,
    `CREATE TRIGGER record_retention_permanent BEFORE UPDATE ON record_retention
      FOR EACH ROW EXECUTE FUNCTION refuse_end_of_permanence()`,
    `CREATE TRIGGER record_retention_truncate BEFORE TRUNCATE ON record_retention
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
    `CREATE TABLE archive_object (
      id uuid PRIMARY KEY,
      facility_id uuid NOT NULL REFERENCES facility,
      record_id uuid NOT NULL REFERENCES record_retention,
      document_id uuid NOT NULL,
      n integer NOT NULL,
      store text NOT NULL,
      object_key text NOT NULL UNIQUE,
      version_id text NOT NULL,
      sha256 text NOT NULL CHECK (length(sha256) = 64),
      size bigint NOT NULL,
      content_type text NOT NULL,
      retain_until timestamptz NOT NULL,
      hold boolean NOT NULL,
      locked_until timestamptz NOT NULL,
      held boolean NOT NULL,
      step_id uuid NOT NULL REFERENCES retention_step,
      archived_at timestamptz NOT NULL,
      audit_entry_id uuid NOT NULL REFERENCES audit_entry,
      receipt text NOT NULL,
      UNIQUE (document_id, n)
    )`,
    'CREATE INDEX archive_object_record ON archive_object (record_id)',
    'CREATE INDEX archive_object_lock_owed ON archive_object (facility_id) WHERE locked_until < retain_until OR held <> hold',
    `CREATE TRIGGER archive_object_ratchet BEFORE UPDATE OR DELETE ON archive_object
      FOR EACH ROW EXECUTE FUNCTION refuse_shorter_retention()`,
    `CREATE TRIGGER archive_object_immutable BEFORE UPDATE ON archive_object
      FOR EACH ROW EXECUTE FUNCTION refuse_changed_object()`,
    `CREATE TRIGGER archive_object_truncate BEFORE TRUNCATE ON archive_object
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  ],
};
