/** The state lists in code and the check constraints in SQL are the same list. */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { DOCUMENT_STATES } from '../../src/records/index.ts';
import { TURN_STATES } from '../../src/signing/index.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

/** Words in quotes inside the check constraint of a column. */
async function constraintWords(table: string, column: string): Promise<string[]> {
  const { rows } = await sql<{ definition: string }>`
    SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = ${table}::regclass AND contype = 'c' AND conname = ${`${table}_${column}_check`}
  `.execute(database().db);
  return [...(rows[0]?.definition ?? '').matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '').sort();
}

test('documents', async () => {
  expect(await constraintWords('document', 'state')).toEqual([...DOCUMENT_STATES].sort());
});

test('turns', async () => {
  expect(await constraintWords('signing_turn', 'state')).toEqual([...TURN_STATES].sort());
});
