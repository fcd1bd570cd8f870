import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustBeInstalled, seaweedfsProgram } from './installed.ts';
import { freePorts } from './ports.ts';
import { ask, logFile, type S3Service, supervise } from './service.ts';

export interface SeaweedService extends S3Service {
  /** Its unauthenticated inner door, under which objects can be removed beneath the locks. */
  readonly filer: string;
}

/** SeaweedFS: master, volume server, filer and S3 in one process. */
export async function startSeaweed({ dir }: { dir: string }): Promise<SeaweedService> {
  const version = await mustBeInstalled('seaweedfs');
  const ports = await freePorts(8);
  const at = (index: number) => ports[index] as number;
  const names = ['master', 'volume', 'filer', 's3'];
  const accessKey = `antin${randomBytes(4).toString('hex')}`;
  const secretKey = randomBytes(20).toString('hex');
  mkdirSync(join(dir, 'data'), { recursive: true });
  const users = join(dir, 's3.json');
  const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging'];
  const identity = { name: 'antin', credentials: [{ accessKey, secretKey }], actions };
  writeFileSync(users, JSON.stringify({ identities: [identity] }), { mode: 0o600 });
  const endpoint = `http://127.0.0.1:${at(3)}`;
  const args = [
    ...['server', `-dir=${join(dir, 'data')}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3'],
    ...names.flatMap((name, index) => [`-${name}.port=${at(index)}`, `-${name}.port.grpc=${at(index + 4)}`]),
    // A restart elects a new master: by default after ten seconds.
    ...['-master.electionTimeout=1s', '-volume.preStopSeconds=1', '-volume.max=0', '-master.volumeSizeLimitMB=256'],
    ...['-master.telemetry=false', `-filer.localSocket=${join(dir, 'filer.sock')}`],
    ...[`-s3.config=${users}`, `-s3.localSocket=${join(dir, 's3.sock')}`, '-s3.port.iceberg=0', '-s3.port.lance=0'],
    // Else a PUT to a missing bucket makes an unlocked one.
    ...['-s3.autoCreateBucket=false', '-s3.allowDeleteBucketNotEmpty=false'],
  ];
  const service = await supervise({
    name: 'seaweedfs',
    version,
    dir,
    begin: async (run) => {
      run({
        command: seaweedfsProgram,
        args,
        cwd: dir,
        log: logFile(dir, 'seaweedfs'),
        // Else each bucket takes seven volumes, and the 42nd bucket none.
        env: { WEED_MASTER_VOLUME_GROWTH_COPY_1: '1' },
      });
    },
    // S3 answers before the volume server has registered, and reads then fail.
    ready: async () =>
      (await ask(`${endpoint}/status`))?.status === 200 &&
      (await ask(`http://127.0.0.1:${at(0)}/dir/status`))?.text.includes('"DataNodes":[{') === true,
    litter: names.map((name, index) => `/tmp/seaweedfs-${name}-grpc-${at(index + 4)}.sock`),
  });
  return {
    ...service,
    endpoint,
    region: 'us-east-1',
    accessKey,
    secretKey,
    filer: `http://127.0.0.1:${at(2)}`,
  };
}
