/**
 * `SHA256SUMS`: one line a file, as `sha256sum` writes them, and a comment at the end with the SHA-256 of the lines before it, so
 * that a change of the list itself is told apart from a change of a file.
 */
import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError, type InputMistake, sha256Hex } from '../../shared/index.ts';
import { forEach, hashFile, listFiles, type WrittenFile } from './files.ts';
import { HASH_LIST, staysWithin } from './manifest.ts';

const LINE = /^([0-9a-f]{64}) {2}(.+)$/;
const LAST = /^# sha256 of the lines above: ([0-9a-f]{64})$/;
const AT_ONCE = 4;
const MOST_TOLD = 50;

export function writeHashList(files: ReadonlyMap<string, string>): string {
  const lines = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, sha256]) => `${sha256}  ${path}\n`);
  const text = lines.join('');
  return `${text}# sha256 of the lines above: ${sha256Hex(text)}\n`;
}

export interface CheckedFiles {
  readonly files: number;
  /** SHA-256 of the hash list: written down elsewhere, it vouches for the whole backup. */
  readonly digest: string;
}

/**
 * Reads every file of the backup in `folder` and compares. @throws BACKUP_DAMAGED naming each file that is changed, missing, or not
 * listed.
 */
export async function checkFiles(folder: string): Promise<CheckedFiles> {
  const text = await readFile(join(folder, HASH_LIST), 'utf8').catch((cause) => {
    throw damaged([{ path: HASH_LIST, vi: 'thiếu', en: 'missing', cause }]);
  });
  const listed = parse(text);
  const wrong: Wrong[] = [];
  await forEach(listed, AT_ONCE, async ([path, sha256]) => {
    const found = await hashOrdinary(join(folder, path)).catch((error: NodeJS.ErrnoException) => error.code ?? 'error');
    if (found === undefined) wrong.push({ path, vi: 'không phải tệp thông thường', en: 'not an ordinary file' });
    else if (found === 'ENOENT') wrong.push({ path, vi: 'thiếu', en: 'missing' });
    else if (typeof found === 'string')
      wrong.push({ path, vi: `không đọc được (${found})`, en: `unreadable (${found})` });
    else if (found.sha256 !== sha256) wrong.push({ path, vi: 'nội dung đã bị thay đổi', en: 'changed' });
  });
  for (const path of (await listFiles(folder)) ?? []) {
    if (path !== HASH_LIST && !listed.has(path)) wrong.push({ path, vi: 'không có trong danh sách', en: 'not listed' });
  }
  if (wrong.length > 0) throw damaged(wrong);
  return { files: listed.size, digest: sha256Hex(text) };
}

/** @returns undefined for what is no file of its own, such as a link: what it shows now may be another thing when it is restored. */
async function hashOrdinary(path: string): Promise<WrittenFile | undefined> {
  return (await lstat(path)).isFile() ? hashFile(path) : undefined;
}

function parse(text: string): Map<string, string> {
  const lines = text.split('\n');
  const end = lines.pop();
  const last = LAST.exec(lines.pop() ?? '')?.[1];
  const body = lines.map((line) => `${line}\n`).join('');
  if (end !== '' || last !== sha256Hex(body))
    throw damaged([{ path: HASH_LIST, vi: 'nội dung đã bị thay đổi', en: 'changed' }]);
  return new Map(
    lines.map((line) => {
      const [, sha256 = '', path = ''] = LINE.exec(line) ?? [];
      if (!staysWithin(path))
        throw damaged([{ path: HASH_LIST, vi: 'nêu tệp ngoài bản sao lưu', en: 'names a file outside the backup' }]);
      return [path, sha256];
    }),
  );
}

interface Wrong {
  readonly path: string;
  readonly vi: string;
  readonly en: string;
  readonly cause?: unknown;
}

export function damaged(wrong: readonly Wrong[]): AppError {
  const told = wrong.toSorted((a, b) => (a.path < b.path ? -1 : 1)).slice(0, MOST_TOLD);
  const mistakes: InputMistake[] = told.map(({ path, vi, en }) => ({ path, code: 'BACKUP_DAMAGED', vi, en }));
  const names = told.map(({ path }) => path).join(', ');
  return new AppError('BACKUP_DAMAGED', {
    mistakes,
    detail: {
      vi: `${wrong.length} tệp không đúng như khi sao lưu: ${names}`,
      en: `${wrong.length} files are not what was backed up: ${names}`,
    },
    extra: { files: wrong.length, file: told[0]?.path ?? '' },
    cause: wrong[0]?.cause,
  });
}

/** The lines of a list of JSON values. */
export async function* readJsonLines(path: string): AsyncIterable<unknown> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield JSON.parse(line);
  }
}
