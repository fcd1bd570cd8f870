import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WORDS, wordsOf } from '../../../src/engines/pades/index.ts';
import { RULINGS } from '../../../src/engines/pades/verdicts.ts';

const folder = (name: string) => new URL(`../../../src/engines/${name}/`, import.meta.url);
const sources = (name: string): string =>
  readdirSync(folder(name))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, folder(name)), 'utf8'))
    .join('\n');

describe('words for reasons and notices', () => {
  it('has both languages for every reason, distinct and complete sentences', () => {
    for (const code of Object.keys(RULINGS)) expect(wordsOf(code), code).toBeDefined();
    for (const [code, { vi, en }] of Object.entries(WORDS)) {
      expect(vi, code).toBe(vi.normalize('NFC'));
      expect(vi, code).toMatch(/^\p{Lu}.*\.$/u);
      expect(en, code).toMatch(/^\p{Lu}.*\.$/u);
      expect(vi).not.toBe(en);
    }
    expect(new Set(Object.values(WORDS).map(({ en }) => en)).size).toBe(Object.keys(WORDS).length);
  });

  it('knows every notice that validation gives', () => {
    const given = [...sources('pades').matchAll(/notices\.(?:add|push)\('([A-Z_]+)'\)/g)].map(([, code]) => code ?? '');
    const below = [...sources('crypto').matchAll(/notices\.(?:add|push)\('([A-Z_]+)'\)/g)].map(
      ([, code]) => code ?? '',
    );
    expect(given.length).toBeGreaterThan(3);
    expect(below.length).toBeGreaterThan(3);
    for (const code of [...given, ...below]) expect(wordsOf(code), code).toBeDefined();
  });

  it('gives a ruling to every reason of the cryptographic engine and of byte ranges', () => {
    const cms =
      readFileSync(new URL('cms-check.ts', folder('crypto')), 'utf8') +
      readFileSync(new URL('tsp.ts', folder('crypto')), 'utf8');
    const reasons = [...cms.matchAll(/reasons\.push\([^)]*?'([A-Z_]+)'/g)].map(([, code]) => code ?? '');
    const ranges = [
      ...readFileSync(new URL('signatures.ts', folder('pdf')), 'utf8').matchAll(
        /'((?:BYTE_RANGE|CONTENTS|SIGNATURE)_[A-Z_]+)'/g,
      ),
    ].map(([, code]) => code ?? '');
    expect(reasons.length).toBeGreaterThan(8);
    expect(ranges.length).toBeGreaterThan(5);
    for (const code of [...reasons, ...ranges]) expect(Object.hasOwn(RULINGS, code), code).toBe(true);
  });

  it('knows nothing of other codes', () => {
    expect(wordsOf('toString')).toBeUndefined();
    expect(wordsOf('KHONG_CO')).toBeUndefined();
  });
});
