/** The mark of a restore that is under way: whoever opens the folder is refused, and the same restore may be run again. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { markRestore, refuseUnfinishedRestore, removeMark } from '../../src/platform/backup/restore-mark.ts';
import { newId } from '../../src/shared/index.ts';
import { temporaryFolder } from '../support/database.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const mark = { backup: newId(new Date()), from: '/media/backups/2026-11-27T22-15-00Z' };
const other = { ...mark, backup: newId(new Date(0)) };

test('a marked folder is opened by nobody, is filled again from the same backup, and from no other', async () => {
  const data = join(folder.path, 'data');
  await markRestore(data, [], mark);
  expect(() => refuseUnfinishedRestore(data)).toThrow(expect.objectContaining({ code: 'RESTORE_UNFINISHED' }));
  writeFileSync(join(data, 'half-done'), 'x');
  await markRestore(data, [], mark);
  await expect(markRestore(data, [], other)).rejects.toMatchObject({
    code: 'RESTORE_UNFINISHED',
    extra: { from: mark.from },
  });
  await removeMark(data);
  expect(() => refuseUnfinishedRestore(data)).not.toThrow();
  await expect(markRestore(data, [], mark)).rejects.toMatchObject({ code: 'RESTORE_TARGET_NOT_EMPTY' });
});

test('a mark that was cut short while it was written holds nobody up but who would open the folder', async () => {
  const data = join(folder.path, 'cut');
  mkdirSync(data);
  for (const written of ['', '{"backup":"']) {
    writeFileSync(join(data, 'restore-unfinished.json'), written);
    expect(() => refuseUnfinishedRestore(data)).toThrow(expect.objectContaining({ code: 'RESTORE_UNFINISHED' }));
    await markRestore(data, [], mark);
    await markRestore(data, [], mark);
    await removeMark(data);
  }
  expect(existsSync(join(data, 'restore-unfinished.json'))).toBe(false);
});
