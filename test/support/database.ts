/** One embedded server a test file, with a fresh migrated database: `const database = useDatabase()` at the top of the file. */
import type { Database } from '../../src/platform/db/index.ts';

/** Registers beforeAll/afterAll; the returned function gives the open database inside tests. */
export declare function useDatabase(): () => Database;
/** A facility row with a new id, so that tests in one file do not meet. */
export declare function insertFacility(database: Database, name?: string): Promise<string>;
