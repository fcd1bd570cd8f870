import type { Db } from './database.ts';

export interface MigrationReport {
  readonly applied: readonly string[];
}
export declare function migrate(db: Db): Promise<MigrationReport>;
