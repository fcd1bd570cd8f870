/** What a first start most often meets: the port belongs to another program. It is said in plain words, and nothing stays behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/database.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
let taken: Server;
let port = '';

beforeAll(async () => {
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  port = String((taken.address() as AddressInfo).port);
});
afterAll(() => {
  taken.close();
  rmSync(folder.path, { recursive: true, force: true });
});

async function start(args: readonly string[], env: Record<string, string> = {}) {
  const main = ['--import', './test/support/source-process.ts', 'src/main.ts', 'start', '--data', data, '--json'];
  const child = spawn(process.execPath, [...main, ...args], {
    env: { ...newcomerEnvironment(), LOG_LEVEL: 'error', ...env },
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { stdout, stderr, code };
}

test('the process says which port is taken, and ends with everything that it had begun', async () => {
  const { stdout, stderr, code } = await start(['--port', port], { METRICS_PORT: '0' });
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(JSON.parse(stderr).error).toMatchObject({
    code: 'PORT_UNAVAILABLE',
    vi: `Không mở được cổng 127.0.0.1:${port} (EADDRINUSE)`,
    en: `The port 127.0.0.1:${port} cannot be opened (EADDRINUSE)`,
  });
  expect(existsSync(join(data, 'db', 'postmaster.pid'))).toBe(false);
}, 120_000);
