/** A folder into which a restore is under way says so, until all of it is there. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../shared/index.ts';
import { syncFolder, writeFileHashed } from './files.ts';

const FILE = 'restore-unfinished.json';
const MARK = z.strictObject({ backup: z.uuid(), from: z.string() });
/** What a fresh file system or an operator may have in an otherwise empty folder. */
const NOTHING = new Set(['lost+found', FILE]);

export interface RestoreMark {
  readonly backup: string;
  readonly from: string;
}

/** @throws RESTORE_UNFINISHED naming the backup, if a restore into `dataDir` was interrupted. For everyone who opens the folder. */
export function refuseUnfinishedRestore(dataDir: string): void {
  const mark = readMark(dataDir);
  if (mark !== undefined) throw unfinished(mark === 'cut-short' ? '…' : mark.from);
}

/**
 * Marks `dataDir`, durably. A folder with the mark of the same backup may be filled again.
 * @throws RESTORE_TARGET_NOT_EMPTY, RESTORE_UNFINISHED (the mark is another backup's).
 */
export async function markRestore(dataDir: string, others: readonly string[], mark: RestoreMark): Promise<void> {
  const known = readMark(dataDir);
  // Cut short while it was written: nothing else was written yet.
  if (known === 'cut-short') await removeMark(dataDir);
  else if (known !== undefined) {
    if (known.backup !== mark.backup) throw unfinished(known.from);
    return;
  }
  for (const folder of [dataDir, ...others]) {
    const found = (await readdir(folder).catch(() => [])).filter((name) => !NOTHING.has(name));
    if (found.length === 0) continue;
    throw new AppError('RESTORE_TARGET_NOT_EMPTY', {
      detail: {
        vi: `${folder} không trống (có ${found.slice(0, 5).join(', ')})`,
        en: `${folder} is not empty (it has ${found.slice(0, 5).join(', ')})`,
      },
    });
  }
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  await writeFileHashed(join(dataDir, FILE), [Buffer.from(`${JSON.stringify(mark)}\n`)]);
  await syncFolder(dataDir);
}

/** The restore is complete. */
export async function removeMark(dataDir: string): Promise<void> {
  await rm(join(dataDir, FILE), { force: true });
  await syncFolder(dataDir);
}

function readMark(dataDir: string): RestoreMark | 'cut-short' | undefined {
  const path = join(dataDir, FILE);
  if (!existsSync(path)) return undefined;
  try {
    return MARK.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return 'cut-short';
  }
}

function unfinished(from: string): AppError {
  return new AppError('RESTORE_UNFINISHED', {
    detail: {
      vi: `Việc khôi phục từ ${from} chưa xong`,
      en: `The restore from ${from} is not finished`,
    },
    extra: { from },
  });
}
