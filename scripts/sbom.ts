/**
 * The bill of materials: every package that runs in production, as CycloneDX 1.5 JSON. `npm run sbom [-- -o FILE]`.
 *
 * Made from package-lock.json, so the same checkout gives the same bytes. `npm sbom --omit dev` is not used: it leaves out every package
 * that a development tool happens to need too (npm 11.19: zod, yaml, node-forge …).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = 'node_modules/';

interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, LockedPackage>>;

const nameAt = (path: string, { name }: LockedPackage): string =>
  name ?? path.slice(path.lastIndexOf(MODULES) + MODULES.length);
const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;

function hashOf(integrity: string | undefined): { alg: string; content: string }[] {
  const [, algorithm, value] = /^(sha\d+)-([A-Za-z0-9+/=]+)$/.exec(integrity?.split(' ')[0] ?? '') ?? [];
  if (algorithm === undefined || value === undefined) return [];
  return [
    { alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content: Buffer.from(value, 'base64').toString('hex') },
  ];
}

function licenceOf(license: string | undefined): { licenses?: object[] } {
  if (license === undefined) return {};
  const isExpression = /\s(?:OR|AND|WITH)\s/.test(license);
  return { licenses: [isExpression ? { expression: license } : { license: { id: license } }] };
}

/** The lock file's path of a package that another one asks for: the nearest one, as Node looks for it. */
function resolve(packages: Packages, from: string, wanted: string): string | undefined {
  for (let base = from; ; ) {
    const path = `${base === '' ? '' : `${base}/`}${MODULES}${wanted}`;
    if (packages[path] !== undefined) return path;
    if (base === '') return undefined;
    const parent = base.lastIndexOf(`/${MODULES}`);
    base = parent < 0 ? '' : base.slice(0, parent);
  }
}

/** `lock` is the parsed package-lock.json (version 3), `node` the version of the runtime. */
export function billOfMaterials(lock: { readonly packages: Packages }, node: string) {
  const { packages } = lock;
  const own = packages[''] ?? {};
  const production = Object.entries(packages).filter(
    ([path, one]) => path !== '' && one.dev !== true && one.link !== true,
  );
  const reference = (path: string, one: LockedPackage): string => purlOf(nameAt(path, one), one.version ?? '');
  const edges = (path: string, one: LockedPackage): string[] => {
    const wanted = { ...one.dependencies, ...one.optionalDependencies, ...one.peerDependencies };
    const found = Object.keys(wanted).flatMap((name) => {
      const at = resolve(packages, path, name);
      const needed = at === undefined ? undefined : packages[at];
      return at === undefined || needed === undefined || needed.dev === true ? [] : [reference(at, needed)];
    });
    return [...new Set(found)].sort();
  };
  const components = production.map(([path, one]) => ({
    'bom-ref': reference(path, one),
    type: 'library',
    name: nameAt(path, one),
    version: one.version,
    scope: one.optional === true || one.devOptional === true ? 'optional' : 'required',
    purl: reference(path, one),
    ...licenceOf(one.license),
    hashes: hashOf(one.integrity),
  }));
  const unique = new Map(components.map((component) => [component['bom-ref'], component]));
  const runtime = {
    'bom-ref': `node@${node}`,
    type: 'platform',
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
  };
  const self = purlOf(own.name ?? '', own.version ?? '');
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        'bom-ref': self,
        type: 'application',
        name: own.name,
        version: own.version,
        purl: self,
        ...licenceOf(own.license),
      },
    },
    components: [runtime, ...[...unique.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1))],
    dependencies: [
      { ref: self, dependsOn: [runtime['bom-ref'], ...edges('', { dependencies: own.dependencies ?? {} })] },
      ...production
        .map(([path, one]) => ({ ref: reference(path, one), dependsOn: edges(path, one) }))
        .sort((a, b) => (a.ref < b.ref ? -1 : 1)),
    ],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const text = `${JSON.stringify(billOfMaterials(lock, lock.packages['node_modules/node']?.version ?? ''), null, 2)}\n`;
  const [flag, file] = process.argv.slice(2);
  if (flag === '-o' && file !== undefined) writeFileSync(file, text);
  else process.stdout.write(text);
}
