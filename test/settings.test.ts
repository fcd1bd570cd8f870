/** docs/settings.md is what the schema says. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configTable, loadConfig, settingsText } from '../src/config.ts';

test('the documented settings are those of the schema, in both languages', async () => {
  const text = await readFile('docs/settings.md', 'utf8');
  expect(text).toContain(configTable('vi'));
  expect(text).toContain(configTable('en'));
});

test('what is written out can be read in again', () => {
  const given = {
    MODE: 'demo',
    WORKER_QUEUE_LIMITS: 'extend=2, timestamp=1',
    INSIDE_HOSTS: 'a.example b.example',
  };
  const config = loadConfig({}, given);
  expect(config.WORKER_QUEUE_LIMITS).toEqual({ extend: 2, timestamp: 1 });
  const lines = settingsText(config).trimEnd().split('\n');
  expect(lines).toContain('WORKER_QUEUE_LIMITS=extend=2,timestamp=1');
  const again = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  expect(loadConfig({}, Object.fromEntries(again))).toEqual(config);
});

test.each(['seal', 'seal=0', 'seal=65', 'render=1', 'seal=1=2'])('%s is no limit of a queue', (text) => {
  expect(() => loadConfig({}, { WORKER_QUEUE_LIMITS: text })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});
