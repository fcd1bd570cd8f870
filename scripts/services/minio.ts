import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { minioProgram, mustBeInstalled } from './installed.ts';
import { freePorts } from './ports.ts';
import { ask, logFile, type S3Service, supervise } from './service.ts';

/** MinIO on one drive, `dir`. While its build is under way, waits for that first. */
export async function startMinio({ dir }: { dir: string }): Promise<S3Service> {
  const version = await mustBeInstalled('minio');
  const [port] = await freePorts(1);
  const accessKey = `antin${randomBytes(4).toString('hex')}`;
  const secretKey = randomBytes(20).toString('hex');
  const endpoint = `http://127.0.0.1:${port}`;
  const drive = join(dir, 'drive');
  mkdirSync(drive, { recursive: true });
  const service = await supervise({
    name: 'minio',
    version,
    dir,
    begin: async (run) => {
      run({
        command: minioProgram,
        args: ['server', drive, '--address', `127.0.0.1:${port}`, '--quiet'],
        cwd: dir,
        log: logFile(dir, 'minio'),
        env: { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' },
      });
    },
    // `/minio/health/ready` says yes while signed calls still get 503.
    ready: async () => (await ask(`${endpoint}/minio/health/cluster`))?.status === 200,
  });
  return { ...service, endpoint, region: 'us-east-1', accessKey, secretKey };
}
