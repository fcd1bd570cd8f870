/** A copy of everything beside the running system, everything wiped, everything back; and what is refused. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogProofs, loadLogKey } from '../../src/platform/audit/index.ts';
import { verifyBackup } from '../../src/platform/backup/index.ts';
import { joinServer, withSnapshot } from '../../src/platform/db/index.ts';
import { sha256Hex } from '../../src/shared/index.ts';
import { dischargeCertificate, openAntin, type RunningAntin, settle } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';
import { expectArchivedOnce, fetchPdf, look, receive, type Shown, signAll, walkToArchive } from '../support/journey.ts';
import { answer, antin, begin, killWhen, problem } from './support.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
const backups = join(folder.path, 'backups');
let running: RunningAntin | undefined;

const system = (): RunningAntin => running ?? expect.fail('the system is not open');
const stop = async (): Promise<void> => {
  await running?.antin.close();
  running = undefined;
};
const filesBelow = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();

beforeAll(async () => {
  running = await openAntin(data);
}, 120_000);
afterAll(async () => {
  await stop();
  folder.remove();
});

/** What a person had before the disaster. */
const before = new Map<string, Shown>();
let newest = '';

test('a backup is made while documents come in, are signed and archived', async () => {
  const { practitioner, representative } = system().hospital;
  const archived = await walkToArchive(system(), dischargeCertificate(system()));
  const half = await receive(system(), dischargeCertificate(system()));
  await signAll(system(), practitioner, [half.id]);
  const fresh = await receive(system(), dischargeCertificate(system()));
  for (const { id } of [archived, half, fresh]) before.set(id, await look(system(), id));

  let ended = false;
  const busy = (async () => {
    for (let n = 0; n < 8 && !ended; n += 1) {
      const { id } = await receive(system(), dischargeCertificate(system()));
      for (const person of [practitioner, representative]) await signAll(system(), person, [id]);
    }
  })();
  const made = await answer(['backup', '--to', backups, '--data', data]);
  ended = true;
  await busy;
  newest = made.folder;
  expect(made).toMatchObject({ alarms: [], secrets: 'plain', archive: { store: 'filesystem', copied: true } });
  expect(readdirSync(backups)).toEqual([made.folder.slice(backups.length + 1)]);
  expect(statSync(made.folder).mode & 0o077).toBe(0);
  expect(await answer(['backup', 'verify', backups])).toMatchObject({ folder: made.folder, digest: made.digest });
}, 180_000);

test('everything wiped and restored: same digests, the archive locked, nothing to find for fsck', async () => {
  await settle(system());
  await stop();
  rmSync(data, { recursive: true });
  const restored = await answer(['restore', '--from', backups, '--data', data]);
  expect(restored).toMatchObject({ from: newest, archive: { found: 0, missing: [] } });
  const checked = await answer(['fsck', '--data', data]);
  expect(checked).toMatchObject({ verdict: 'sound', findings: [], registered: restored.archive.put });

  running = await openAntin(data);
  for (const [id, shown] of before) {
    expect(await look(system(), id)).toEqual(shown);
    expect(sha256Hex(await fetchPdf(system(), id))).toBe(shown.sha256);
  }
  const objects = readFileSync(join(newest, 'archive-objects.jsonl'), 'utf8').trim().split('\n');
  for (const line of objects) {
    const { key, versionId, sha256, retainUntil, lockedUntil } = JSON.parse(line);
    const stored = await readLock(key, versionId);
    expect(stored).toMatchObject({ sha256, hold: false });
    expect(stored.retainUntil >= retainUntil && stored.retainUntil >= lockedUntil).toBe(true);
  }
}, 180_000);

async function readLock(key: string, versionId: string) {
  const locks = join(data, 'archive', 'locks', key);
  const last = readdirSync(locks).sort().at(-1) ?? expect.fail(`no lock for ${key}`);
  expect(key).toContain(versionId);
  return JSON.parse(readFileSync(join(locks, last), 'utf8'));
}

test('the work goes on where it stood: every document of that moment can be signed on and archived', async () => {
  const { hospital } = system();
  await system().antin.runner.drain();
  const { db } = system().antin.database;
  const open = await db.selectFrom('document').select(['id', 'state']).where('state', '!=', 'archived').execute();
  const rendered = open.filter(({ state }) => state === 'rendered').map(({ id }) => id);
  for (const line of await signAll(system(), hospital.practitioner, rendered))
    expect(line).toMatchObject({ signed: true });
  const ids = open.map(({ id }) => id);
  for (const line of await signAll(system(), hospital.representative, ids))
    expect(line).toMatchObject({ signed: true });
  await settle(system());
  await expectArchivedOnce(system(), ids);
}, 180_000);

test('numbers go on after those that were given, and the audit log is one log', async () => {
  const again = await receive(system(), dischargeCertificate(system()));
  expect([...before.keys()]).not.toContain(again.id);
  const { antin: parts, hospital } = system();
  await parts.sequencer.sequence();
  const { publicKey } = await loadLogKey(join(data, 'keys'));
  const verdict = await createLogProofs({ db: parts.database.db, publicKey }).verifyLog(hospital.facility);
  expect(verdict).toMatchObject({ intact: true, findings: [] });
});

test('a later backup lends its archived files from the one before, but not a file that was altered there', async () => {
  const [altered, lent] = filesBelow(join(newest, 'archive'));
  const file = join(newest, 'archive', altered ?? expect.fail('two archived files'));
  await chmod(file, 0o600);
  appendFileSync(file, 'x');
  const { folder: next } = await answer(['backup', '--to', backups, '--data', data]);
  expect(next).not.toBe(newest);
  const inode = (backup: string, path = ''): number => statSync(join(backup, 'archive', path)).ino;
  expect(inode(next, lent)).toBe(inode(newest, lent));
  expect(inode(next, altered)).not.toBe(inode(newest, altered));
  await verifyBackup(next);
  await expect(verifyBackup(newest)).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
    extra: { file: `archive/${altered}` },
  });
  rmSync(newest, { recursive: true });
  newest = next;
});

describe('a damaged backup', () => {
  /** One file of each kind. */
  const kinds = (): string[] => {
    const files = filesBelow(newest);
    const first = (folder: string): string =>
      files.find((path) => path.startsWith(`${folder}/`)) ?? expect.fail(folder);
    return [
      ...[
        'SHA256SUMS',
        'antin-backup.json',
        'archive-objects.jsonl',
        'work-objects.jsonl',
        'database/audit_entry.copy',
      ],
      ...['archive', 'work', 'secrets/keys', 'settings/policies'].map(first),
    ];
  };
  const flipped = (bytes: Uint8Array): Buffer => {
    const changed = Buffer.from(bytes);
    const at = Math.floor(changed.length / 2);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };

  test('is refused with the file named, be it changed, missing, or too many', async () => {
    const away = join(folder.path, 'away');
    for (const path of kinds()) {
      const file = join(newest, path);
      const damaged = { code: 'BACKUP_DAMAGED', extra: { file: path, files: 1 } };
      const sound = readFileSync(file);
      await chmod(file, 0o600);
      writeFileSync(file, flipped(sound));
      await expect(verifyBackup(newest), `${path} changed`).rejects.toMatchObject(damaged);
      await rename(file, away);
      await expect(verifyBackup(newest), `${path} missing`).rejects.toMatchObject(damaged);
      await rename(away, file);
      writeFileSync(file, sound);
    }
    writeFileSync(join(newest, 'work', 'extra'), '');
    await expect(verifyBackup(newest)).rejects.toMatchObject({ extra: { file: 'work/extra', files: 1 } });
    rmSync(join(newest, 'work', 'extra'));
    await verifyBackup(newest);
  }, 180_000);

  test('is refused with all of its files named, when every one of them was changed by a bit', async () => {
    const copy = join(folder.path, 'copy');
    cpSync(newest, copy, { recursive: true });
    const listed = filesBelow(copy).filter((path) => path !== 'SHA256SUMS');
    for (const path of listed) {
      await chmod(join(copy, path), 0o600);
      const sound = readFileSync(join(copy, path));
      writeFileSync(join(copy, path), sound.length === 0 ? 'x' : flipped(sound));
    }
    await expect(verifyBackup(copy)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED', extra: { files: listed.length } });
  });

  test('restores nothing, and says so with the exit code of an alarm', async () => {
    const file = join(newest, 'database', 'document.copy');
    const sound = readFileSync(file);
    writeFileSync(file, sound.subarray(1));
    const target = join(folder.path, 'never');
    expect(await problem(['restore', '--from', backups, '--data', target])).toMatchObject({
      exit: 3,
      code: 'BACKUP_DAMAGED',
      mistakes: [{ path: 'database/document.copy', en: 'changed' }],
    });
    expect(existsSync(target)).toBe(false);
    writeFileSync(file, sound);
  });
});

describe('interrupted', () => {
  test('a backup leaves nothing that looks complete, and the next one sweeps it away', async () => {
    const place = join(folder.path, 'interrupted');
    const unfinished = (): string[] => (existsSync(place) ? readdirSync(place) : []);
    await killWhen(begin(['backup', '--to', place, '--data', data]), () =>
      unfinished().some((name) => existsSync(join(place, name, 'archive-objects.jsonl'))),
    );
    const [left, ...more] = unfinished();
    expect(left).toMatch(/\.unfinished-[0-9a-f]{12}$/);
    expect(more).toEqual([]);
    expect(await problem(['backup', 'verify', place])).toMatchObject({ exit: 4, code: 'BACKUP_NOT_FOUND' });
    expect(await problem(['backup', 'verify', join(place, left ?? '')])).toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    expect(await problem(['restore', '--from', place, '--data', join(folder.path, 'never')])).toMatchObject({
      code: 'BACKUP_NOT_FOUND',
    });
    const { folder: made } = await answer(['backup', '--to', place, '--data', data]);
    expect(unfinished().map((name) => join(place, name))).toEqual([made]);
  }, 180_000);

  test('a restore can be told, is refused to everyone else, and can be run again', async () => {
    const place = join(folder.path, 'half');
    await killWhen(begin(['restore', '--from', newest, '--data', place]), () => existsSync(join(place, 'keys')));
    expect(await problem(['fsck', '--data', place])).toMatchObject({
      exit: 4,
      code: 'RESTORE_UNFINISHED',
      from: newest,
    });
    const other = (await answer(['backup', '--to', join(folder.path, 'other'), '--data', data])).folder;
    expect(await problem(['restore', '--from', other, '--data', place])).toMatchObject({ code: 'RESTORE_UNFINISHED' });
    await answer(['restore', '--from', newest, '--data', place]);
    expect(await answer(['fsck', '--data', place])).toMatchObject({ verdict: 'sound', findings: [] });
  }, 180_000);
});

describe('is refused', () => {
  test('a restore onto what is not empty: a folder, or a database', async () => {
    expect(await problem(['restore', '--from', newest, '--data', data])).toMatchObject({
      exit: 4,
      code: 'RESTORE_TARGET_NOT_EMPTY',
    });
    const url = (await joinServer(join(data, 'db'))) ?? expect.fail('the system runs');
    const rows = () => withSnapshot(url, async ({ tx }) => tx.selectFrom('document').select('id').execute());
    const had = await rows();
    const place = join(folder.path, 'used-database');
    expect(await problem(['restore', '--from', newest, '--data', place], { DATABASE_URL: url })).toMatchObject({
      code: 'DATABASE_NOT_EMPTY',
    });
    expect(await rows()).toEqual(had);
  });

  test('a backup into the folder that it copies', async () => {
    const within = ['backup', '--to', join(data, 'backups'), '--data', data];
    expect(await problem(within)).toMatchObject({ exit: 2, code: 'BACKUP_TARGET_INVALID' });
    expect(await problem(['backup', '--to', newest, '--data', data])).toMatchObject({ code: 'BACKUP_TARGET_INVALID' });
  });
});

test('keys can be sealed: none of them is readable without the passphrase, and with it all are as they were', async () => {
  const phrase = join(folder.path, 'passphrase');
  const sealed = join(folder.path, 'sealed');
  writeFileSync(phrase, 'short\n');
  const seal = ['backup', '--to', sealed, '--data', data, '--passphrase-file', phrase];
  expect(await problem(seal)).toMatchObject({ exit: 2, code: 'PASSPHRASE_WEAK' });
  writeFileSync(phrase, 'chìa khóa két sắt số 7\n');
  expect(await answer(seal)).toMatchObject({ secrets: 'sealed' });
  const secrets = [
    'keys/audit-log.key.pem',
    'demo-hospital.json',
    ...filesBelow(join(data, 'authority')).map((path) => `authority/${path}`),
  ];
  const held = filesBelow(sealed).map((path) => readFileSync(join(sealed, path)));
  for (const path of secrets.filter((name) => /key|hospital/.test(name))) {
    const bytes = readFileSync(join(data, path));
    expect(
      held.some((file) => file.includes(bytes)),
      path,
    ).toBe(false);
  }

  const place = join(folder.path, 'unsealed');
  const restore = ['restore', '--from', sealed, '--data', place];
  expect(await problem(restore)).toMatchObject({ code: 'PASSPHRASE_NEEDED' });
  const wrong = join(folder.path, 'wrong');
  writeFileSync(wrong, 'chìa khóa két sắt số 8\n');
  expect(await problem([...restore, '--passphrase-file', wrong])).toMatchObject({ code: 'PASSPHRASE_WRONG' });
  expect(existsSync(place)).toBe(false);
  await answer([...restore, '--passphrase-file', phrase]);
  for (const path of secrets) expect(readFileSync(join(place, path)), path).toEqual(readFileSync(join(data, path)));
  expect(statSync(join(place, 'keys', 'audit-log.key.pem')).mode & 0o077).toBe(0);
}, 180_000);

test('what is lost in the stores does not stop a backup: it is told, in it and by the exit code', async () => {
  const [path = ''] = filesBelow(join(data, 'archive', 'objects'));
  const file = join(data, 'archive', 'objects', path);
  await mkdir(join(folder.path, 'alarm'));
  await chmod(file, 0o600);
  appendFileSync(file, 'x');
  const said = await antin(['backup', '--to', join(folder.path, 'alarm'), '--data', data, '--json']);
  expect(said.code).toBe(3);
  const { folder: made, alarms } = JSON.parse(said.out);
  expect(alarms).toEqual([{ store: 'archive', key: path, code: 'DIGEST_MISMATCH' }]);
  expect((await antin(['backup', 'verify', made])).code).toBe(3);
  const place = join(folder.path, 'lacking');
  expect(await problem(['restore', '--from', made, '--data', place])).toMatchObject({
    exit: 3,
    code: 'RESTORE_OBJECTS_MISSING',
  });
  expect((await antin(['restore', '--from', made, '--data', place, '--accept-missing'])).code).toBe(3);
  const found = await antin(['fsck', '--data', place, '--json']);
  expect(JSON.parse(found.out)).toMatchObject({ verdict: 'alarm', findings: [{ problem: 'missing', key: path }] });
}, 180_000);
