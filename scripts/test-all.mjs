/**
 * Everything that must hold before a change lands: `npm run test:all`. Installs the outside judges while the quick checks run, then
 * lets the judges judge. Ends with one line, `N passed, N failed`, that counts every test and every gate.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellTable } from './cell-table.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'antin-test-all-'));
const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
  CI_JUDGES: 'required', // a test that needs an outside judge may not skip itself
  NO_COLOR: '1',
};
delete env.FORCE_COLOR;
const begun = performance.now();
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const tally = { passed: 0, failed: 0, skipped: 0 };
const complaints = [];
/** Of every project and file, for the table of cells. */
const rows = [];

/** Runs a command to its end. Returns its exit code and what it said; `live` shows it as it comes. */
function run(command, args, live = false) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: live ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: 1, output: `${command}: ${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function fail(name, detail = '') {
  tally.failed += 1;
  complaints.push(name);
  if (detail.trim()) console.log(detail.trimEnd().replaceAll(/^/gm, '    '));
}

/** One command that must end well: counts as one test. */
async function gate(name, command, args) {
  const started = performance.now();
  const { code, output } = await run(command, args);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds(started)})`);
  if (code === 0) tally.passed += 1;
  else fail(name, output);
  return { ok: code === 0, output };
}

/**
 * The vitest projects of that name: counts every test, a file that could not be loaded as one failure, and an error outside any
 * test too.
 */
async function tests(project, pattern = project) {
  const started = performance.now();
  const report = join(scratch, `${project}.json`);
  env.ANTIN_PROJECT_REPORT = join(scratch, `${project}.projects.json`);
  const reporters = ['default', 'json', './scripts/project-reporter.mjs'].map((name) => `--reporter=${name}`);
  const { code } = await run(
    'vitest',
    // Whole systems with real clocks: a test may have a second try, and is named if it needed it.
    ['run', '--project', pattern, '--retry=1', ...reporters, `--outputFile.json=${report}`],
    true,
  );
  if (existsSync(env.ANTIN_PROJECT_REPORT)) rows.push(...JSON.parse(readFileSync(env.ANTIN_PROJECT_REPORT, 'utf8')));
  const before = { ...tally };
  if (existsSync(report)) countReport(JSON.parse(readFileSync(report, 'utf8')));
  if (code !== 0 && tally.failed === before.failed) fail(`${project} tests: vitest ended with ${code}`);
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((key) => tally[key] - before[key]);
  console.log(
    `${failed === 0 ? '✓' : '✗'} ${project} tests: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds(started)})`,
  );
}

function countReport({ testResults }) {
  for (const { name, status, message, assertionResults } of testResults) {
    const file = relative(root, name);
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) fail(file, message);
    for (const test of assertionResults) {
      if (test.status === 'passed') tally.passed += 1;
      else if (test.status === 'failed') fail(`${file} › ${test.fullName}`);
      else tally.skipped += 1;
    }
  }
}

console.log('Installing the outside judges and the services meanwhile (what is there already stays).');
// Built from source, in minutes, once a machine: begun first, and waited for last.
const minioBuilt = run('node', ['scripts/services/install.ts', 'minio']);
const judgesInstalled = run('node', ['scripts/judges/install.mjs']);
// Two at once would quarrel over apt's lists.
const servicesInstalled = judgesInstalled.then(() =>
  run('node', ['scripts/services/install.ts', 'postgres', 'redis', 'caddy', 'faketime', 'seaweedfs', 'ceph']),
);

await Promise.all([
  gate('typecheck', 'tsc', ['--noEmit']),
  gate('biome', 'biome', ['check', '.']).then(() => gate('architecture', 'node', ['scripts/check-architecture.mjs'])),
]);
await Promise.all([gate('knip', 'knip', ['--no-progress']), gate('build', 'node', ['scripts/build.mjs'])]);
const audit = await gate('audit', 'node', ['scripts/audit.ts']);
// Also when nobody answered: that is no failure, but nobody should take it for an audit.
if (audit.ok) console.log(`    ${audit.output.trim()}`);
await tests('quick');

for (const [name, installing] of [
  ['outside judges', judgesInstalled],
  ['services', servicesInstalled],
  ['MinIO', minioBuilt],
]) {
  const { code, output } = await installing;
  console.log(output.trimEnd());
  if (code === 0) tally.passed += 1;
  else fail(name);
}
await tests('cells', 'cell *');
await tests('judges');

const { lines, empty } = cellTable(rows);
console.log(['', 'The same stories in every cell:', ...lines, ''].join('\n'));
for (const cell of empty) fail(`no test passed in the cell ${cell}`);
if (empty.length === 0) tally.passed += 1;

// Every fault once, always in the same waves; `npm run chaos` alone draws new ones.
const plan = ['--documents', '200', '--seed', '1448892048', '--demand-all'];
const chaos = await gate('chaos', 'node', ['scripts/chaos/main.ts', ...plan]);
if (chaos.ok) console.log(chaos.output.trimEnd());

if (existsSync(join(root, 'scripts', 'bench.mjs'))) {
  const bench = await gate('bench --short', 'node', ['scripts/bench.mjs', '--short']);
  if (bench.ok) console.log(bench.output.trimEnd());
}

for (const { project, file, flaky } of rows) {
  for (const name of flaky) console.log(`~ needed a second try: ${project}: ${file} › ${name}`);
}
rmSync(scratch, { recursive: true, force: true });
for (const complaint of complaints) console.log(`✗ ${complaint}`);
console.log(
  `in ${seconds(begun)}${tally.skipped > 0 ? `; ${tally.skipped} skipped for want of what they need (see above)` : ''}`,
);
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed > 0 ? 1 : 0;
