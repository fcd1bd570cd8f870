/** docker-compose.yml, .env.example and the settings of the program say the same, and nobody but the proxy can be reached. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readComposeFile, readEnvironmentFile } from '../../scripts/stack/compose-file.ts';
import { configTable, loadConfig } from '../../src/config.ts';

const example = readFileSync('.env.example', 'utf8');
const text = readFileSync('docker-compose.yml', 'utf8');
const file = readComposeFile('docker-compose.yml', readEnvironmentFile('.env.example'));
const settings = [...configTable('en').matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((match) => match[1] ?? '');
const written = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$/gm)];
const ours = ['migrate', 'api-1', 'api-2', 'worker-1', 'worker-2'];
const services = Object.entries(file.services);

test('.env.example names every setting once, and besides only what docker-compose.yml asks for', () => {
  const names = written.map((match) => match[1] ?? '');
  const asked = [...text.matchAll(/\$\{([A-Z0-9_]+):-/g)].map((match) => match[1] ?? '');
  expect(names.toSorted()).toEqual([...new Set([...settings, ...asked])].toSorted());
});

test('.env.example is a set of settings that the program accepts, and shows the defaults of the compose file', () => {
  const config = loadConfig({}, readEnvironmentFile('.env.example'));
  expect(config).toMatchObject({ MODE: 'demo', PUBLIC_BASE_URL: 'https://localhost' });
  const shown = new Map(written.map((match) => [match[1], match[2]]));
  for (const [, name, usual] of text.matchAll(/\$\{([A-Z0-9_]+):-([^}]+)\}/g))
    expect(shown.get(name), name).toBe(usual);
  // What is commented out says the default of the program, or nothing.
  const defaults = loadConfig({}, {}) as unknown as Record<string, unknown>;
  for (const [name, value] of shown) {
    if (name === undefined || value === '' || !settings.includes(name)) continue;
    const set = loadConfig({}, { [name]: value }) as unknown as Record<string, unknown>;
    if (name !== 'PUBLIC_BASE_URL') expect(set[name], name).toEqual(defaults[name]);
  }
});

test('the compose file sets only settings that exist, and passwords only as files', () => {
  for (const name of ours) {
    for (const [variable, value] of Object.entries(file.services[name]?.environment ?? {})) {
      expect(settings, variable).toContain(variable.replace(/_FILE$/, ''));
      if (variable.endsWith('_FILE'))
        expect(file.services[name]?.secrets).toContain(value.replace('/run/secrets/', ''));
    }
  }
  for (const [name, { environment }] of services) {
    for (const [variable, value] of Object.entries(environment)) {
      const secret = /PASSWORD|SECRET|ACCESS_KEY|_KEY$|ROOT_USER|DATABASE_URL|REDIS_URL/.test(variable);
      if (secret) expect(value, `${name} ${variable}`).toMatch(/^\/run\/secrets\//);
    }
  }
});

test('with its environment each process finds what it needs, and an API process no Redis', () => {
  for (const name of ours) {
    const environment = file.services[name]?.environment ?? {};
    const secretless = Object.entries(environment).map(([variable, value]) =>
      variable.endsWith('_FILE')
        ? [variable.replace('_FILE', ''), `postgres://antin@postgres/antin`]
        : [variable, value],
    );
    const redis = name.startsWith('worker') ? { REDIS_URL: 'redis://redis' } : {};
    const config = loadConfig({}, { ...Object.fromEntries(secretless), ...redis });
    expect(config).toMatchObject({ DATA_DIR: '/data', HOST: '0.0.0.0', METRICS_PORT: 9464 });
    expect(config.S3_ENDPOINT).toBe('http://minio:9000');
    expect(config.DATABASE_URL).toBeDefined();
    expect('REDIS_URL_FILE' in environment).toBe(name.startsWith('worker'));
  }
});

test('two API and two worker processes start after one migration, and the proxy asks both', () => {
  const migrated = { migrate: { condition: 'service_completed_successfully' } };
  for (const name of ours.slice(1)) {
    expect(file.services[name]?.depends_on).toMatchObject({ ...migrated, postgres: { condition: 'service_healthy' } });
    expect(file.services[name]?.command).toEqual([name.replace(/-\d$/, '')]);
  }
  expect(Object.keys(file.services.proxy?.depends_on ?? {})).toEqual(['api-1', 'api-2']);
  expect(file.services.proxy?.environment.API_UPSTREAMS).toBe('api-1:8080 api-2:8080');
});

test('only the proxy is published; the stores, the queue and the way from proxy to API have no way out', () => {
  expect(services.filter(([, { ports }]) => ports.length > 0).map(([name]) => name)).toEqual(['proxy']);
  const inside = Object.entries(file.networks).flatMap(([name, { internal }]) => (internal === true ? [name] : []));
  expect(inside.toSorted()).toEqual(['front', 'queue', 'store']);
  for (const name of ['postgres', 'redis', 'minio', 'migrate']) {
    expect(inside).toEqual(expect.arrayContaining(file.services[name]?.networks ?? ['none']));
  }
  expect(file.services.proxy?.networks).toEqual(['front', 'public']);
  expect(file.services['api-1']?.networks).not.toContain('queue');
});

test('every service is pinned, unprivileged, read-only, limited and restarted', () => {
  for (const [name, service] of services) {
    expect(service.image, name).toMatch(/:[^:]*\d+[.-]\d+/);
    expect(service.image).not.toContain('latest');
    expect(service, name).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service.deploy.resources.limits, name).toMatchObject({
      cpus: expect.any(String),
      memory: expect.any(String),
      pids: expect.any(Number),
    });
    expect(service.restart, name).toBe(name === 'migrate' ? 'no' : 'unless-stopped');
    // Of ours the image has the check.
    expect(ours.includes(name) || service.healthcheck?.test !== undefined, name).toBe(true);
    for (const secret of service.secrets) expect(Object.keys(file.secrets)).toContain(secret);
  }
});
