import type { Migration } from './migration.ts';

/** Which intents a queue has been told of, and who holds an idempotency key. */
export const bellsMigration: Migration = {
  name: '0006-bells',
  statements: [
    'ALTER TABLE outbox ADD COLUMN rung_at timestamptz',
    'ALTER TABLE idempotency_key ADD COLUMN fence bigint NOT NULL DEFAULT 1',
  ],
};
