/** systemd's own program opens the port and hands it over: what came before the process was ready is answered by it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePorts } from '../../scripts/services/index.ts';
import { heldSocket } from '../../src/config.ts';
import { temporaryFolder } from '../support/database.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';

const folder = temporaryFolder();

test('antin start serves at the socket that it is handed', async () => {
  const [port] = await freePorts(1);
  const command = ['--import', './test/support/source-process.ts', 'src/main.ts', 'start', '--port', '1', '--json'];
  const data = ['--data', join(folder.path, 'data')];
  const activated = spawn(
    'systemd-socket-activate',
    [`--listen=127.0.0.1:${port}`, process.execPath, ...command, ...data],
    { env: newcomerEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    // It says that it listens, and starts the program at the first connection: this one.
    await once(activated.stderr, 'data');
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  } finally {
    activated.kill('SIGTERM');
    if (activated.exitCode === null) await once(activated, 'exit');
  }
  expect(activated.exitCode).toBe(0);
}, 120_000);

test('a socket that is meant for another process is left alone; several are refused', () => {
  expect(heldSocket({}, 7)).toBeUndefined();
  expect(heldSocket({ LISTEN_PID: '8', LISTEN_FDS: '1' }, 7)).toBeUndefined();
  expect(heldSocket({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7)).toBe(3);
  expect(() => heldSocket({ LISTEN_PID: '7', LISTEN_FDS: '2' }, 7)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});
