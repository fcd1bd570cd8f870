import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { insertFacility, useDatabase } from '../support/database.ts';

const database = useDatabase();

describe('the database', () => {
  test('is durable and checksummed', async () => {
    for (const [name, value] of [
      ['fsync', 'on'],
      ['synchronous_commit', 'on'],
      ['full_page_writes', 'on'],
      ['data_checksums', 'on'],
      ['listen_addresses', '127.0.0.1'],
    ]) {
      const { rows } = await sql<{ v: string }>`SELECT current_setting(${name}) AS v`.execute(database().db);
      expect([name, rows[0]?.v]).toEqual([name, value]);
    }
  });
  test('facility', async () => {
    expect(await insertFacility(database())).toMatch(/-7/);
  });
});
