/**
 * `npm run bench`: builds `dist/` when it is stale and measures (`bench/main.ts`) on the pinned Node.
 * Options: `--short` (own signing only, for CI), `--json FILE`, `--seconds N`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  const ms = ensureBuilt();
  if (ms > 0) console.error(`bench: built dist/ in ${(ms / 1000).toFixed(1)} s`);
} catch (error) {
  console.error(error.message);
  process.exit(4);
}

/** The Node that `npm ci` brought: figures of another one are another program's. */
const pinned = ['node', 'node.exe']
  .map((name) => join(root, 'node_modules', 'node', 'bin', name))
  .find((file) => existsSync(file));
const { status } = spawnSync(
  pinned ?? process.execPath,
  ['--expose-gc', join(root, 'dist', 'bench', 'main.js'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 4;
