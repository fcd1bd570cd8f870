/** Makes a backup: a folder of its own below `to`, complete and read back before it gets its name. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type Clock, newId, toAppError } from '../../shared/index.ts';
import type { AuditLog } from '../audit/index.ts';
import { type Snapshot, type Tx, withNamedLock, withSnapshot, withTransaction } from '../db/index.ts';
import type { ObjectStore, WorkStore } from '../storage/index.ts';
import { nameIt, prepareTarget, withUnfinishedFolder } from './backup-folder.ts';
import { forEach, linkIfSame, listFiles, syncFolders, type WrittenFile, writeFileHashed } from './files.ts';
import { listBackups } from './find-backup.ts';
import { checkFiles, readJsonLines, writeHashList } from './hash-list.ts';
import {
  ARCHIVE_LINE,
  ARCHIVE_LIST,
  type ArchiveLine,
  BACKUP_VERSION,
  type BackupAlarm,
  type BackupManifest,
  FOLDERS,
  HASH_LIST,
  MANIFEST,
  SEALED_SECRETS,
  WORK_LINE,
  WORK_LIST,
  type WorkObject,
} from './manifest.ts';
import { noteInEveryLog } from './note.ts';
import { type SecretFile, sealSecrets } from './secrets.ts';

/** A file or folder of the installation and its name in the backup; what is not there is left out. */
export interface BackupPart {
  readonly as: string;
  readonly from: string;
}

export interface BackupSources {
  readonly databaseUrl: string;
  /** Fingerprint of the installation, lower-case hexadecimal. */
  readonly installation: string;
  readonly workStore: WorkStore;
  readonly archive: ObjectStore;
  /** What the documents of the snapshot still need from the work store. */
  workObjects(tx: Tx): AsyncIterable<WorkObject>;
  archiveObjects(tx: Tx): AsyncIterable<ArchiveLine>;
  /** The bytes of a work object that went on to the archive since the snapshot. */
  archivedMeanwhile(object: WorkObject): Promise<Uint8Array | undefined>;
  readonly secrets: readonly BackupPart[];
  readonly settings: readonly BackupPart[];
  /** The settings without secrets, as a text for people. */
  readonly settingsText: string;
  /** The data folders: a backup among them would back itself up. */
  readonly folders: readonly string[];
  readonly audit: AuditLog;
  readonly clock: Clock;
}

export interface BackupOptions {
  readonly to: string;
  /** Copy the archived bytes too. Default: yes for a file system archive, no for S3, where they stay in their locked bucket. */
  readonly withArchive?: boolean | undefined;
  /** Seal the keys under it. */
  readonly passphrase?: string | undefined;
}

export interface WrittenBackup {
  readonly folder: string;
  readonly manifest: BackupManifest;
  readonly files: number;
  /** SHA-256 of its hash list. */
  readonly digest: string;
}

const AT_ONCE = 4;

/**
 * Copies the database at one moment, the work store, the archive's list (and bytes), keys and settings, while the system may run.
 * Durable and verified when it returns; an earlier backup in `to` lends its archived files by hard links where it can. Objects that
 * are lost or altered in the stores do not stop it: they are the `alarms` of its manifest.
 * @throws BACKUP_TARGET_INVALID, BACKUP_IN_PROGRESS, PASSPHRASE_WEAK, DATABASE_UNREACHABLE, what the stores throw when they are away.
 */
export async function writeBackup(sources: BackupSources, options: BackupOptions): Promise<WrittenBackup> {
  const to = await prepareTarget(options.to, sources.folders);
  const by = { installation: sources.installation, at: sources.clock.now() };
  const done = await withNamedLock(sources.databaseUrl, 'backup', () =>
    withUnfinishedFolder(to, by, (unfinished) => fill(sources, options, to, unfinished)),
  );
  if (done === undefined) throw new AppError('BACKUP_IN_PROGRESS');
  return done;
}

async function fill(
  sources: BackupSources,
  options: BackupOptions,
  to: string,
  unfinished: string,
): Promise<WrittenBackup> {
  const hashes = new Map<string, string>();
  const write = async (path: string, content: Content, mode?: number): Promise<WrittenFile> => {
    const written = await writeFileHashed(
      join(unfinished, path),
      typeof content === 'string' ? [Buffer.from(content)] : content,
      mode,
    );
    hashes.set(path, written.sha256);
    return written;
  };
  const work = { objects: 0, bytes: 0 };
  const archived = { objects: 0, bytes: 0 };
  const snapshot = await withSnapshot(sources.databaseUrl, async (moment) => {
    const { takenAt, schema, tables, counters } = moment;
    await dumpTables(moment, write);
    await write(WORK_LIST, jsonLines(sources.workObjects(moment.tx), work));
    await write(ARCHIVE_LIST, jsonLines(sources.archiveObjects(moment.tx), archived));
    return { takenAt, schema, tables, counters };
  });
  const alarms: BackupAlarm[] = [];
  const copied = options.withArchive ?? sources.archive.kind === 'filesystem';
  await copyWork(sources, unfinished, write, alarms);
  if (copied) await copyArchive(sources, { to, unfinished, hashes }, write, alarms);
  await copySecrets(sources.secrets, options.passphrase, write);
  for (const part of sources.settings) {
    for (const { path, mode, bytes } of await readPart(part)) await write(`${FOLDERS.settings}/${path}`, [bytes], mode);
  }
  await write(`${FOLDERS.settings}/settings.txt`, sources.settingsText);
  const manifest: BackupManifest = {
    format: 'antin-backup',
    version: BACKUP_VERSION,
    id: newId(snapshot.takenAt),
    installation: sources.installation,
    takenAt: snapshot.takenAt.toISOString(),
    finishedAt: sources.clock.now().toISOString(),
    schema: snapshot.schema.map(({ name, sha256 }) => ({ name, sha256 })),
    tables: snapshot.tables.map(({ name, columns }) => ({ name, columns: [...columns] })),
    counters: [...snapshot.counters],
    work,
    archive: { store: sources.archive.kind, ...archived, copied },
    secrets: options.passphrase === undefined ? 'plain' : 'sealed',
    alarms,
  };
  await write(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFileHashed(join(unfinished, HASH_LIST), [Buffer.from(writeHashList(hashes))]);
  const checked = await checkFiles(unfinished);
  await syncFolders(unfinished);
  await noteInAuditLog(sources, manifest, checked.digest);
  const folder = await nameIt(unfinished, to, snapshot.takenAt);
  return { folder, manifest, ...checked };
}

type Content = string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
type Write = (path: string, content: Content, mode?: number) => Promise<WrittenFile>;

async function dumpTables(snapshot: Snapshot, write: Write): Promise<void> {
  for (const table of snapshot.tables) await write(`${FOLDERS.database}/${table.name}.copy`, snapshot.copyOut(table));
}

async function* jsonLines<T extends { readonly size: number }>(
  objects: AsyncIterable<T>,
  total: { objects: number; bytes: number },
): AsyncIterable<Uint8Array> {
  for await (const object of objects) {
    total.objects += 1;
    total.bytes += object.size;
    yield Buffer.from(`${JSON.stringify(object)}\n`);
  }
}

/** What is lost or altered is an alarm; a store that is away fails the backup. */
async function orAlarm(
  store: BackupAlarm['store'],
  key: string,
  alarms: BackupAlarm[],
  read: () => Promise<Uint8Array>,
): Promise<Uint8Array | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.kind !== 'integrity' && error.kind !== 'not-found') throw thrown;
    alarms.push({ store, key, code: error.code });
    return undefined;
  }
}

async function copyWork(sources: BackupSources, folder: string, write: Write, alarms: BackupAlarm[]): Promise<void> {
  await forEach(readJsonLines(join(folder, WORK_LIST)), AT_ONCE, async (line) => {
    const object = WORK_LINE.parse(line);
    const { key, sha256 } = object;
    const bytes = await orAlarm('work', key, alarms, async () => {
      try {
        return await sources.workStore.get(key, sha256);
      } catch (thrown) {
        const moved = await sources.archivedMeanwhile(object);
        if (moved === undefined) throw thrown;
        return moved;
      }
    });
    if (bytes !== undefined) await write(`${FOLDERS.work}/${key}`, [bytes]);
  });
}

async function copyArchive(
  { archive }: BackupSources,
  at: { readonly to: string; readonly unfinished: string; readonly hashes: Map<string, string> },
  write: Write,
  alarms: BackupAlarm[],
): Promise<void> {
  const earlier = (await listBackups(at.to)).reverse();
  await forEach(readJsonLines(join(at.unfinished, ARCHIVE_LIST)), AT_ONCE, async (line) => {
    const { key, versionId, sha256, size } = ARCHIVE_LINE.parse(line);
    const path = `${FOLDERS.archive}/${key}`;
    for (const backup of earlier.slice(0, 2)) {
      if (!(await linkIfSame(join(backup, path), join(at.unfinished, path), { sha256, size }))) continue;
      at.hashes.set(path, sha256);
      return;
    }
    const bytes = await orAlarm('archive', key, alarms, () => archive.get(key, versionId, sha256));
    if (bytes !== undefined) await write(path, [bytes], 0o400);
  });
}

async function copySecrets(parts: readonly BackupPart[], passphrase: string | undefined, write: Write): Promise<void> {
  const files: SecretFile[] = [];
  for (const part of parts) files.push(...(await readPart(part)));
  if (passphrase !== undefined) {
    await write(SEALED_SECRETS, [await sealSecrets(files, passphrase)]);
    return;
  }
  for (const { path, mode, bytes } of files) await write(`${FOLDERS.secrets}/${path}`, [bytes], mode & 0o700);
}

async function readPart({ as, from }: BackupPart): Promise<SecretFile[]> {
  const files: SecretFile[] = [];
  for (const name of (await listFiles(from)) ?? []) {
    const place = join(from, name);
    files.push({
      path: name === '' ? as : `${as}/${name}`,
      mode: (await stat(place)).mode & 0o777,
      bytes: await readFile(place),
    });
  }
  return files;
}

/** Somebody took a copy of everything. */
async function noteInAuditLog(sources: BackupSources, manifest: BackupManifest, digest: string): Promise<void> {
  await withTransaction(sources.databaseUrl, (tx) =>
    noteInEveryLog(sources.audit, tx, {
      actor: { kind: 'system', id: 'backup' },
      action: 'backup.written',
      object: { kind: 'backup', id: manifest.id },
      details: { takenAt: manifest.takenAt, digest, sealed: manifest.secrets === 'sealed' },
    }),
  );
}
