import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * `scripts/antin.mjs` builds what is stale and hands over. Tried on a checkout of its own with a tiny `src/`, so that nothing here
 * depends on the product or disturbs its `dist/`.
 */
const root = dirname(import.meta.dirname);
let checkout = '';

const main = `if (process.argv[2] === 'wait') {
  setInterval(() => undefined, 1000);
  process.on('SIGTERM', () => process.exit(7));
}
console.log('ready', process.argv.slice(2).join(' '));
`;

beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'antin-bin-'));
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']) {
    await copyFile(join(root, file), join(checkout, file));
  }
  await cp(join(root, 'scripts'), join(checkout, 'scripts'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
  await mkdir(join(checkout, 'src', 'forms'), { recursive: true });
  await writeFile(join(checkout, 'src', 'main.ts'), main);
  await writeFile(join(checkout, 'src', 'forms', 'letter.typ'), '= A letter\n');
  await writeFile(join(checkout, 'src', 'forms', 'rules.ts'), 'export const days = 1;\n');
});
afterAll(() => rm(checkout, { recursive: true, force: true }));

function antin(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(checkout, 'scripts', 'antin.mjs'), ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const exists = (path: string) =>
  access(join(checkout, path)).then(
    () => true,
    () => false,
  );

const hasSaid = (child: ChildProcess, text: string) =>
  new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes(text)) resolve();
    });
    child.on('exit', () => reject(new Error(`It ended without saying ${text}: ${said}`)));
  });

describe('the antin command', () => {
  test('builds at its first run, copies what is not TypeScript, and is quiet about it on standard output', async () => {
    const first = await antin('one', 'two');
    expect(first).toMatchObject({ code: 0, stdout: 'ready one two\n' });
    expect(first.stderr).toMatch(/^antin: built dist\/ in /);
    expect(await exists('dist/src/forms/letter.typ')).toBe(true);
    expect(await exists('dist/src/forms/rules.js')).toBe(true);
  });

  test('does not build again while nothing changed', async () => {
    expect(await antin()).toEqual({ code: 0, stdout: 'ready \n', stderr: '' });
  });

  test('builds again after a change, forgets what is gone, and takes over the lock of a killed build', async () => {
    await rm(join(checkout, 'src', 'forms'), { recursive: true });
    await mkdir(join(checkout, 'dist', '.lock'));
    await writeFile(join(checkout, 'dist', '.lock', 'pid'), '999999999');
    expect((await antin()).stderr).toMatch(/built dist/);
    expect(await exists('dist/src/forms/letter.typ')).toBe(false);
    expect(await exists('dist/src/forms/rules.js')).toBe(false);
  });

  test('two first runs at once build once and both go on', async () => {
    await rm(join(checkout, 'dist'), { recursive: true });
    const runs = await Promise.all([antin('a'), antin('b')]);
    expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, 'ready a\n'],
      [0, 'ready b\n'],
    ]);
    expect(runs.filter(({ stderr }) => stderr !== '')).toHaveLength(1);
  });

  test('says what does not compile, runs nothing, and ends with 4', async () => {
    await writeFile(join(checkout, 'src', 'main.ts'), 'const wrong: number = "text";\n');
    const broken = await antin();
    expect(broken).toMatchObject({ code: 4, stdout: '' });
    expect(broken.stderr).toContain('src/main.ts(1,7)');
    await writeFile(join(checkout, 'src', 'main.ts'), main);
    expect(await antin('again')).toEqual({ code: 0, stdout: 'ready again\n', stderr: '' });
  });

  test('passes a signal on and ends as the command ended', async () => {
    const child = spawn(process.execPath, [join(checkout, 'scripts', 'antin.mjs'), 'wait']);
    await hasSaid(child, 'ready wait');
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([7, null]);
  });
});
