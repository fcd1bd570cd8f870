/** Rows of `0007-operations.ts`. */
import type { Generated } from 'kysely';

export interface InstallationTable {
  only: Generated<true>;
  mode: 'demo' | 'legal';
  since: Date;
}

export interface OperationsTables {
  installation: InstallationTable;
}
