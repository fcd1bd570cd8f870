/**
 * Builds `dist/` from `src/`, `workers/` and `bench/`, only when a source changed since the last build.
 *
 * `node scripts/build.mjs` builds when stale and prints one line. `ensureBuilt()` does the same for the bin and is silent when
 * there is nothing to do. What is not TypeScript (templates, styles, YAML) is copied beside the compiled module that reads it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stampFile = join(dist, '.stamp.json');
const lockDir = join(dist, '.lock');
const sourceFolders = ['src', 'workers', 'bench'];
const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];

const isTypeScript = (file) => /\.tsx?$/.test(file);

/** Every regular file below a folder, as full paths, in a stable order. */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const sources = () => [
  ...sourceFolders.flatMap((name) => filesBelow(join(root, name))),
  ...settings.map((s) => join(root, s)),
];

/** Changes whenever a file is touched; costs one `stat` a file. */
function quickMark(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${relative(root, file)}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

/** Changes only when a content changes: a fresh clone or a copied image with its `dist/` is not stale. */
function contentMark(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}

/** True when `dist/` holds what the sources say. A deployment without sources is always fresh. */
function isFresh() {
  if (!existsSync(join(root, 'src')) && existsSync(dist)) return true;
  const stamp = readStamp();
  const files = sources();
  const quick = quickMark(files);
  if (stamp.quick === quick) return true;
  if (stamp.content === undefined || stamp.content !== contentMark(files)) return false;
  writeFileSync(stampFile, JSON.stringify({ ...stamp, quick }));
  return true;
}

const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Runs `work` while no other process builds; a lock whose owner died is taken over. */
function withBuildLock(work) {
  const ownerFile = join(lockDir, 'pid');
  for (;;) {
    try {
      mkdirSync(dist, { recursive: true });
      mkdirSync(lockDir);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!ownerLives(ownerFile)) rmSync(lockDir, { recursive: true, force: true });
      else sleep(100);
    }
  }
  try {
    writeFileSync(ownerFile, String(process.pid));
    return work();
  } finally {
    rmSync(lockDir, { recursive: true, force: true });
  }
}

function ownerLives(ownerFile) {
  try {
    // Between mkdir and the pid being written the lock has no name yet: give its owner a moment.
    if (!existsSync(ownerFile)) return Date.now() - statSync(lockDir).mtimeMs < 5000;
    process.kill(Number(readFileSync(ownerFile, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function compile() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler))
    throw new Error('The sources changed but TypeScript is not installed: run `npm ci` first.');
  if (readStamp().settings !== contentMark(settings.map((s) => join(root, s)))) emptyDist();
  const run = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--pretty', 'false'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`The build failed:\n${run.stdout}${run.stderr}`);
}

/** Other settings may give every output another form: start from nothing, but keep the lock. */
function emptyDist() {
  for (const name of readdirSync(dist))
    if (name !== '.lock') rmSync(join(dist, name), { recursive: true, force: true });
}

/** Copies what tsc does not, and removes the output of sources that are gone. */
function matchAssets() {
  const expected = new Set();
  for (const file of sourceFolders.flatMap((name) => filesBelow(join(root, name)))) {
    const target = join(dist, relative(root, file));
    if (isTypeScript(file)) {
      const stem = target.replace(/\.tsx?$/, '');
      for (const end of ['.js', '.js.map', '.d.ts']) expected.add(stem + end);
      continue;
    }
    expected.add(target);
    const { mtime, mtimeMs, size } = statSync(file);
    const there = statSync(target, { throwIfNoEntry: false });
    if (there?.size === size && there.mtimeMs === mtimeMs) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
    utimesSync(target, mtime, mtime);
  }
  for (const file of sourceFolders.flatMap((name) => filesBelow(join(dist, name))))
    if (!expected.has(file)) rmSync(file);
}

/**
 * Makes `dist/` match the sources. Returns the milliseconds the build took, or 0 when it was fresh.
 * Throws with the compiler's messages when the sources do not compile; the stamp is then left stale.
 */
export function ensureBuilt() {
  if (isFresh()) return 0;
  return withBuildLock(() => {
    if (isFresh()) return 0;
    const started = performance.now();
    const files = sources();
    const stamp = {
      quick: quickMark(files),
      content: contentMark(files),
      settings: contentMark(settings.map((s) => join(root, s))),
    };
    compile();
    matchAssets();
    writeFileSync(stampFile, JSON.stringify(stamp));
    return performance.now() - started;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const ms = ensureBuilt();
    console.log(ms === 0 ? 'dist/ is up to date' : `built dist/ in ${(ms / 1000).toFixed(1)} s`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
