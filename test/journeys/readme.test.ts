/**
 * README followed to the letter on a fresh copy: every fenced command block is run as it stands, in order. Then what a restless
 * administrator does: a second start beside the first, kill -9 of everything, a start on the same data.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newcomerEnvironment } from '../support/newcomer.ts';

const run = promisify(execFile);
const env = newcomerEnvironment();

/** `npm ci` with an empty cache on a slow line, and a build. */
const READY_MS = 400_000;
const STOP_MS = 60_000;

let folder = '';
let blocks: string[] = [];
let server: ReturnType<typeof start> | undefined;

function start(command: string) {
  const child = spawn('bash', ['-c', command], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const ready = new Promise<void>((resolve, reject) => {
    setTimeout(
      () => reject(new Error(`${command} is not ready after ${READY_MS / 1000} s:\n${output}`)),
      READY_MS,
    ).unref();
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Ctrl+C')) resolve();
      });
    }
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${output}`)));
  });
  const signal = (name: NodeJS.Signals) => process.kill(-(child.pid ?? 0), name);
  return { child, ready, signal, output: () => output };
}

async function stop(name: NodeJS.Signals): Promise<void> {
  if (server === undefined || server.child.exitCode !== null || server.child.signalCode !== null) return;
  server.ready.catch(() => undefined);
  const ended = once(server.child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
  server.signal(name);
  await ended.catch((cause) => {
    throw new Error(`still runs after ${name}:\n${server?.output()}`, { cause });
  });
}

const bash = async (block: string): Promise<string> =>
  (await run('bash', ['-euo', 'pipefail', '-c', block], { cwd: folder, env, timeout: 120_000 })).stdout;

async function fetchPdf(): Promise<{ status: number; sha256: string }> {
  const hospital = JSON.parse(await readFile(join(folder, 'data', 'demo-hospital.json'), 'utf8'));
  const { id } = JSON.parse(await readFile(join(folder, 'received.json'), 'utf8'));
  const headers = { authorization: `Bearer ${hospital.keys.recordsOfficer}` };
  const answer = await fetch(`http://127.0.0.1:8080/v1/documents/${id}/pdf`, { headers });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, sha256: createHash('sha256').update(bytes).digest('hex') };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antin-readme-'));
  const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard', '-z']);
  for (const file of stdout.split('\0').filter(Boolean)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(file, join(folder, file)).catch(() => undefined);
  }
  const readme = await readFile(join(folder, 'README.md'), 'utf8');
  blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]?.trim() ?? '');
}, 60_000);

afterAll(async () => {
  await stop('SIGKILL').catch(() => undefined);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

test('the set-up is two commands, and the second one is what CI runs', async () => {
  expect(blocks[0]).toBe('npm ci && npm start');
  expect(blocks.at(-1)).toBe('npm ci && npm run test:all');
  const ci = await readFile('.ci/run', 'utf8');
  expect(ci).toContain('npm ci');
  expect(ci).toMatch(/npm run (--silent )?test:all/);
});

test('every block works as it stands; the data survives kill -9', async () => {
  server = start(blocks[0] ?? '');
  await server.ready;
  expect(server.output()).toContain('antin_');

  const said: string[] = [];
  for (const block of blocks.slice(1, -1)) said.push(await bash(block));
  expect(said[0]).toMatch(/^[0-9a-f-]{36} rendered$/m);
  expect(said[1]?.match(/"signed":true/g)).toHaveLength(2);
  expect(said[2]).toContain('B-LTA, 31/12/2036, Thông tư 33/2025/TT-BYT');
  expect(said[2]).toContain('Hợp lệ (TOTAL-PASSED)');
  const before = await fetchPdf();
  expect(before.status).toBe(200);

  // A second start on the same data is refused, and says which process holds it.
  const second = await run('bash', ['-c', 'npx antin start --port 8081'], { cwd: folder, env }).catch((error) => error);
  expect(second.code).toBe(4);
  expect(second.stderr).toMatch(/DATA_DIR_IN_USE.*\d+/);

  await stop('SIGKILL');
  server = start('npm start');
  await server.ready;
  expect(await fetchPdf()).toEqual(before);
  await stop('SIGTERM');
}, 900_000);
