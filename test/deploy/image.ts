/**
 * Builds the image of the Dockerfile without a Docker engine, with what an engine uses too: mount namespaces, overlays and chroot.
 * Each stage begins with this machine's Debian and the Node of the project; the instructions run as they stand. A process of the
 * image then runs as in a container: as its user, without capabilities, on a read-only root, with nothing of the checkout.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../support/database.ts';

interface Stage {
  /** Its files, as seen from within the namespace. */
  readonly root: string;
  readonly env: Record<string, string>;
  workdir: string;
  user: string;
  entrypoint: string[];
  healthcheck: string[];
}

export interface Image extends Readonly<Stage> {
  /** The command line that runs `args` in a container of this image. */
  command(args: readonly string[], env?: Readonly<Record<string, string>>): [string, ...string[]];
  /** Runs a script as root beside the image's files. @returns what it prints. */
  shell(script: string): Promise<string>;
  remove(): void;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const settings = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${value}`);

/** Takes a minute, root, and a kernel that lets it mount. */
export async function buildImage(): Promise<Image> {
  const folder = temporaryFolder();
  const context = join(folder.path, 'context');
  const scratch = join(folder.path, 'scratch');
  for (const path of [context, scratch]) mkdirSync(path);
  for (const file of contextFiles(readFileSync('.dockerignore', 'utf8'))) {
    mkdirSync(dirname(join(context, file)), { recursive: true });
    cpSync(file, join(context, file));
  }
  // The namespace lives as long as this process, and its mounts with it.
  const mount = `mount -t tmpfs -o size=4g tmpfs ${scratch} && echo mounted && exec sleep infinity`;
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', mount], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const inside = ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`];
  const npm = join(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim(), 'npm');
  const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();
  const shell = async (script: string): Promise<string> => {
    const file = join(folder.path, 'script.sh');
    writeFileSync(file, script);
    const env = { ...process.env, BASE_NODE: process.execPath, BASE_NPM: npm, NPM_CACHE: cache };
    const args = [...inside.slice(1), 'bash', '-euo', 'pipefail', file];
    return (await promisify(execFile)('nsenter', args, { env, maxBuffer: 2 ** 26 })).stdout;
  };
  const remove = (): void => {
    holder.kill('SIGKILL');
    folder.remove();
  };
  try {
    const { script, stage } = translated(readFileSync('Dockerfile', 'utf8'), context, scratch);
    await shell(script + sealed(stage));
    const [uid = '', gid = ''] = stage.user.split(':');
    const unprivileged = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'];
    const powerless = ['--bounding-set=-all', '--inh-caps=-all'];
    return {
      ...stage,
      command: (args, env = {}) => {
        const given = settings({ PATH, ...stage.env, ...env });
        const enter = [...inside, 'chroot', stage.root, 'setpriv', ...unprivileged, ...powerless];
        return [...enter, 'env', '-i', `--chdir=${stage.workdir}`, ...given, ...args] as [string, ...string[]];
      },
      shell,
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The files that a build may see: those of the work tree that .dockerignore (`*`, then exceptions) lets through. */
function contextFiles(ignore: string): string[] {
  const [first, ...rest] = ignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const allowed = rest.map((line) => line.replace(/^!/, ''));
  if (first !== '*' || rest.some((line) => !line.startsWith('!')))
    throw new Error('.dockerignore is not * and exceptions');
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { encoding: 'utf8' }).split('\0');
  return files.filter(
    (file) => existsSync(file) && allowed.some((path) => file === path || file.startsWith(`${path}/`)),
  );
}

/** The Dockerfile as a shell script. That it is a Dockerfile says hadolint. */
function translated(dockerfile: string, context: string, scratch: string): { script: string; stage: Stage } {
  const lines = dockerfile
    .replace(/^\s*#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim());
  const stages = new Map<string, Stage>();
  const steps: string[] = [];
  let stage: Stage | undefined;
  for (const line of lines.filter((one) => one !== '')) {
    const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (word === 'ARG') continue;
    if (word === 'FROM') {
      const name = / AS (\S+)$/.exec(rest)?.[1] ?? `${stages.size}`;
      stage = { root: join(scratch, name), env: {}, workdir: '/', user: '0:0', entrypoint: [], healthcheck: [] };
      stages.set(name, stage);
      steps.push(newRoot(stage.root));
      continue;
    }
    if (stage === undefined) throw new Error(`before FROM: ${line}`);
    const within = (path: string): string => posix.join(stage?.root ?? '', posix.resolve(stage?.workdir ?? '/', path));
    switch (word) {
      case 'WORKDIR':
        stage.workdir = posix.resolve(stage.workdir, rest);
        steps.push(`mkdir -p ${within('.')}`);
        break;
      case 'COPY': {
        const from = /^--from=(\S+)\s/.exec(rest)?.[1];
        const words = rest.split(/\s+/).filter((part) => !part.startsWith('--'));
        const target = words.at(-1) ?? '';
        const base = from === undefined ? context : (stages.get(from)?.root ?? '');
        for (const source of words.slice(0, -1))
          steps.push(copied(join(base, source), within(target), target.endsWith('/')));
        break;
      }
      case 'RUN': {
        const env = settings({ PATH, HOME: '/root', ...stage.env })
          .map(quote)
          .join(' ');
        const outside = '$(env | grep -iE "^(npm_config_|https?_proxy|no_proxy|node_extra)" | grep -v " " || true)';
        steps.push(`chroot ${stage.root} env -i --chdir=${stage.workdir} ${env} ${outside} sh -c ${quote(rest)} >&2`);
        break;
      }
      case 'ENV':
        for (const [, name = '', value = ''] of rest.matchAll(/(\S+?)=(\S+)/g)) stage.env[name] = value;
        break;
      case 'USER':
        stage.user = rest;
        break;
      case 'VOLUME':
        steps.push(`mkdir -p ${within(rest)}`);
        break;
      case 'ENTRYPOINT':
        stage.entrypoint = JSON.parse(rest) as string[];
        break;
      case 'HEALTHCHECK':
        stage.healthcheck = JSON.parse(rest.slice(rest.indexOf('['))) as string[];
        break;
      case 'CMD':
      case 'EXPOSE':
      case 'STOPSIGNAL':
        break;
      default:
        throw new Error(`not understood: ${line}`);
    }
  }
  if (stage === undefined) throw new Error('a Dockerfile without FROM');
  return { script: steps.join('\n'), stage };
}

/** A folder's contents go into the target, a file to it or into it. */
const copied = (source: string, target: string, into: boolean): string => `
if [ -d ${source} ]; then mkdir -p ${target}; cp -a ${source}/. ${target}
else mkdir -p ${into ? target : dirname(target)}; cp -a ${source} ${target}; fi`;

/** This machine's /usr and /etc under layers of their own; the base image's Node and npm; nothing else. */
const newRoot = (root: string): string => `
mkdir -p ${root}/{usr,etc,proc,dev,tmp,root/.npm,run,var/tmp}
for part in usr etc; do
  mkdir -p ${root}.layers/$part ${root}.layers/$part-work
  mount -t overlay overlay -o lowerdir=/$part,upperdir=${root}.layers/$part,workdir=${root}.layers/$part-work ${root}/$part
done
for link in bin sbin lib lib64; do ln -s usr/$link ${root}/$link; done
mount --rbind /dev ${root}/dev
mount -t proc proc ${root}/proc
chmod 1777 ${root}/tmp ${root}/var/tmp
mkdir -p "$NPM_CACHE"
mount --bind "$NPM_CACHE" ${root}/root/.npm
if [ -e ${homedir()}/.npmrc ]; then cp ${homedir()}/.npmrc ${root}/root/; fi
rm -rf ${root}/usr/local/bin/{node,npm,npx} ${root}/usr/local/lib/node_modules
mkdir -p ${root}/usr/local/bin ${root}/usr/local/lib/node_modules
cp "$BASE_NODE" ${root}/usr/local/bin/node
cp -rL "$BASE_NPM" ${root}/usr/local/lib/node_modules/npm
ln -s ../lib/node_modules/npm/bin/npm-cli.js ${root}/usr/local/bin/npm
`;

/** `read_only: true`, a tmpfs on /tmp, and a volume on /data that begins with what the image has there. */
const sealed = ({ root }: Stage): string => `
umount ${root}/root/.npm
mount --rbind ${root} ${root}
mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp
mkdir ${root}.volume
cp -a ${root}/data/. ${root}.volume
chown --reference=${root}/data ${root}.volume
chmod --reference=${root}/data ${root}.volume
mount --bind ${root}.volume ${root}/data
for part in . usr etc; do mount -o remount,bind,ro ${root}/$part; done
`;
