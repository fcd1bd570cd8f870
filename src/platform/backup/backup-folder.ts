/** The folder of a backup: where it may be made, what it is called while it is not finished, and when it is. */
import { mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { AppError } from '../../shared/index.ts';
import { syncFolder } from './files.ts';
import { COMPLETE } from './find-backup.ts';
import { MANIFEST } from './manifest.ts';

/** Makes the folder of backups where need be. @returns its real path. @throws BACKUP_TARGET_INVALID also for one among `folders`. */
export async function prepareTarget(to: string, folders: readonly string[]): Promise<string> {
  const refuse = (vi: string, en: string, cause?: unknown): AppError =>
    new AppError('BACKUP_TARGET_INVALID', { detail: { vi, en }, cause });
  try {
    await mkdir(to, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw refuse(`Không tạo được thư mục ${to}`, `The folder ${to} cannot be made`, cause);
  }
  const target = await realpath(to);
  if (COMPLETE.test(basename(target)) && (await readdir(target)).includes(MANIFEST)) {
    throw refuse(
      `${to} là một bản sao lưu; hãy nêu thư mục chứa nó`,
      `${to} is a backup itself; name the folder that holds it`,
    );
  }
  for (const folder of folders) {
    const place = await realpath(folder).catch(() => undefined);
    if (place === undefined || !isWithin(target, place)) continue;
    throw refuse(`${to} nằm trong thư mục dữ liệu ${folder}`, `${to} lies within the data folder ${folder}`);
  }
  return target;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

/** Seconds are enough for a name: `2026-11-27T22-15-00Z`. */
function stamp(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}

/**
 * A new folder in `to` for `fill`; removed again where that fails. What an earlier one of this installation left when it was killed goes
 * first: nobody else may be at work in `to`.
 */
export async function withUnfinishedFolder<T>(
  to: string,
  by: { readonly installation: string; readonly at: Date },
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const mark = `.unfinished-${by.installation.slice(0, 12)}`;
  for (const name of await readdir(to)) {
    if (name.endsWith(mark)) await rm(join(to, name), { recursive: true, force: true });
  }
  const unfinished = join(to, `${stamp(by.at)}${mark}`);
  await mkdir(unfinished, { mode: 0o700 });
  try {
    return await fill(unfinished);
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true });
    throw thrown;
  }
}

/** The name of a complete backup, durably; the next free one if another was made in that second. @returns the folder. */
export async function nameIt(unfinished: string, to: string, takenAt: Date): Promise<string> {
  const taken = new Set(await readdir(to));
  const name = stamp(takenAt);
  let free = name;
  for (let n = 2; taken.has(free); n += 1) free = `${name}-${n}`;
  const folder = join(to, free);
  await rename(unfinished, folder);
  await syncFolder(to);
  return folder;
}
