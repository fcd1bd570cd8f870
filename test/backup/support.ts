/** The program as a person runs it, and what backups of it look like. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { newcomerEnvironment } from '../support/newcomer.ts';

const PROGRAM = [
  '--import',
  join(import.meta.dirname, '../support/source-process.ts'),
  join(import.meta.dirname, '../../src/main.ts'),
];

/** What Node made of the sources, for the next process. */
const COMPILED = join(tmpdir(), `antin-test-compiled-${process.getuid?.() ?? 0}`);

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts `antin …` from its sources, with none of this test run's own settings. */
export function begin(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [...PROGRAM, ...args], {
    env: { ...newcomerEnvironment(), LOG_LEVEL: 'error', NODE_COMPILE_CACHE: COMPILED, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs `antin …` to its end. */
export async function antin(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const child = begin(args, env);
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

/** The one JSON line that a command answers with; fails with what it said instead. */
export async function answer(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const said = await antin([...args, '--json'], env);
  if (said.code !== 0) throw new Error(`antin ${args.join(' ')} ended with ${said.code}: ${said.err}`);
  return JSON.parse(said.out);
}

/** The problem that a command ends with. */
export async function problem(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const said = await antin([...args, '--json'], env);
  if (said.code === 0) throw new Error(`antin ${args.join(' ')} did not fail: ${said.out}`);
  return { exit: said.code, ...JSON.parse(said.err).error };
}

/** Kills with SIGKILL as soon as `when` is true; fails if the process ended before. */
export async function killWhen(child: ChildProcess, when: () => boolean): Promise<void> {
  const ended = once(child, 'exit');
  while (child.exitCode === null && !when()) await new Promise((done) => setTimeout(done, 2));
  if (child.exitCode !== null) throw new Error('it ended before it could be killed');
  child.kill('SIGKILL');
  await ended;
}

/**
 * A folder packed into one file: Brotli over a line of JSON (`[[path, size], …]`) and the files one after the other. Revisions of a
 * document are prefixes of each other, so this takes a tenth of their size.
 */
export function unpack(file: string, folder: string): void {
  const bytes = brotliDecompressSync(readFileSync(file));
  const end = bytes.indexOf(0x0a);
  let at = end + 1;
  for (const [path, size] of JSON.parse(bytes.subarray(0, end).toString('utf8')) as [string, number][]) {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes.subarray(at, at + size));
    at += size;
  }
}
