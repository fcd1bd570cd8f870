/** docs/api-guide.md followed to the letter in one shell, as an integrator would: every block against a fresh demo, with curl and openssl. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newcomerEnvironment } from '../support/newcomer.ts';

const env = newcomerEnvironment();
let folder = '';
let port = 0;
let server: ReturnType<typeof spawn> | undefined;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antin-api-guide-'));
  await symlink(resolve('samples'), join(folder, 'samples'));
  port = await freePort();
  const child = spawn(
    process.execPath,
    ['scripts/antin.mjs', 'start', '--port', String(port), '--data', join(folder, 'data'), '--json'],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  server = child;
  await new Promise<void>((ready, failed) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('"ready":true')) ready();
    });
    child.once('exit', (code) => failed(new Error(`antin start ended with ${code}: ${said}`)));
  });
}, 180_000);

afterAll(async () => {
  if (server !== undefined && server.exitCode === null) {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

test('every block of the guide works as it stands', async () => {
  const guide = await readFile('docs/api-guide.md', 'utf8');
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
  const script = blocks.join('\n').replace('http://127.0.0.1:8080', `http://127.0.0.1:${port}`);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env });
  const [state, replayed, upload, turn, completed, session, archived, stated, digest, verdict, problem, ...more] =
    stdout.trim().split('\n');
  expect(state).toBe('rendered');
  expect(replayed).toContain('idempotency-replayed: true');
  expect(upload).toBe('signed, INDETERMINATE');
  expect(turn).toMatch(/^NguoiHanhNghe, rsa-pss, SHA-256$/);
  expect(completed).toContain('"level":"B-T","timestampOwed":false');
  expect(session).toContain('"signed":true,"field":"DaiDienDonVi"');
  expect(archived).toBe('["B-LTA",0,[],"31/12/2036"]');
  expect(stated?.trim()).toBe(`content-digest: sha-256=:${digest}:`);
  expect(verdict).toBe('TOTAL-PASSED');
  expect(problem).toMatch(/^422 \| CONTENT_INVALID \| \d+ \| \/content\/recordNumber \| Thiếu thông tin bắt buộc$/);
  expect(more).toEqual([]);
}, 120_000);
