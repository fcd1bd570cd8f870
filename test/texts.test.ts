/** Words for people: in both languages, Vietnamese first, spelled one way; and every text file in NFC. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { loadPolicies } from '../src/archive/index.ts';
import { WORDS } from '../src/engines/pades/words.ts';
import { loadForms } from '../src/forms/index.ts';
import { type BilingualText, PROBLEMS } from '../src/shared/index.ts';

type Place = readonly [place: string, text: BilingualText];

/** Every pair of `vi` and `en` in a value, wherever it lies. */
function pairs(value: unknown, place: string): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const { vi, en } = value as Partial<BilingualText>;
  if (typeof vi === 'string' || typeof en === 'string') return [[place, { vi: vi ?? '', en: en ?? '' }]];
  return Object.entries(value).flatMap(([key, member]) => pairs(member, `${place}/${key}`));
}

const DECLARED = await loadForms().then((forms) =>
  forms.list().map(({ id, title, slots }): [string, object] => [id, { title, slots }]),
);
const POLICIES = (await loadPolicies('storage-policies')).map((rule): [string, object] => [
  `${rule.id}.v${rule.version}`,
  rule,
]);
const SENTENCES: Place[] = [
  ...pairs(WORDS, 'WORDS'),
  ...pairs(PROBLEMS, 'PROBLEMS').filter(([place]) => place.endsWith('/mend')),
];
const TITLES: Place[] = [
  ...pairs(PROBLEMS, 'PROBLEMS').filter(([place]) => place.endsWith('/title')),
  ...pairs(Object.fromEntries(DECLARED), 'forms').filter(([place]) => place.endsWith('/title')),
  ...pairs(Object.fromEntries(POLICIES), 'storage-policies').filter(([place]) => place.endsWith('/title')),
];
const ALL: Place[] = [
  ...pairs(PROBLEMS, 'PROBLEMS'),
  ...pairs(WORDS, 'WORDS'),
  ...pairs(Object.fromEntries(DECLARED), 'forms'),
  ...pairs(Object.fromEntries(POLICIES), 'storage-policies'),
];

/** What is wrong with a text in either language; empty: nothing. */
function flaws({ vi, en }: BilingualText): string[] {
  const found: string[] = [];
  for (const [language, text] of [
    ['vi', vi],
    ['en', en],
  ] as const) {
    if (text.trim() === '') found.push(`${language}: empty`);
    if (text !== text.normalize('NFC')) found.push(`${language}: not NFC`);
    if (text !== text.trim() || /\s\s|\s[.,;:](?!\w)/.test(text)) found.push(`${language}: blanks`);
    if (/\.\.|[.;,:]$/.test(text.replace(/\.$/, ''))) found.push(`${language}: punctuation`);
  }
  if (!VIETNAMESE_LETTER.test(vi)) found.push('vi: not Vietnamese');
  if (NEW_STYLE.test(vi.replaceAll('Minh Hoạ', ''))) found.push('vi: tone mark of the other spelling');
  if (VIETNAMESE_LETTER.test(en.replace(/“[^”]*”/g, ''))) found.push('en: not English');
  return found;
}

const VIETNAMESE_LETTER = /[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]/i;
/** We write `khóa, hủy, thủy`, as the official papers do; `khoá, huỷ, thuỷ` is the other spelling. */
const NEW_STYLE = /o[àáảãạ](?!\p{L})|(?<!q)u[ỳýỷỹỵ](?!\p{L})|o[èéẻẽẹ](?!\p{L})/iu;

const flawed = (places: readonly Place[]): string[] =>
  places.flatMap(([place, text]) => flaws(text).map((flaw) => `${place}: ${flaw}`));

test('every word for people stands in both languages and is spelled one way', () => {
  expect(ALL.length).toBeGreaterThan(300);
  expect(flawed(ALL)).toEqual([]);
});

test('advice and reasons are sentences, titles are not', () => {
  const unfinished = SENTENCES.filter(([, { vi, en }]) => !vi.endsWith('.') || !en.endsWith('.'));
  expect(unfinished.map(([place]) => place)).toEqual([]);
  const sentences = TITLES.filter(([, { vi, en }]) => vi.endsWith('.') || en.endsWith('.'));
  expect(sentences.map(([place]) => place)).toEqual([]);
});

test('no code is declared in two areas', async () => {
  const { stdout } = await promisify(execFile)('git', ['grep', '-hoE', '^  [A-Z0-9_]+: \\{$', 'src/shared/problems']);
  const codes = stdout.trim().split('\n');
  expect(codes.length).toBe(Object.keys(PROBLEMS).length);
});

test('advice names only commands that exist', async () => {
  const main = await readFile('src/main.ts', 'utf8');
  for (const [place, { vi, en }] of ALL) {
    for (const [, command = ''] of `${vi} ${en}`.matchAll(/`antin ([a-z][a-z-]*)/g)) {
      expect(main, `${place} names antin ${command}`).toContain(`./cli/${command}.ts`);
    }
  }
});

test('the test sees what it looks for', () => {
  const good = { vi: 'Không đọc được tệp.', en: 'The file cannot be read.' };
  expect(flaws(good)).toEqual([]);
  const bad: [BilingualText, string][] = [
    [{ ...good, vi: good.vi.normalize('NFD') }, 'vi: not NFC'],
    [{ ...good, vi: '' }, 'vi: empty'],
    [{ ...good, en: 'The file  cannot be read.' }, 'en: blanks'],
    [{ ...good, en: 'The file cannot be read. ' }, 'en: blanks'],
    [{ ...good, en: 'The file cannot be read..' }, 'en: punctuation'],
    [{ ...good, vi: 'File not found.' }, 'vi: not Vietnamese'],
    [{ ...good, vi: 'Đã khoá tệp.' }, 'vi: tone mark of the other spelling'],
    [{ ...good, vi: 'Không huỷ được tệp.' }, 'vi: tone mark of the other spelling'],
    [{ ...good, en: 'Không đọc được.' }, 'en: not English'],
  ];
  for (const [text, flaw] of bad) expect(flaws(text)).toContain(flaw);
  expect(flaws({ ...good, vi: 'Bệnh viện Đa khoa Minh Hoạ, quý I, toàn bộ, thủy, hóa, hủy, quỹ.' })).toEqual([]);
});

const TEXT_FILES = new Set(['.md', '.ts', '.tsx', '.mjs', '.yaml', '.yml', '.typ', '.json']);

test('every text file of the project is UTF-8 in NFC, and papers have no trailing blanks', async () => {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z']);
  const files = stdout.split('\0').filter((file) => TEXT_FILES.has(extname(file)));
  expect(files.length).toBeGreaterThan(300);
  const wrong: string[] = [];
  for (const file of files) {
    const bytes = await readFile(file).catch(() => new Uint8Array());
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text !== text.normalize('NFC')) wrong.push(`${file}: not NFC`);
    if (extname(file) !== '.json' && /[ \t]$/m.test(text)) wrong.push(`${file}: trailing blanks`);
  }
  expect(wrong).toEqual([]);
});
