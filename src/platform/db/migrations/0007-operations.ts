import type { Migration } from './migration.ts';

/**
 * What the data of this database are worth (decided at its first start, never changed), and which request asked for a job.
 * Databases with facilities from before were all made in demo mode: there was no other.
 */
export const operationsMigration: Migration = {
  name: '0007-operations',
  statements: [
    `CREATE TABLE installation (
      "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
      mode text NOT NULL CHECK (mode IN ('demo', 'legal')),
      since timestamptz NOT NULL
    )`,
    `INSERT INTO installation (mode, since) SELECT 'demo', now() WHERE EXISTS (SELECT FROM facility)`,
    'ALTER TABLE outbox ADD COLUMN request_id text',
    // Ages and counts of what is unfinished are asked for every few seconds and must not read what is done.
    `CREATE INDEX document_unarchived ON document (id) WHERE state IN ('signed', 'sealed', 'extended')`,
  ],
};
