import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../shared/index.ts';
import { checkFiles, damaged } from './hash-list.ts';
import { BACKUP_MANIFEST, BACKUP_VERSION, type BackupManifest, HASH_LIST, MANIFEST } from './manifest.ts';

/** `2026-11-27T22-15-00Z`: folders of complete backups, in the order of their time. */
export const COMPLETE = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?$/;

/** Complete backups in a folder of backups, oldest first. */
export async function listBackups(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && COMPLETE.test(entry.name)).map(({ name }) => name);
  return names.sort().map((name) => join(folder, name));
}

/** The backup that `at` is, or the newest of those in it. @throws BACKUP_NOT_FOUND. */
export async function findBackup(at: string): Promise<string> {
  const names = await readdir(at).catch(() => []);
  const unfinished = /\.unfinished-[0-9a-f]+\/?$/.test(at);
  if (names.some((name) => name === MANIFEST || name === HASH_LIST) && !unfinished) return at;
  const newest = (await listBackups(at)).at(-1);
  if (newest === undefined || unfinished) {
    throw new AppError('BACKUP_NOT_FOUND', {
      detail: { vi: `${at} không có bản sao lưu hoàn chỉnh nào`, en: `${at} holds no complete backup` },
    });
  }
  return newest;
}

export interface VerifiedBackup {
  readonly folder: string;
  readonly manifest: BackupManifest;
  readonly files: number;
  /** SHA-256 of its hash list. */
  readonly digest: string;
}

/** Reads every byte of the backup that `at` names (see `findBackup`). @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED naming the files, BACKUP_TOO_NEW. */
export async function verifyBackup(at: string): Promise<VerifiedBackup> {
  const folder = await findBackup(at);
  const checked = await checkFiles(folder);
  return { folder, manifest: await readManifest(folder), ...checked };
}

async function readManifest(folder: string): Promise<BackupManifest> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'));
  const { version } = manifest as { version?: unknown };
  if (typeof version === 'number' && version > BACKUP_VERSION) throw new AppError('BACKUP_TOO_NEW');
  const parsed = BACKUP_MANIFEST.safeParse(manifest);
  if (!parsed.success) throw damaged([{ path: MANIFEST, vi: 'không đọc được', en: 'unreadable', cause: parsed.error }]);
  return parsed.data;
}
