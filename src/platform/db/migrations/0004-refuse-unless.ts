import type { Migration } from './migration.ts';

/** Lets one statement of several writes undo itself when one of them does not find what it expects (`writeTogether`). */
export const refuseUnlessMigration: Migration = {
  name: '0004-refuse-unless',
  statements: [
    `CREATE FUNCTION refuse_unless(condition boolean, problem text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      IF condition IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'AN001', MESSAGE = problem;
      END IF;
      RETURN true;
    END $$`,
  ],
};
