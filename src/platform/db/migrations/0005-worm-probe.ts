import type { Migration } from './migration.ts';

/** Certificates of the archive store's lock probes. They are about an installation's store, so no facility is named. */
export const wormProbeMigration: Migration = {
  name: '0005-worm-probe',
  statements: [
    `CREATE TABLE worm_probe (
      id uuid PRIMARY KEY,
      at timestamptz NOT NULL,
      host text NOT NULL,
      bucket text NOT NULL,
      passed boolean NOT NULL,
      certificate jsonb NOT NULL
    )`,
    'CREATE INDEX worm_probe_newest ON worm_probe (host, bucket, at DESC)',
  ],
};
