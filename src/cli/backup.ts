/** `antin backup --to DIR`, also beside a running system, and `antin backup verify DIR`. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { registeredObjects } from '../archive/index.ts';
import { loadConfig, settingsText } from '../config.ts';
import { createAuditLog, loadLogKey } from '../platform/audit/index.ts';
import {
  type ArchiveLine,
  type BackupSources,
  verifyBackup,
  type WorkObject,
  type WrittenBackup,
  writeBackup,
} from '../platform/backup/index.ts';
import { reachDatabase, type Tx } from '../platform/db/index.ts';
import { type ObjectStore, openStores, type Stores } from '../platform/storage/index.ts';
import { workObjects } from '../records/index.ts';
import { sha256Hex, silentLog, systemClock } from '../shared/index.ts';
import { readSecret } from './files.ts';
import { type Installation, installation } from './installation.ts';
import { composeOptions } from './with-antin.ts';

interface BackupCommand {
  readonly to?: string;
  readonly data?: string;
  readonly withArchive: boolean;
  readonly passphraseFile?: string;
  readonly json: boolean;
}

export function addBackup(program: Command): void {
  const backup = program
    .command('backup')
    .description('Sao lưu toàn bộ, kể cả khi hệ thống đang chạy · Back everything up, also while the system runs')
    .option('--to <dir>', 'folder of backups; each becomes a folder of its own in it')
    .option('--data <dir>', 'data folder (DATA_DIR)')
    .option('--with-archive', 'copy archived bytes also out of an S3 bucket', false)
    .option('--passphrase-file <file>', 'seal the keys under the passphrase in this file')
    .option('--json', 'one JSON line', false)
    .action(async (options: BackupCommand) => {
      if (options.to === undefined) backup.error("error: required option '--to <dir>' not specified", { exitCode: 2 });
      else await makeBackup({ ...options, to: options.to });
    });
  backup
    .command('verify')
    .argument('<dir>', 'a backup, or a folder of backups: the newest')
    .description('Đọc lại và kiểm tra bản sao lưu · Read a backup again and check it')
    .action(async (dir: string, _own: object, command: Command) => {
      await tellVerified(dir, command.optsWithGlobals<BackupCommand>().json);
    });
}

async function makeBackup(options: BackupCommand & { to: string }): Promise<void> {
  const config = loadConfig({ DATA_DIR: options.data });
  const place = installation(config);
  const passphrase = await readPassphrase(options.passphraseFile);
  const database = await reachDatabase(place.database);
  try {
    const stores = await openStores(composeOptions(config, silentLog));
    try {
      const sources = await sourcesOf(place, stores, database.url, settingsText(config));
      const withArchive = options.withArchive ? true : undefined;
      tell(await writeBackup(sources, { to: resolve(options.to), passphrase, withArchive }), options.json);
    } finally {
      stores.close();
    }
  } finally {
    await database.release();
  }
}

/** What `writeBackup` copies of an installation whose database answers at `databaseUrl`. */
export async function sourcesOf(
  place: Installation,
  { work, archive }: Stores,
  databaseUrl: string,
  text: string,
): Promise<BackupSources> {
  const { publicKey } = await loadLogKey(place.keysDir);
  return {
    databaseUrl,
    installation: sha256Hex(publicKey),
    workStore: work,
    archive,
    workObjects,
    archiveObjects,
    archivedMeanwhile: (object) => archivedMeanwhile(archive, object),
    secrets: place.secrets,
    settings: place.settings,
    settingsText: text,
    folders: [place.dataDir, place.keysDir],
    audit: createAuditLog({ clock: systemClock }),
    clock: systemClock,
  };
}

async function* archiveObjects(tx: Tx): AsyncIterable<ArchiveLine> {
  for await (const object of registeredObjects(tx)) {
    const { key, versionId, sha256, size, contentType, retainUntil, lockedUntil, hold, held } = object;
    yield {
      ...{ key, versionId, sha256, size, contentType },
      retainUntil: retainUntil.toISOString(),
      lockedUntil: lockedUntil.toISOString(),
      hold: hold || held,
    };
  }
}

/** The archive holds a document whole, and each of its revisions is a prefix of it. */
async function archivedMeanwhile(archive: ObjectStore, object: WorkObject): Promise<Uint8Array | undefined> {
  const folder = object.key.slice(0, object.key.lastIndexOf('/') + 1);
  for await (const { key, versionId, size, isDeleteMarker } of archive.list(`v1/${folder}`)) {
    const sha256 = /\/\d+-([0-9a-f]{64})\.pdf$/.exec(key)?.[1];
    if (isDeleteMarker || sha256 === undefined || size < object.size) continue;
    const bytes = (await archive.get(key, versionId, sha256)).subarray(0, object.size);
    if (sha256Hex(bytes) === object.sha256) return bytes;
  }
  return undefined;
}

/** @throws FILE_UNREADABLE. */
export async function readPassphrase(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : readSecret(file);
}

function tell({ folder, manifest, files, digest }: WrittenBackup, json: boolean): void {
  const { takenAt, work, archive, secrets, alarms } = manifest;
  if (alarms.length > 0) process.exitCode = 3;
  if (json) {
    console.log(JSON.stringify({ folder, takenAt, files, digest, work, archive, secrets, alarms }));
    return;
  }
  console.log(`Đã sao lưu vào (backup in) ${folder}`);
  console.log(`  thời điểm (moment) ${takenAt}; ${files} tệp (files), đã đọc lại và khớp (read back, all match)`);
  console.log(
    `  tài liệu đang xử lý (work objects) ${work.objects}; đối tượng lưu trữ (archive objects) ${archive.objects}, ${archiveWords(archive.copied)}`,
  );
  console.log(`  SHA-256 của danh sách (of the hash list) ${digest}`);
  console.log(
    secrets === 'plain'
      ? '  ⚠ Bản sao chứa khóa và mã PIN KHÔNG mã hóa cùng dữ liệu người bệnh: cất như cất con dấu; hoặc dùng --passphrase-file.\n    (It holds keys and PINs in the clear, and patient data: keep it as you keep the seal; or use --passphrase-file.)'
      : '  ⚠ Khóa đã mã hóa bằng mật khẩu; dữ liệu người bệnh thì không. Giữ mật khẩu ở nơi khác; mất mật khẩu là mất khóa.\n    (Keys are sealed under the passphrase; patient data is not. Keep the passphrase elsewhere: without it the keys are lost.)',
  );
  for (const { store, key, code } of alarms) console.log(`  ✖ ${store} ${key}: ${code}`);
}

const archiveWords = (copied: boolean): string =>
  copied ? 'đã chép (copied)' : 'chỉ liệt kê, dữ liệu ở lại kho S3 (listed only, the bytes stay in their bucket)';

async function tellVerified(dir: string, json: boolean): Promise<void> {
  const { folder, manifest, files, digest } = await verifyBackup(resolve(dir));
  const { takenAt, work, archive, secrets, alarms } = manifest;
  if (alarms.length > 0) process.exitCode = 3;
  if (json) {
    console.log(JSON.stringify({ folder, takenAt, files, digest, work, archive, secrets, alarms }));
    return;
  }
  console.log(`Bản sao lưu nguyên vẹn (the backup is intact): ${folder}`);
  console.log(
    `  thời điểm (moment) ${takenAt}; ${files} tệp (files); SHA-256 của danh sách (of the hash list) ${digest}`,
  );
  for (const { store, key, code } of alarms) {
    console.log(`  ✖ đã thiếu từ khi sao lưu (lacking since it was made): ${store} ${key}: ${code}`);
  }
}
