/** A backup that somebody has changed, hash list and all, reads and writes nothing outside of it. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { checkFiles, writeHashList } from '../../src/platform/backup/hash-list.ts';
import { ARCHIVE_LINE, WORK_LINE } from '../../src/platform/backup/manifest.ts';
import { openSecrets, sealSecrets } from '../../src/platform/backup/secrets.ts';
import { sha256Hex } from '../../src/shared/index.ts';
import { temporaryFolder } from '../support/database.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const OUTSIDE = 'a key that lies elsewhere';
const hash = sha256Hex(OUTSIDE);
let backup = '';
let made = 0;

beforeEach(() => {
  made += 1;
  backup = join(folder.path, `backup-${made}`);
  mkdirSync(join(backup, 'work'), { recursive: true });
  writeFileSync(join(folder.path, 'outside'), OUTSIDE);
});

/** Writes a hash list that is right in itself. */
const listing = (...paths: string[]): void =>
  writeFileSync(join(backup, 'SHA256SUMS'), writeHashList(new Map(paths.map((path) => [path, hash]))));

const WAYS_OUT = ['../outside', 'work/../../outside', '/etc/hostname', 'work//a', './a', 'work\\..\\..\\outside', ''];

describe('a list that leads out of the backup', () => {
  test.each(WAYS_OUT)('%j', async (path) => {
    listing(path);
    await expect(checkFiles(backup)).rejects.toMatchObject({
      code: 'BACKUP_DAMAGED',
      mistakes: [{ path: 'SHA256SUMS', vi: 'nêu tệp ngoài bản sao lưu' }],
    });
  });
});

test('a link in the place of a file is not followed, whatever it shows', async () => {
  symlinkSync(join(folder.path, 'outside'), join(backup, 'work', 'a'));
  listing('work/a');
  await expect(checkFiles(backup)).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
    mistakes: [{ path: 'work/a', en: 'not an ordinary file' }],
  });
});

test('a link in the place of a folder neither', async () => {
  mkdirSync(join(folder.path, `elsewhere-${made}`));
  writeFileSync(join(folder.path, `elsewhere-${made}`, 'a'), OUTSIDE);
  symlinkSync(join(folder.path, `elsewhere-${made}`), join(backup, 'archive'));
  listing('archive/a');
  await expect(checkFiles(backup)).rejects.toMatchObject({ mistakes: [{ path: 'archive', en: 'not listed' }] });
});

test('the same files as they should be are accepted', async () => {
  writeFileSync(join(backup, 'work', 'a'), OUTSIDE);
  listing('work/a');
  await expect(checkFiles(backup)).resolves.toMatchObject({ files: 1 });
});

test('sealed keys name no place outside', async () => {
  const passphrase = 'a passphrase that is long enough';
  const sealed = await sealSecrets([{ path: 'keys/../../x', mode: 0o600, bytes: Buffer.from('x') }], passphrase);
  await expect(openSecrets(sealed, passphrase)).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
});

test.each(WAYS_OUT)('nor do the lists of objects: %j', (key) => {
  const line = { key, sha256: hash, size: 1 };
  expect(WORK_LINE.safeParse(line).success).toBe(false);
  const until = '2036-01-01T00:00:00.000Z';
  const archived = {
    ...line,
    ...{ versionId: '1', contentType: 'application/pdf', retainUntil: until, lockedUntil: until, hold: false },
  };
  expect(ARCHIVE_LINE.safeParse(archived).success).toBe(false);
  expect(ARCHIVE_LINE.safeParse({ ...archived, key: 'v1/a/b/1-c.pdf' }).success).toBe(true);
});
