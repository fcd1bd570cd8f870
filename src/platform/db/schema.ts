/** Every table of the database, composed from one file of row types per area. */
import type { ArchiveTables } from './schema/archive.ts';
import type { OperationsTables } from './schema/operations.ts';
import type { PartiesTables } from './schema/parties.ts';
import type { PlatformTables } from './schema/platform.ts';
import type { RecordsTables } from './schema/records.ts';
import type { WormProbeTables } from './schema/worm-probe.ts';

export interface Schema
  extends PlatformTables,
    RecordsTables,
    PartiesTables,
    ArchiveTables,
    OperationsTables,
    WormProbeTables {}
