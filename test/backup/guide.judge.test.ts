/**
 * docs/backup.md followed to the letter by an administrator: backup beside the running system with documents in several states,
 * everything wiped, everything restored, and the work goes on.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DemoHospital } from '../../src/cli/demo-hospital.ts';
import { sha256Hex } from '../../src/shared/index.ts';
import { temporaryFolder } from '../support/database.ts';
import type { SessionLine, Shown } from '../support/journey.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';

const env = newcomerEnvironment();
const folder = temporaryFolder();
const data = join(folder.path, 'data');
let server: ReturnType<typeof spawn> | undefined;
let url = '';
let hospital: DemoHospital;

/** The folder of the program, as far as commands see it. */
beforeAll(async () => {
  await mkdir(join(folder.path, 'node_modules', '.bin'), { recursive: true });
  await writeFile(join(folder.path, 'package.json'), '{ "name": "guide", "private": true }');
  await symlink(resolve('scripts/antin.mjs'), join(folder.path, 'node_modules', '.bin', 'antin'));
  await start();
}, 300_000);
afterAll(async () => {
  await end();
  folder.remove();
}, 60_000);

async function start(): Promise<void> {
  const child = spawn(
    process.execPath,
    [resolve('scripts/antin.mjs'), 'start', '--port', '0', '--data', data, '--json'],
    {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  server = child;
  let said = '';
  await new Promise<void>((ready, failed) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('"ready":true')) ready();
    });
    child.once('exit', (code) => failed(new Error(`antin start ended with ${code}: ${said}`)));
  });
  ({ url } = JSON.parse(said));
  hospital = JSON.parse(await readFile(join(data, 'demo-hospital.json'), 'utf8'));
}

async function end(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}

async function ask(method: string, path: string, key: string, json?: object): Promise<Response> {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const answer = await fetch(`${url}${path}`, {
    method,
    headers,
    body: json === undefined ? null : JSON.stringify(json),
  });
  expect(answer.status, await answer.clone().text()).toBeLessThan(300);
  return answer;
}

let handedIn = 0;
async function handIn(): Promise<string> {
  handedIn += 1;
  const sample = JSON.parse(await readFile('samples/discharge-certificate.json', 'utf8'));
  const number = `26.8${String(handedIn).padStart(6, '0')}`;
  const sent = {
    ...sample,
    record: { ...sample.record, number },
    content: { ...sample.content, recordNumber: number },
  };
  return ((await (await ask('POST', '/v1/documents', hospital.keys.intake, sent)).json()) as Shown).id;
}

async function sign(person: DemoHospital['practitioner'], id: string): Promise<void> {
  const json = { credential: person.credential, pin: person.pin, documents: [{ id }] };
  const { results } = (await (await ask('POST', '/v1/sessions', person.apiKey, json)).json()) as {
    results: SessionLine[];
  };
  expect(results).toMatchObject([{ signed: true }]);
}

const look = async (id: string): Promise<Shown> =>
  (await ask('GET', `/v1/documents/${id}`, hospital.keys.admin)).json();

async function pdfDigest(id: string): Promise<string> {
  const answer = await ask('GET', `/v1/documents/${id}/pdf`, hospital.keys.admin);
  return sha256Hex(new Uint8Array(await answer.arrayBuffer()));
}

async function untilArchived(id: string): Promise<Shown> {
  for (;;) {
    const shown = await look(id);
    if (shown.state === 'archived') return shown;
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** Blocks of one language by the heading they stand under. */
async function blocks(language: string): Promise<Map<string, string>> {
  const guide = await readFile('docs/backup.md', 'utf8');
  const part = guide.split(/^## /m).find((text) => text.startsWith(language)) ?? expect.fail(language);
  return new Map(
    part
      .split(/^### /m)
      .map((section): [string, string] => {
        const commands = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]);
        return [section.slice(0, section.indexOf('\n')), commands.join('')];
      })
      .filter(([, commands]) => commands !== ''),
  );
}

async function follow(commands = ''): Promise<string> {
  expect(commands).not.toBe('');
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder.path, env });
  return stdout;
}

test('both languages give the same commands', async () => {
  expect([...(await blocks('English')).values()]).toEqual([...(await blocks('Tiếng Việt')).values()]);
});

test('backup, second medium, rehearsal, wipe, restore; same digests, and a document in signing is signed on and archived', async () => {
  const { practitioner, representative } = hospital;
  const archived = await handIn();
  for (const person of [practitioner, representative]) await sign(person, archived);
  await untilArchived(archived);
  const half = await handIn();
  await sign(practitioner, half);
  const fresh = await handIn();
  const before = new Map<string, Shown>();
  for (const id of [archived, half, fresh]) before.set(id, await look(id));

  const guide = await blocks('English');
  await follow(guide.get('Every day'));
  const rehearsed = await follow(guide.get('A rehearsal every quarter'));
  expect(rehearsed).toContain('khớp 1: sound');
  expect(existsSync(join(folder.path, 'rehearsal'))).toBe(false);

  await end();
  await rm(data, { recursive: true });
  const restored = await follow(guide.get('When the machine is lost'));
  expect(restored).toContain('khớp 1: sound');
  expect(restored).toContain('nguyên vẹn (intact)');

  await start();
  for (const [id, shown] of before) {
    expect(await look(id)).toEqual(shown);
    expect(await pdfDigest(id)).toBe(shown.sha256);
  }
  await sign(representative, half);
  expect(await untilArchived(half)).toMatchObject({ level: 'B-LTA' });
}, 400_000);
