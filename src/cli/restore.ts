/** `antin restore --from DIR`: an installation from its backup, only into an empty place. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { createAuditLog } from '../platform/audit/index.ts';
import { type OpenedTarget, type Restored, restoreBackup } from '../platform/backup/index.ts';
import { startEmbeddedServer } from '../platform/db/index.ts';
import { openStores, prepareBuckets } from '../platform/storage/index.ts';
import { silentLog, systemClock } from '../shared/index.ts';
import { readPassphrase } from './backup.ts';
import { type Installation, installation } from './installation.ts';
import { composeOptions, s3Settings } from './with-antin.ts';

interface RestoreCommand {
  readonly from: string;
  readonly data?: string;
  readonly passphraseFile?: string;
  readonly acceptMissing: boolean;
  readonly json: boolean;
}

export function addRestore(program: Command): void {
  program
    .command('restore')
    .description('Khôi phục từ bản sao lưu vào nơi trống · Restore a backup into an empty place')
    .requiredOption('--from <dir>', 'a backup, or a folder of backups: the newest')
    .option('--data <dir>', 'data folder (DATA_DIR): new or empty')
    .option('--passphrase-file <file>', 'the passphrase that the keys were sealed under')
    .option('--accept-missing', 'go on although archived objects are lost', false)
    .option('--json', 'one JSON line', false)
    .action(restore);
}

async function restore(options: RestoreCommand): Promise<void> {
  const config = loadConfig({ DATA_DIR: options.data });
  const place = installation(config);
  const settingsFolder = join(place.dataDir, 'restored-settings');
  const outside = place.keysDir === join(place.dataDir, 'keys') ? [] : [place.keysDir];
  const restored = await restoreBackup(
    {
      dataDir: place.dataDir,
      otherFolders: outside,
      placeOfSecret: (path) => placeOfSecret(place, path),
      settingsFolder,
      open: async (): Promise<OpenedTarget> => {
        const server = 'dataDir' in place.database ? await startEmbeddedServer(place.database) : undefined;
        const s3 = s3Settings(config);
        if (s3 !== undefined) await prepareBuckets(s3, { fix: true });
        const stores = await openStores(composeOptions(config, silentLog));
        return {
          databaseUrl: 'url' in place.database ? place.database.url : (server?.url ?? ''),
          workStore: stores.work,
          archive: stores.archive,
          close: async () => {
            stores.close();
            await server?.stop();
          },
        };
      },
      audit: createAuditLog({ clock: systemClock }),
    },
    {
      from: resolve(options.from),
      passphrase: await readPassphrase(options.passphraseFile),
      acceptMissing: options.acceptMissing,
    },
  );
  if (restored.archive.missing.length > 0) process.exitCode = 3;
  tell(restored, { dataDir: place.dataDir, settingsFolder, json: options.json });
}

/** `keys/…` where the keys belong, everything else in the data folder. */
function placeOfSecret({ dataDir, keysDir }: Installation, path: string): string {
  return path.startsWith('keys/') ? join(keysDir, path.slice('keys/'.length)) : join(dataDir, path);
}

function tell(
  { folder, manifest, digest, archive, migrated }: Restored,
  at: { readonly dataDir: string; readonly settingsFolder: string; readonly json: boolean },
): void {
  const { takenAt, work } = manifest;
  if (at.json) {
    const { dataDir, settingsFolder } = at;
    console.log(
      JSON.stringify({ data: dataDir, from: folder, takenAt, digest, work, archive, migrated, settingsFolder }),
    );
    return;
  }
  console.log(`Đã khôi phục (restored) ${folder}`);
  console.log(`  về thời điểm (to the moment) ${takenAt}, vào (into) ${at.dataDir}`);
  console.log(
    `  tài liệu đang xử lý (work objects) ${work.objects}; lưu trữ (archive): còn nguyên (were there) ${archive.found}, chép lại và khóa (put back, locked) ${archive.put}`,
  );
  for (const key of archive.missing) console.log(`  ✖ đã mất (lost): ${key}`);
  if (migrated.length > 0) console.log(`  đã nâng cấp (migrated): ${migrated.join(', ')}`);
  console.log(`  cấu hình cũ để đối chiếu (settings of the old place, to compare): ${at.settingsFolder}`);
  console.log('Tiếp theo (next): antin fsck, antin audit verify, rồi (then) antin start.');
}
