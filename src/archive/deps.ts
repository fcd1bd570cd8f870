/** What everything in the archive works with. */
import type { AuditLog } from '../platform/audit/index.ts';
import type { Database } from '../platform/db/index.ts';
import type { ObjectStore } from '../platform/storage/index.ts';
import type { Clock, Log } from '../shared/index.ts';
import type { RetentionPolicy } from './policy/index.ts';

export interface ArchiveDeps {
  readonly database: Database;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly policies: readonly RetentionPolicy[];
  readonly log: Log;
  /** Rules that this process has seen on file: facility and hash. */
  readonly filedRules: Set<string>;
}
