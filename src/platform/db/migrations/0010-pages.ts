import type { Migration } from './migration.ts';

/** Walks through tens of millions of rows go page by page, and a long queue of one job does not lie before the others. */
export const pagesMigration: Migration = {
  name: '0010-pages',
  statements: [
    `CREATE INDEX outbox_due_of_job ON outbox (job, due_at, id) WHERE state = 'waiting'`,
    'DROP INDEX archive_object_lock_owed',
    `CREATE INDEX archive_object_lock_owed ON archive_object (facility_id, id)
      WHERE locked_until < retain_until OR held <> hold`,
    'DROP INDEX record_retention_rolling',
    `CREATE INDEX record_retention_rolling ON record_retention (facility_id, retain_until, record_id)
      WHERE hold IS NOT NULL`,
  ],
};
