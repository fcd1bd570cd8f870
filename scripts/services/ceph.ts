import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustBeInstalled } from './installed.ts';
import { freePorts } from './ports.ts';
import { runToEnd } from './process.ts';
import { ask, logFile, type S3Service, supervise } from './service.ts';

export type CephService = S3Service;

/** A Ceph of one monitor, one store (BlueStore in a file) and its S3 gateway, all in the foreground. */
export async function startCeph({ dir }: { dir: string }): Promise<CephService> {
  const version = await mustBeInstalled('ceph');
  const [port, secondVersion, firstVersion] = (await freePorts(3)) as [number, number, number];
  const accessKey = `antin${randomBytes(4).toString('hex')}`;
  const secretKey = randomBytes(20).toString('hex');
  const endpoint = `http://127.0.0.1:${port}`;
  const monitor = `[v2:127.0.0.1:${secondVersion},v1:127.0.0.1:${firstVersion}]`;
  const [cluster, store] = [randomUUID(), randomUUID()];
  const config = join(dir, 'ceph.conf');
  const keyring = join(dir, 'keyring');
  for (const folder of ['mon', 'osd', 'rgw', 'run']) mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(config, configuration(dir, cluster, monitor, port));

  const program = (command: string, ...args: string[]) => ({ command, args, cwd: dir, log: logFile(dir, command) });
  const tool = (command: string, ...args: string[]) => runToEnd(program(command, ...args));
  const ceph = (...args: string[]) => tool('ceph', '-c', config, '--connect-timeout', '20', ...args);
  const daemon = (command: string, ...args: string[]) => program(command, '-f', '-c', config, ...args);

  await makeKeys(tool, keyring);
  await tool('monmaptool', '--create', '--fsid', cluster, '--addv', 'a', monitor, join(dir, 'monmap'));
  const map = ['--monmap', join(dir, 'monmap'), '--keyring', keyring];
  await tool('ceph-mon', '-c', config, '--mkfs', '-i', 'a', ...map);

  const service = await supervise({
    name: 'ceph',
    version,
    dir,
    begin: async (run) => {
      run(daemon('ceph-mon', '-i', 'a'));
      const fresh = !existsSync(join(dir, 'osd', 'ready'));
      if (fresh) {
        await ceph('osd', 'new', store, '0');
        await tool('ceph-osd', '-c', config, '-i', '0', '--mkfs', '--osd-uuid', store);
        await ceph('osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=localhost');
      }
      run(daemon('ceph-osd', '-i', '0'));
      if (fresh) {
        const user = ['user', 'create', '--uid=antin', '--display-name=antin'];
        await tool('radosgw-admin', '-c', config, ...user, `--access-key=${accessKey}`, `--secret-key=${secretKey}`);
      }
      run(daemon('radosgw', '-n', 'client.rgw', '--keyring', keyring));
    },
    ready: async () => (await ask(endpoint))?.status === 200,
  });
  return { ...service, endpoint, region: 'us-east-1', accessKey, secretKey };
}

async function makeKeys(tool: (command: string, ...args: string[]) => Promise<void>, keyring: string): Promise<void> {
  const all = 'allow *';
  const key = (name: string, ...caps: string[]) => tool('ceph-authtool', keyring, '--gen-key', '-n', name, ...caps);
  const caps = (mon: string, mgr: string) => ['--cap', 'mon', mon, '--cap', 'osd', all, '--cap', 'mgr', mgr];
  await tool('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', all);
  await key('client.admin', ...caps(all, all));
  await key('client.rgw', ...caps(all, all));
  await key('osd.0', ...caps('allow profile osd', 'allow profile osd'));
}

const configuration = (dir: string, cluster: string, monitor: string, port: number): string => `[global]
fsid = ${cluster}
keyring = ${join(dir, 'keyring')}
mon initial members = a
mon host = ${monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
osd pool default pg num = 8
osd pool default pg autoscale mode = off
mon max pg per osd = 1000
mon data avail crit = 1
# The monitor waits this long before each change of a pool: a second, unless told.
paxos propose interval = 0.05
run dir = ${join(dir, 'run')}
admin socket = ${join(dir, 'run', '$cluster-$name.asok')}
pid file = ${join(dir, 'run', '$cluster-$name.pid')}
log file = ${join(dir, '$name.daemon.log')}
mon data = ${join(dir, 'mon')}
osd data = ${join(dir, 'osd')}
rgw data = ${join(dir, 'rgw')}
[osd]
osd objectstore = bluestore
bluestore block size = 4294967296
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
`;
