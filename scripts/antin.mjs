#!/usr/bin/env node
/**
 * The `antin` command: makes sure that the pinned Node runs it and that `dist/` is built, then hands over to `src/main.ts`.
 * An older Node (the machine's own) starts the one that `npm ci` brought, passes signals on and ends as it ended.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(import.meta.url);
const root = dirname(dirname(script));
const oldestMajor = 24;

function runOnPinnedNode() {
  const folder = join(root, 'node_modules', 'node', 'bin');
  const node = ['node', 'node.exe'].map((name) => join(folder, name)).find((file) => existsSync(file));
  if (node === undefined) {
    console.error(
      `antin needs Node ${oldestMajor} or newer; this is ${process.version}. \`npm ci\` brings the right one.`,
    );
    process.exit(4);
  }
  // The channel lets the child notice when this process dies without being able to pass a signal on.
  const child = spawn(node, [...process.execArgv, script, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal sends Ctrl-C to the whole group: passing it on as well would look like an impatient second one.
  const fromTerminal = process.stdin.isTTY === true;
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
  for (const signal of ['SIGINT', 'SIGQUIT']) process.on(signal, () => fromTerminal || child.kill(signal));
  child.on('error', (error) => {
    console.error(`antin could not start ${node}: ${error.message}`);
    process.exit(4);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

async function run() {
  if (process.channel) {
    process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
    process.channel.unref();
  }
  const { enableCompileCache } = await import('node:module');
  const { ensureBuilt } = await import('./build.mjs');
  try {
    const ms = ensureBuilt();
    if (ms > 0) console.error(`antin: built dist/ in ${(ms / 1000).toFixed(1)} s`);
  } catch (error) {
    console.error(error.message);
    process.exit(4);
  }
  enableCompileCache(join(root, 'dist', '.compile-cache'));
  await import('../dist/src/main.js');
}

if (Number.parseInt(process.versions.node, 10) < oldestMajor) runOnPinnedNode();
else await run();
