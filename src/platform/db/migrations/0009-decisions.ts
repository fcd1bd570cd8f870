import type { Migration } from './migration.ts';

/** What people decided about versions that nobody registered. The audit entry says who, when and why. */
export const decisionsMigration: Migration = {
  name: '0009-decisions',
  statements: [
    `ALTER TABLE archive_finding
      ADD COLUMN decision text CHECK (decision IN ('keep', 'let-go')),
      ADD COLUMN decided_at timestamptz,
      ADD COLUMN decision_entry_id uuid REFERENCES audit_entry,
      ADD CHECK (num_nonnulls(decision, decided_at, decision_entry_id) IN (0, 3)),
      ADD CHECK (decision IS NULL OR problem IN ('unknown', 'surplus'))`,
  ],
};
