import type { Migration } from './migration.ts';

/** What the sweeps of the archive found, and how far they are. A finding is never removed, only mended. */
export const sweepsMigration: Migration = {
  name: '0008-sweeps',
  statements: [
    'ALTER TABLE archive_object ADD COLUMN checked_at timestamptz',
    // The put reads back what it wrote: until the first check, that counts.
    'CREATE INDEX archive_object_check_due ON archive_object (coalesce(checked_at, archived_at))',
    // The order of the keys in the store.
    'CREATE INDEX archive_object_place ON archive_object (facility_id, document_id, n)',
    `CREATE TABLE archive_finding (
      id uuid PRIMARY KEY,
      facility_id uuid REFERENCES facility,
      problem text NOT NULL CHECK (problem IN ('mismatch', 'could-not-read', 'missing', 'unknown', 'surplus',
        'delete-marker', 'lock-short', 'hold-missing', 'promise-lowered')),
      object_key text NOT NULL,
      version_id text NOT NULL,
      document_id uuid,
      n integer,
      code text,
      first_seen_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      mended_at timestamptz
    )`,
    `CREATE UNIQUE INDEX archive_finding_open ON archive_finding (object_key, version_id, problem)
      WHERE mended_at IS NULL`,
    'CREATE INDEX archive_finding_facility ON archive_finding (facility_id, first_seen_at)',
    `CREATE TRIGGER archive_finding_kept BEFORE DELETE OR TRUNCATE ON archive_finding
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
    `CREATE TABLE sweep (
      name text PRIMARY KEY,
      finished_at timestamptz NOT NULL
    )`,
  ],
};
