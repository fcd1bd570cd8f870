/** docs/settings.md is what the schema says. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configTable } from '../src/config.ts';

test('the documented settings are those of the schema, in both languages', async () => {
  const text = await readFile('docs/settings.md', 'utf8');
  expect(text).toContain(configTable('vi'));
  expect(text).toContain(configTable('en'));
});
