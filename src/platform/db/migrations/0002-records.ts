import type { Migration } from './migration.ts';

/** Tables of records, signing and archive. */
export const recordsMigration: Migration = {
  name: '0002-records',
  statements: [],
};
