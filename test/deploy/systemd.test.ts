/** The units and the administrator's command of an installation without containers. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/database.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

test('migrating anew stops no process: nothing is bound to the migration', () => {
  for (const name of ['antin-api@', 'antin-worker@']) {
    const unit = readFileSync(`deploy/systemd/${name}.service`, 'utf8');
    expect(unit).toMatch(/^Wants=antin-migrate\.service$/m);
    expect(unit).toMatch(/^After=antin-migrate\.service/m);
    // systemd.unit(5): a unit that requires another one is stopped or restarted with it.
    expect(unit).not.toMatch(/^(Requires|Requisite|BindsTo|PartOf)=.*antin-migrate/m);
  }
});

test.runIf(process.getuid?.() === 0)(
  'the command has the settings, the secrets and the account of the processes, and shows no secret to others',
  () => {
    const at = (path: string) => join(folder.path, path);
    mkdirSync(at('etc/secrets'), { recursive: true });
    mkdirSync(at('opt/node_modules/node/bin'), { recursive: true });
    chmodSync(folder.path, 0o711);
    writeFileSync(
      at('etc/antin.env'),
      [
        '# A comment = nothing',
        'MODE=legal',
        'SOFTWARE_KEYS_ACCEPTED_BY=BS. Nguyễn Văn Mẫu',
        'PUBLIC_BASE_URL="https://antin.benhvien.example"',
        "TSA_URLS='http://tsa.example/a?b=$c'",
        '#KEYS_DIR=/elsewhere',
        '',
      ].join('\n'),
    );
    writeFileSync(at('etc/secrets/database_url'), 'postgres://antin:secret@127.0.0.1/antin\n', { mode: 0o600 });
    const node = at('opt/node_modules/node/bin/node');
    writeFileSync(node, `#!/bin/sh\nid -un\nenv\ntr '\\0' ' ' </proc/$$/cmdline\n`, { mode: 0o755 });
    const script = readFileSync('deploy/systemd/antin-command', 'utf8')
      .replace('settings=/etc/antin', `settings=${at('etc')}`)
      .replace('program=/opt/antin', `program=${at('opt')}`)
      .replaceAll(
        /--re([ug]id) antin/g,
        (_, which: string) => `--re${which} ${which === 'uid' ? 'nobody' : 'nogroup'}`,
      );
    writeFileSync(at('antin'), script, { mode: 0o755 });
    const said = execFileSync(at('antin'), ['key', 'list', '--facility', '00001'], { encoding: 'utf8' }).split('\n');
    expect(said).toEqual(
      expect.arrayContaining([
        'nobody',
        'MODE=legal',
        'SOFTWARE_KEYS_ACCEPTED_BY=BS. Nguyễn Văn Mẫu',
        'PUBLIC_BASE_URL=https://antin.benhvien.example',
        'TSA_URLS=http://tsa.example/a?b=$c',
        'DATABASE_URL=postgres://antin:secret@127.0.0.1/antin',
        'DATA_DIR=/var/lib/antin',
        'KEYS_DIR=/var/lib/antin/keys',
      ]),
    );
    const command = said.at(-1) ?? '';
    expect(command).toContain('main.js key list --facility 00001');
    expect(command).not.toContain('secret@');
  },
);
