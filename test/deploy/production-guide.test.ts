/** docs/production.md names only what there is: files, services, commands, settings, units; and says the same in both languages. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readComposeFile, readEnvironmentFile } from '../../scripts/stack/compose-file.ts';
import { configTable } from '../../src/config.ts';

const guide = readFileSync('docs/production.md', 'utf8');
const [vi = '', en = ''] = guide.slice(guide.indexOf('\n## Tiếng Việt')).split('\n## English');
const file = readComposeFile('docker-compose.yml', readEnvironmentFile('.env.example'));
const caddyfile = readFileSync('deploy/Caddyfile', 'utf8');
const blocks = (text: string) =>
  [...text.matchAll(/^ *```(?:sh|yaml)\n([\s\S]*?)^ *```$/gm)].map((match) => match[1] ?? '');

test('every file of ours that it names is there', () => {
  // Made by make-secrets.sh or written by the administrator.
  const made = /^(deploy\/secrets|docker-compose\.override\.yml|trust\/)/;
  const named = [...guide.matchAll(/(?<![\w/.])((?:deploy|docs|certs|scripts)\/[\w./*-]+|[\w-]+\.yml|Dockerfile)/g)];
  const paths = [...new Set(named.map((match) => (match[1] ?? '').replace(/\.$/, '')))].filter(
    (path) => !made.test(path),
  );
  expect(paths.length).toBeGreaterThan(6);
  for (const path of paths) {
    if (path.includes('*')) expect(execFileSync('sh', ['-c', `ls ${path}`], { encoding: 'utf8' })).not.toBe('');
    else expect(existsSync(path), path).toBe(true);
  }
});

test('every command, service and setting that it names exists', () => {
  const main = readFileSync('src/main.ts', 'utf8');
  const commands = [...guide.matchAll(/(?:`antin |run --rm migrate )([a-z-]+)/g)].map((match) => match[1] ?? '');
  expect(commands.length).toBeGreaterThan(10);
  for (const command of commands) {
    expect(main.toLowerCase(), command).toContain(`add${command.replaceAll('-', '')}`);
  }
  for (const [, service = ''] of guide.matchAll(/docker compose (?:restart|logs|run --rm) ([\w-]+)/g)) {
    expect(Object.keys(file.services)).toContain(service);
  }
  const settings = configTable('en');
  for (const [, name = ''] of guide.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)[=`]/g)) {
    const known = settings.includes(`\`${name}\``) || caddyfile.includes(`{$${name}:`) || name === 'SCHEMA_UNKNOWN';
    expect(known, name).toBe(true);
  }
});

test('the order of an upgrade is that of the processes: workers, then API', () => {
  for (const text of [vi, en]) {
    const upgrade = /for one in ([^;]+);/.exec(text)?.[1]?.split(' ');
    expect(upgrade).toEqual(['worker-1', 'worker-2', 'api-1', 'api-2']);
    for (const name of upgrade ?? []) expect(Object.keys(file.services)).toContain(name);
  }
});

test('the override of the compose file is YAML for services that exist', () => {
  for (const block of blocks(guide).filter((one) => one.includes('x-trust'))) {
    const { services } = parse(block) as { services: Record<string, { volumes: string[] }> };
    for (const [name, { volumes }] of Object.entries(services)) {
      expect(Object.keys(file.services)).toContain(name);
      expect(volumes).toEqual(['./trust:/trust:ro']);
    }
  }
});

test('shell blocks are shell, and are the same in both languages but for the names of places', () => {
  const plain = (text: string) =>
    text
      .replaceAll('antin.benhvien.example', 'HOST')
      .replaceAll('antin.hospital.example', 'HOST')
      .replace(/git clone \S+/, '')
      .replace(/# .*$/gm, '');
  expect(blocks(vi).map(plain)).toEqual(blocks(en).map(plain));
  for (const block of blocks(en).filter((one) => !one.includes('x-trust'))) {
    execFileSync('bash', ['-n', '-c', block], { stdio: 'pipe' });
  }
});
