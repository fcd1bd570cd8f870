import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { configTable, loadConfig } from '../../src/config.ts';
import { AppError } from '../../src/shared/index.ts';
import { temporaryFolder } from '../support/database.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function refusal(environment: Record<string, string>): AppError {
  try {
    loadConfig({}, environment);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('the configuration', () => {
  test('needs nothing for a first look', () => {
    const config = loadConfig({}, {});
    expect(config).toMatchObject({
      MODE: 'demo',
      DATA_DIR: 'data',
      HOST: '127.0.0.1',
      PORT: 8080,
      DATABASE_URL: undefined,
      TSA_URLS: [],
      MAX_PDF_BYTES: 209_715_200,
      ARCHIVE_IMMUTABLE_FLAG: false,
    });
  });

  test('reads what is set; the command line wins; empty counts as not set', () => {
    const environment = {
      MODE: 'legal',
      PUBLIC_BASE_URL: 'https://hoso.example.vn/',
      TSA_URLS: 'http://tsa1.example.vn, http://tsa2.example.vn/tsr',
      PORT: '9000',
      LOG_LEVEL: '',
    };
    const config = loadConfig({ PORT: '9001' }, environment);
    expect(config.PORT).toBe(9001);
    expect(config.PUBLIC_BASE_URL).toBe('https://hoso.example.vn');
    expect(config.TSA_URLS).toEqual(['http://tsa1.example.vn', 'http://tsa2.example.vn/tsr']);
    expect(config.LOG_LEVEL).toBe('info');
    expect(config.ARCHIVE_IMMUTABLE_FLAG).toBe(true);
  });

  test('tells all mistakes at once, in both languages, without repeating values', () => {
    const wrong = refusal({
      MODE: 'production',
      PORT: '70000',
      DATABASE_URL: 'mysql://root:very-secret@db/x',
      TSA_URLS: 'http://good.example, nonsense',
      MAX_PDF_BYTES: '-1',
    });
    expect(wrong.code).toBe('CONFIG_INVALID');
    const paths = wrong.mistakes.map((one) => one.path);
    expect(paths).toEqual(['/MODE', '/PORT', '/MAX_PDF_BYTES', '/DATABASE_URL', '/TSA_URLS']);
    expect(wrong.message).toContain('PORT must be: number 0–65535');
    expect(wrong.detail.vi).toContain('PORT cần là số 0–65535');
    expect(JSON.stringify([wrong.mistakes, wrong.message, wrong.detail])).not.toContain('very-secret');
  });

  test('takes secrets from files', () => {
    const path = join(folder.path, 'database-url');
    writeFileSync(path, 'postgres://antin:pw@db.example/antin\n');
    expect(loadConfig({}, { DATABASE_URL_FILE: path }).DATABASE_URL).toBe('postgres://antin:pw@db.example/antin');
    const both = refusal({ DATABASE_URL_FILE: path, DATABASE_URL: 'postgres://x/y' });
    expect(both.mistakes).toMatchObject([{ path: '/DATABASE_URL_FILE' }]);
    const missing = refusal({ DATABASE_URL_FILE: join(folder.path, 'none'), PORT: 'x' });
    expect(missing.mistakes.map((one) => one.path)).toEqual(['/PORT', '/DATABASE_URL_FILE']);
  });

  test('knows the ranges of proxies', () => {
    const { TRUSTED_PROXIES } = loadConfig({}, { TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7,fd00::/8' });
    expect(TRUSTED_PROXIES).toEqual(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);
    for (const wrong of ['10.0.0.0/33', 'proxy', '10.0.0.0/8/8', 'fd00::/x'])
      expect(refusal({ TRUSTED_PROXIES: wrong }).mistakes).toMatchObject([{ path: '/TRUSTED_PROXIES' }]);
  });

  test('documents itself', () => {
    for (const language of ['vi', 'en'] as const) {
      const lines = configTable(language).trimEnd().split('\n');
      expect(new Set(lines.map((line) => line.split(' | ').length))).toEqual(new Set([4]));
      expect(lines.some((line) => line.startsWith('| `DATABASE_URL` |'))).toBe(true);
    }
  });
});
