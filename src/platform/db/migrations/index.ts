/** All migrations in order. A new one is one file and one line here. */
import { platformMigration } from './0001-platform.ts';
import { recordsMigration } from './0002-records.ts';
import { partiesArchiveMigration } from './0003-parties-archive.ts';
import { refuseUnlessMigration } from './0004-refuse-unless.ts';
import { wormProbeMigration } from './0005-worm-probe.ts';
import { bellsMigration } from './0006-bells.ts';
import { operationsMigration } from './0007-operations.ts';
import { sweepsMigration } from './0008-sweeps.ts';
import { decisionsMigration } from './0009-decisions.ts';
import { pagesMigration } from './0010-pages.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [
  platformMigration,
  recordsMigration,
  partiesArchiveMigration,
  refuseUnlessMigration,
  wormProbeMigration,
  bellsMigration,
  operationsMigration,
  sweepsMigration,
  decisionsMigration,
  pagesMigration,
];
