/** `antin move --to DATABASE_URL`: from the database of a data folder to a server; with `--to-s3` from its stores to S3 as well. */
import type { Command } from 'commander';
import { registeredObjects } from '../archive/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { createAuditLog } from '../platform/audit/index.ts';
import { movedObjects, noteInEveryLog } from '../platform/backup/index.ts';
import { type Move, moveDatabase, withSnapshot } from '../platform/db/index.ts';
import { openStores, prepareBuckets, type Stores } from '../platform/storage/index.ts';
import { workObjects } from '../records/index.ts';
import { AppError, silentLog, systemClock } from '../shared/index.ts';
import { readSecret } from './files.ts';
import { installation } from './installation.ts';
import { composeOptions, s3Settings } from './with-antin.ts';

interface MoveCommand {
  readonly to?: string;
  readonly toFile?: string;
  readonly toS3: boolean;
  readonly data?: string;
  readonly json: boolean;
}

export function addMove(program: Command): void {
  program
    .command('move')
    .description(
      'Chuyển cơ sở dữ liệu nhúng sang máy chủ PostgreSQL · Move the embedded database to a PostgreSQL server',
    )
    .option('--to <url>', 'postgres://… of an empty database')
    .option(
      '--to-file <file>',
      'file that holds the address, so that its password is not seen in the list of processes',
    )
    .option('--to-s3', 'move work store and archive to the S3 store of the settings too', false)
    .option('--data <dir>', 'data folder (DATA_DIR)')
    .option('--json', 'one JSON line', false)
    .action(move);
}

async function move(options: MoveCommand): Promise<void> {
  // What is set for the new place must not hide the old one.
  const config = { ...loadConfig({ DATA_DIR: options.data }), DATABASE_URL: undefined };
  const { database, dataDir } = installation(config);
  if (!('dataDir' in database)) throw new TypeError('the old place is a folder');
  const to = await addressIn(options);
  const s3 = options.toS3 ? await openTarget(config) : undefined;
  const copied = { work: 0, archive: 0 };
  try {
    const audit = createAuditLog({ clock: systemClock });
    const moved = await moveDatabase({
      ...database,
      to,
      before: (tx) =>
        noteInEveryLog(audit, tx, {
          actor: { kind: 'system', id: 'move' },
          action: 'database.moved',
          object: { kind: 'database', id: new URL(to).host },
          details: { stores: options.toS3 },
        }),
      ...(s3 === undefined
        ? {}
        : storesToS3(await openStores({ ...composeOptions(config, silentLog), s3: undefined }), s3, copied)),
    });
    if (options.json) console.log(JSON.stringify({ data: dataDir, ...moved, ...copied, s3: options.toS3 }));
    else tell(moved.to, moved.tables, copied, options.toS3);
  } finally {
    s3?.close();
  }
}

async function addressIn({ to, toFile }: MoveCommand): Promise<string> {
  const text = to ?? (toFile === undefined ? '' : (await readSecret(toFile)).trim());
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new AppError('CONFIG_INVALID', {
    detail: { vi: '--to cần là `postgres://…`', en: '--to must be `postgres://…`' },
  });
}

async function openTarget(config: Config): Promise<Stores> {
  const settings = s3Settings(config);
  if (settings === undefined) {
    throw new AppError('CONFIG_INVALID', {
      detail: { vi: '--to-s3 cần S3_ENDPOINT và các khóa', en: '--to-s3 needs S3_ENDPOINT and its keys' },
    });
  }
  await prepareBuckets(settings, { fix: true });
  return openStores({ ...composeOptions(config, silentLog), s3: settings });
}

/** Every object put into the new stores, locked as before; registrations follow. What is there already is adopted. */
function storesToS3(
  from: Stores,
  to: Stores,
  copied: { work: number; archive: number },
): Pick<Move, 'prepare' | 'changed'> {
  const renamed = new Map<string, string>();
  return {
    prepare: (url) =>
      withSnapshot(url, async ({ tx }) => {
        for await (const { key, sha256 } of workObjects(tx)) {
          await to.work.put(key, await from.work.get(key, sha256));
          copied.work += 1;
        }
        for await (const object of registeredObjects(tx)) {
          const { key, versionId, sha256, contentType, retainUntil, lockedUntil, hold, held } = object;
          const stored = await to.archive.put(key, await from.archive.get(key, versionId, sha256), {
            retainUntil: new Date(Math.max(retainUntil.getTime(), lockedUntil.getTime())),
            hold: hold || held,
            contentType,
          });
          renamed.set(key, stored.versionId);
          copied.archive += 1;
        }
      }),
    changed: (table, rows) =>
      table.name === 'archive_object' ? movedObjects(rows, table, to.archive.kind, renamed) : rows,
  };
}

function tell(to: string, tables: number, copied: { work: number; archive: number }, toS3: boolean): void {
  console.log(`Đã chuyển (moved) ${tables} bảng (tables) sang (to) ${to}, đã đọc lại và khớp (read back, all match)`);
  if (toS3)
    console.log(`  kho S3 (S3 store): ${copied.work} + ${copied.archive} đối tượng (objects), đã khóa (locked)`);
  console.log('Tiếp theo (next): đặt (set) DATABASE_URL, rồi (then) antin fsck, antin start.');
  console.log(
    '  Giữ nguyên khóa và kho tệp (keep keys and stores): DATA_DIR, KEYS_DIR. CSDL cũ không mở được nữa (the old database is closed for good).',
  );
}
