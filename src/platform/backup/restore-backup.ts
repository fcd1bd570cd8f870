/** Makes an installation whole again from a backup: files first, the database last and at once, so that an end in between can be told. */
import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, sha256Hex } from '../../shared/index.ts';
import type { AuditLog } from '../audit/index.ts';
import { isEmptyDatabase, refillDatabase, type Tx, withTransaction } from '../db/index.ts';
import type { ObjectStore, WorkStore } from '../storage/index.ts';
import { forEach, listFiles, syncFolder, writeFileHashed } from './files.ts';
import { type VerifiedBackup, verifyBackup } from './find-backup.ts';
import { damaged, readJsonLines } from './hash-list.ts';
import {
  ARCHIVE_LINE,
  ARCHIVE_LIST,
  type ArchiveLine,
  type BackupManifest,
  FOLDERS,
  SEALED_SECRETS,
  WORK_LINE,
  WORK_LIST,
} from './manifest.ts';
import { movedObjects } from './moved-objects.ts';
import { noteInEveryLog } from './note.ts';
import { markRestore, removeMark } from './restore-mark.ts';
import { openSecrets, type SecretFile } from './secrets.ts';
import { wasRestored } from './store.ts';

/** Stores and database of the new place; opened only once the folder is known to be empty. */
export interface OpenedTarget {
  readonly databaseUrl: string;
  readonly workStore: WorkStore;
  readonly archive: ObjectStore;
  close(): Promise<void>;
}

export interface RestoreTarget {
  readonly dataDir: string;
  /** Folders outside of `dataDir` that must be empty as well. */
  readonly otherFolders: readonly string[];
  /** Where a secret goes, by its path in the backup. */
  placeOfSecret(path: string): string;
  /** Where trust anchors, rules and forms of the old place are laid down for the administrator. */
  readonly settingsFolder: string;
  open(): Promise<OpenedTarget>;
  readonly audit: AuditLog;
}

export interface RestoreOptions {
  readonly from: string;
  readonly passphrase?: string | undefined;
  /** Go on although objects that the backup lists are lost for good. */
  readonly acceptMissing?: boolean | undefined;
}

export interface Restored {
  readonly folder: string;
  readonly manifest: BackupManifest;
  readonly digest: string;
  readonly archive: {
    /** Were in the store as the backup lists them. */
    readonly found: number;
    /** Put there from the backup, locked. */
    readonly put: number;
    /** Keys that are lost. */
    readonly missing: readonly string[];
  };
  /** Steps of the schema that came since the backup. */
  readonly migrated: readonly string[];
}

const AT_ONCE = 4;

/**
 * Checks the whole backup, then fills an empty place from it. When it returns, everything is durable and the audit log says so. After an
 * end in the middle the folder is marked (`refuseUnfinishedRestore`) and the same restore can be run again.
 * @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED (names the files), BACKUP_TOO_NEW, SCHEMA_UNKNOWN, PASSPHRASE_NEEDED, PASSPHRASE_WRONG,
 * RESTORE_TARGET_NOT_EMPTY, RESTORE_UNFINISHED, DATABASE_NOT_EMPTY, RESTORE_OBJECTS_MISSING.
 */
export async function restoreBackup(target: RestoreTarget, options: RestoreOptions): Promise<Restored> {
  const backup = await verifyBackup(options.from);
  const { folder, manifest, digest } = backup;
  const secrets = await readSecrets(folder, manifest, options.passphrase);
  await markRestore(target.dataDir, target.otherFolders, { backup: manifest.id, from: folder });
  const opened = await target.open();
  try {
    const again = !(await isEmptyDatabase(opened.databaseUrl));
    if (again && !(await isRestoredAlready(opened.databaseUrl, manifest.id))) throw new AppError('DATABASE_NOT_EMPTY');
    for (const { path, mode, bytes } of secrets) await putFile(target.placeOfSecret(path), bytes, mode & 0o700);
    await putSettings(folder, target.settingsFolder);
    await putWork(folder, manifest, opened.workStore);
    const archive = await putArchive(folder, opened.archive, options.acceptMissing ?? false);
    const migrated = again ? [] : await refill(target, opened, backup, archive);
    await removeMark(target.dataDir);
    const { found, put, missing } = archive;
    return { folder, manifest, digest, archive: { found, put, missing }, migrated };
  } finally {
    await opened.close();
  }
}

/** The database was committed and only the mark was left over. */
function isRestoredAlready(url: string, backupId: string): Promise<boolean> {
  return withTransaction(url, (tx) => wasRestored(tx, backupId)).catch(() => false);
}

async function readSecrets(
  folder: string,
  { secrets }: BackupManifest,
  passphrase: string | undefined,
): Promise<SecretFile[]> {
  if (secrets === 'sealed') {
    if (passphrase === undefined) throw new AppError('PASSPHRASE_NEEDED');
    return openSecrets(await readFile(join(folder, SEALED_SECRETS)), passphrase);
  }
  const root = join(folder, FOLDERS.secrets);
  const paths = (await listFiles(root)) ?? [];
  return Promise.all(paths.map(async (path) => ({ path, mode: 0o600, bytes: await readFile(join(root, path)) })));
}

async function putFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const there = await readFile(path).catch(() => undefined);
  if (there !== undefined && sha256Hex(there) === sha256Hex(bytes)) return;
  // A file that an interrupted restore left half-written gives way.
  await rm(path, { force: true });
  await writeFileHashed(path, [bytes], mode);
  await syncFolder(dirname(path));
}

async function putSettings(folder: string, to: string): Promise<void> {
  const root = join(folder, FOLDERS.settings);
  for (const path of (await listFiles(root)) ?? [])
    await putFile(join(to, path), await readFile(join(root, path)), 0o644);
}

async function putWork(folder: string, { alarms }: BackupManifest, workStore: WorkStore): Promise<void> {
  const lost = new Set(alarms.filter(({ store }) => store === 'work').map(({ key }) => key));
  await forEach(readJsonLines(join(folder, WORK_LIST)), AT_ONCE, async (line) => {
    const { key, sha256 } = WORK_LINE.parse(line);
    if (lost.has(key)) return;
    const { sha256: stored } = await workStore.put(key, await readFile(join(folder, FOLDERS.work, key)));
    if (stored !== sha256)
      throw damaged([{ path: `${FOLDERS.work}/${key}`, vi: 'không như danh sách', en: 'not as listed' }]);
  });
}

interface ArchivePutBack {
  found: number;
  put: number;
  readonly missing: string[];
  /** Objects that have another version id than before, by key. */
  readonly renamed: Map<string, string>;
}

async function putArchive(folder: string, store: ObjectStore, acceptMissing: boolean): Promise<ArchivePutBack> {
  const done: ArchivePutBack = { found: 0, put: 0, missing: [], renamed: new Map() };
  const copied = new Set((await listFiles(join(folder, FOLDERS.archive))) ?? []);
  await forEach(readJsonLines(join(folder, ARCHIVE_LIST)), AT_ONCE, async (line) => {
    const object = ARCHIVE_LINE.parse(line);
    if (await isThere(store, object)) {
      done.found += 1;
      return;
    }
    if (!copied.has(object.key)) {
      done.missing.push(object.key);
      return;
    }
    const stored = await store.put(object.key, await readFile(join(folder, FOLDERS.archive, object.key)), {
      retainUntil: new Date(Math.max(Date.parse(object.retainUntil), Date.parse(object.lockedUntil))),
      hold: object.hold,
      contentType: object.contentType,
    });
    if (stored.sha256 !== object.sha256) throw new AppError('DIGEST_MISMATCH');
    if (stored.versionId !== object.versionId) done.renamed.set(object.key, stored.versionId);
    done.put += 1;
  });
  if (done.missing.length > 0 && !acceptMissing) {
    throw new AppError('RESTORE_OBJECTS_MISSING', {
      detail: {
        vi: `Thiếu ${done.missing.length} đối tượng: ${done.missing.slice(0, 5).join(', ')}`,
        en: `${done.missing.length} objects are missing: ${done.missing.slice(0, 5).join(', ')}`,
      },
      extra: { missing: done.missing.length },
    });
  }
  return done;
}

/** The very version that the backup lists, locked at least as long. */
async function isThere(store: ObjectStore, object: ArchiveLine): Promise<boolean> {
  const stored = await store.stat(object.key, object.versionId).catch((thrown) => {
    if (thrown instanceof AppError && thrown.code === 'RETENTION_UNKNOWN') return undefined;
    throw thrown;
  });
  if (stored === undefined || stored.size !== object.size) return false;
  return stored.retainUntil.getTime() >= Date.parse(object.lockedUntil);
}

async function refill(
  target: RestoreTarget,
  opened: OpenedTarget,
  { folder, manifest, digest }: VerifiedBackup,
  archive: ArchivePutBack,
): Promise<readonly string[]> {
  const moved = archive.renamed.size > 0 || manifest.archive.store !== opened.archive.kind;
  const report = await refillDatabase(opened.databaseUrl, {
    schema: manifest.schema,
    tables: manifest.tables,
    counters: manifest.counters,
    rowsOf: (table) => {
      const rows = createReadStream(join(folder, FOLDERS.database, `${table.name}.copy`));
      return moved && table.name === 'archive_object'
        ? movedObjects(rows, table, opened.archive.kind, archive.renamed)
        : rows;
    },
    alongside: (tx) => noteInAuditLog(target.audit, tx, manifest, digest, archive),
  });
  return report.applied;
}

async function noteInAuditLog(
  audit: AuditLog,
  tx: Tx,
  manifest: BackupManifest,
  digest: string,
  { found, put, missing, renamed }: ArchivePutBack,
): Promise<void> {
  await noteInEveryLog(audit, tx, {
    actor: { kind: 'system', id: 'restore' },
    action: 'backup.restored',
    object: { kind: 'backup', id: manifest.id },
    details: {
      ...{ takenAt: manifest.takenAt, digest, found, put },
      ...{ missing: missing.length, renamed: renamed.size },
    },
  });
}
