/**
 * The files of an installation, read by the programs that will read them: Docker Compose's own parser, hadolint, Caddy, PostgreSQL,
 * Redis, systemd. Each of them also refuses a planted mistake.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis } from '../../scripts/services/index.ts';
import { readComposeFile, readEnvironmentFile } from '../../scripts/stack/compose-file.ts';
import { createTools } from '../judges/support/tools.ts';
import { temporaryFolder } from '../support/database.ts';

const { manifest, run } = createTools();
const folder = temporaryFolder();
const project = join(folder.path, 'project');
const secrets = join(project, 'deploy/secrets');

beforeAll(() => {
  mkdirSync(project);
  for (const name of ['docker-compose.yml', 'Dockerfile']) cpSync(name, join(project, name));
  cpSync('.env.example', join(project, '.env'));
  cpSync('deploy', join(project, 'deploy'), { recursive: true, filter: (path) => !path.includes('secrets/') });
  execFileSync('sh', ['deploy/make-secrets.sh'], { cwd: project, stdio: 'pipe' });
});
afterAll(() => folder.remove());

/** A copy of a file of the project with something replaced. @returns its path. */
function spoilt(name: string, from: string, to: string): string {
  const text = readFileSync(join(project, name), 'utf8');
  expect(text).toContain(from);
  const path = join(project, `spoilt-${name.replaceAll('/', '-')}`);
  writeFileSync(path, text.replace(from, to));
  return path;
}

describe('docker-compose.yml by the parser of Docker Compose', () => {
  const parse = async (file: string) => run((await manifest()).composeGo, [file]);

  test('is accepted, and means what the file says', async () => {
    const { exitCode, stdout, stderr } = await parse(join(project, 'docker-compose.yml'));
    expect(exitCode, stderr).toBe(0);
    const { services, networks } = JSON.parse(stdout);
    expect(Object.keys(services)).toHaveLength(9);
    expect(services['worker-2']).toMatchObject({
      command: ['worker'],
      environment: {
        MODE: 'demo',
        REDIS_URL_FILE: '/run/secrets/redis_url',
        UNENCRYPTED_HOSTS: 'postgres,redis,minio,',
      },
      networks: { outside: null, queue: null, store: null },
      user: '10001:10001',
    });
    expect(services['api-1'].environment).not.toHaveProperty('REDIS_URL_FILE');
    expect(services.proxy.ports).toMatchObject([
      { target: 8080, published: '80' },
      { target: 8443, published: '443' },
    ]);
    expect(networks.store).toMatchObject({ internal: true });
  });

  test('gives each process the environment that `npm run stack` gives it', async () => {
    const { services } = JSON.parse((await parse(join(project, 'docker-compose.yml'))).stdout);
    const settings = readEnvironmentFile('.env.example');
    const ours = readComposeFile('docker-compose.yml', settings);
    expect(Object.keys(services).toSorted()).toEqual(Object.keys(ours.services).toSorted());
    for (const [name, { env_file, environment, command }] of Object.entries(ours.services)) {
      expect(services[name].environment ?? {}).toEqual({ ...(env_file.length > 0 ? settings : {}), ...environment });
      expect(services[name].command).toEqual(command);
    }
  });

  test.each([
    ['an unknown word', 'read_only: true', 'readonly: true'],
    ['a network that is nowhere', 'networks: [queue]', 'networks: [nowhere]'],
    ['a condition that does not exist', 'condition: service_healthy', 'condition: service_happy'],
    ['a secret that is nowhere', 'secrets: [redis_auth]', 'secrets: [redis_password]'],
  ])('%s is refused', async (_, from, to) => {
    const { exitCode } = await parse(spoilt('docker-compose.yml', from, to));
    expect(exitCode).not.toBe(0);
  });
});

describe('Dockerfile by hadolint', () => {
  const lint = async (file: string) => run((await manifest()).hadolint, ['--no-color', file]);

  test('nothing to complain of', async () => {
    expect(await lint(join(project, 'Dockerfile'))).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('an image without version, and a misspelt instruction, are complained of', async () => {
    const loose = await lint(spoilt('Dockerfile', ' AS build', ' AS build\n\nFROM node:latest'));
    expect(loose.exitCode).toBe(1);
    expect(loose.stdout).toContain('DL3007');
    expect((await lint(spoilt('Dockerfile', 'WORKDIR /app', 'WROKDIR /app'))).exitCode).toBe(1);
  });
});

describe('Caddyfile by Caddy', () => {
  const validate = (file: string) =>
    run('env', [
      `TLS_CERTIFICATE=${join(secrets, 'tls_certificate')}`,
      `TLS_KEY=${join(secrets, 'tls_key')}`,
      `HOME=${folder.path}`,
      ...['caddy', 'validate', '--adapter', 'caddyfile', '--config', file],
    ]);

  test('is valid with the certificate that make-secrets.sh made', async () => {
    const { exitCode, stdout, stderr } = await validate(join(project, 'deploy/Caddyfile'));
    expect(stdout, stderr).toContain('Valid configuration');
    expect(exitCode).toBe(0);
  });

  test('an unknown directive, and a missing key, are refused', async () => {
    expect((await validate(spoilt('deploy/Caddyfile', 'reverse_proxy', 'reverse_poxy'))).exitCode).toBe(1);
    const { exitCode } = await validate(spoilt('deploy/Caddyfile', '{$TLS_KEY:/run/secrets/tls_key}', '/nowhere'));
    expect(exitCode).toBe(1);
  });
});

describe('postgresql.conf by PostgreSQL', () => {
  const root = '/usr/lib/postgresql';
  const newest = Math.max(...readdirSync(root).map(Number).filter(Number.isInteger));
  /** What the server would run with. It refuses to be asked as root. */
  const ask = (file: string, setting: string) => {
    const question = [
      join(root, `${newest}/bin/postgres`),
      '-C',
      setting,
      '-D',
      folder.path,
      '-c',
      `config_file=${file}`,
    ];
    return process.getuid?.() === 0
      ? run('setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', ...question])
      : run(question[0] ?? '', question.slice(1));
  };

  test('is understood; what was accepted is on the disk, and logs hold no values', async () => {
    const file = join(project, 'deploy/postgresql.conf');
    execFileSync('chmod', ['-R', 'a+rX', project]);
    for (const [setting, value] of [
      ['fsync', 'on'],
      ['full_page_writes', 'on'],
      ['synchronous_commit', 'on'],
      ['max_connections', '100'],
      ['log_statement', 'none'],
      ['log_error_verbosity', 'terse'],
      ['log_parameter_max_length_on_error', '0'],
    ] as const) {
      const { stdout, stderr } = await ask(file, setting);
      expect(stdout.trim(), `${setting}: ${stderr}`).toBe(value);
    }
  });

  test('a setting that does not exist is refused', async () => {
    const file = spoilt('deploy/postgresql.conf', 'fsync = on', 'fsink = on');
    expect((await ask(file, 'fsync')).stderr).toContain('unrecognized configuration parameter "fsink"');
  });
});

describe('redis.conf by Redis', () => {
  test('keeps its bells on disk, never evicts, asks for the password', async () => {
    // Where the container has its files and its network, this machine has others.
    const auth = join(secrets, 'redis_auth');
    const text = readFileSync(join(project, 'deploy/redis.conf'), 'utf8').replace('/run/secrets/redis_auth', auth);
    const data = join(folder.path, 'redis');
    mkdirSync(data);
    const lines = text.split('\n').filter((line) => !/^(bind|port|dir) /.test(line));
    const file = join(folder.path, 'redis.conf');
    writeFileSync(file, [...lines, 'bind 127.0.0.1', 'port 0', `dir ${data}`, `unixsocket ${data}/socket`].join('\n'));
    const password = readFileSync(auth, 'utf8').replace('requirepass ', '').trim();
    const server = run('timeout', ['20', 'redis-server', file]);
    const cli = (...words: string[]) => run('redis-cli', ['-s', `${data}/socket`, ...words]);
    await expect.poll(async () => (await cli('ping')).stdout, { timeout: 15_000 }).toContain('NOAUTH');
    const asked = ['appendonly', 'appendfsync', 'maxmemory-policy', 'save'];
    const { stdout } = await cli('--no-auth-warning', '-a', password, 'config', 'get', ...asked);
    const said = stdout.split('\n');
    const value = (name: string) => said[said.indexOf(name) + 1];
    expect(asked.map(value)).toEqual(['yes', 'everysec', 'noeviction', '']);
    await cli('--no-auth-warning', '-a', password, 'shutdown', 'nosave');
    expect((await server).exitCode).toBe(0);
  });

  test('the Redis of the tests runs as that file says', async () => {
    const redis = await startRedis({ dir: join(folder.path, 'test-redis'), appendOnly: true });
    try {
      const { port, password } = new URL(redis.url);
      const question = ['--no-auth-warning', '-a', password, 'config', 'get', 'maxmemory-policy'];
      const asked = await run('redis-cli', ['-p', port, ...question]);
      expect(asked.stdout).toContain('noeviction');
    } finally {
      await redis.stop();
    }
  });
});

describe('systemd units by systemd', () => {
  const root = join(folder.path, 'root');
  const units = ['antin-migrate.service', 'antin-api@.service', 'antin-worker@.service'];
  const others = ['antin-api@.socket', 'antin.target'];
  const instances = ['antin-migrate.service', 'antin-api@8081.service', 'antin-worker@1.service'];
  const named = [...instances, 'antin-api@8081.socket', 'antin.target'];
  const system = join(root, 'etc/systemd/system');

  beforeAll(() => {
    // As docs/production.md installs them, beside systemd's own units.
    for (const path of [system, join(root, 'usr/lib/systemd'), join(root, 'opt/antin/node_modules/node/bin')]) {
      mkdirSync(path, { recursive: true });
    }
    execFileSync('cp', ['-a', '/usr/lib/systemd/system', join(root, 'usr/lib/systemd/system')]);
    symlinkSync('usr/lib', join(root, 'lib'));
    for (const unit of [...units, ...others]) cpSync(join('deploy/systemd', unit), join(system, unit));
    for (const unit of units) {
      mkdirSync(join(system, `${unit}.d`));
      cpSync('deploy/systemd/hardening.conf', join(system, `${unit}.d/hardening.conf`));
    }
    writeFileSync(join(root, 'opt/antin/node_modules/node/bin/node'), '#!/bin/sh\n', { mode: 0o755 });
  });

  test('are accepted without a word', async () => {
    const verdict = await run('systemd-analyze', ['verify', '--man=no', `--root=${root}`, ...named]);
    expect(verdict).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('let a broken-into process do little', async () => {
    for (const unit of instances) {
      const args = ['security', '--offline=yes', '--no-pager', '--threshold=20', `--root=${root}`, unit];
      const { exitCode, stdout } = await run('systemd-analyze', args);
      expect(exitCode, stdout).toBe(0);
    }
  });

  test('a program that is not there is noticed', async () => {
    const unit = readFileSync(join(system, 'antin-migrate.service'), 'utf8').replace('/node/bin/node', '/node/bin/nod');
    writeFileSync(join(system, 'antin-typo.service'), unit);
    const { exitCode, stderr } = await run('systemd-analyze', [
      'verify',
      '--man=no',
      `--root=${root}`,
      'antin-typo.service',
    ]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('not executable');
  });
});
