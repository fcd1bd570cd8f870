/** The benchmark's own arithmetic; what it measures is judged by people, and by the gate of `npm run bench -- --short`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { median, rowOf, type Section } from '../bench/figures.ts';
import { toJson, toText } from '../bench/report.ts';

const signing: Section = {
  title: 'Signing',
  rows: [
    {
      name: 'antin RSA-2048',
      figures: [
        { quantity: 'rate', value: 1234.5678, unit: '1/s' },
        { quantity: 'own work', value: 0.3, unit: 'ms', goal: { atMost: 0.2 } },
      ],
    },
    rowOf({ name: 'rival', ratePerSecond: 10, cpuMs: 100 }),
    rowOf({ name: 'absent rival', missing: 'not installed' }),
  ],
};

test('machines get one entry a figure, each under a name of its own', () => {
  const figures = toJson([signing]);
  expect(figures).toContainEqual({ name: 'Signing: antin RSA-2048: own work', value: 0.3, unit: 'ms' });
  expect(figures).toHaveLength(4);
  expect(new Set(figures.map(({ name }) => name)).size).toBe(4);
});

test('people see which goal is missed and which rival is not there', () => {
  const text = toText(signing);
  expect(text).toMatch(/antin RSA-2048 .*rate 1235\/s .*own work 0\.300 ms ✗ goal ≤ 0\.2/);
  expect(text).toMatch(/rival .*rate 10\.0\/s .*CPU 100 ms/);
  expect(text).toContain('(missing: not installed)');
});

test('the median is the middle, or between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test.skipIf(!existsSync('/proc/self/stat'))('the work of child processes is seen, that of others is not', async () => {
  const { childrenCpu } = await import('../bench/processes.ts');
  const before = childrenCpu();
  // Told apart by their command line, as the typesetting process is.
  const busy = spawn(process.execPath, [
    '-e',
    'const end = Date.now() + 300; while (Date.now() < end); console.log("done"); setTimeout(() => {}, 60_000);',
    'compiler-process',
  ]);
  await once(busy.stdout, 'data');
  const after = childrenCpu();
  busy.kill();
  await once(busy, 'exit');
  expect((after?.typst ?? 0) - (before?.typst ?? 0)).toBeGreaterThanOrEqual(10);
  expect(after?.postgres).toBe(before?.postgres);
});
