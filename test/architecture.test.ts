import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = dirname(import.meta.dirname);
const run = promisify(execFile);
let folder = '';

interface Violation {
  rule: string;
  from: string;
  to: string;
}

interface Findings {
  modules: number;
  imports: number;
  violations: Violation[];
}

/** The checker as CI runs it, in a process of its own, over the tree at `base`. */
async function check(base: string): Promise<Findings> {
  const script = `import { checkArchitecture } from ${JSON.stringify(join(root, 'scripts/check-architecture.mjs'))};
console.log(JSON.stringify(await checkArchitecture(${JSON.stringify(base)})));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    maxBuffer: 16 << 20,
  });
  return JSON.parse(stdout) as Findings;
}

async function plant(name: string, files: Record<string, string>): Promise<string> {
  const base = join(folder, name);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), content);
  }
  await symlink(join(root, 'node_modules'), join(base, 'node_modules'));
  return base;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antin-architecture-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A small tree that keeps every rule: what each planted violation is added to. */
const sound = {
  'src/shared/index.ts': "export { now } from './clock.ts';\n",
  'src/shared/clock.ts': 'export const now = () => new Date();\n',
  'src/settings/index.ts': "import { now } from '../shared/index.ts';\nexport const usual = now();\n",
  'src/config.ts': "import { usual } from './settings/index.ts';\nexport const port = process.env.PORT ?? usual;\n",
  'src/engines/pdf/index.ts':
    "import { now } from '../../shared/index.ts';\nexport const read = (at: Date) => [now, new Date(0), at];\n",
  'src/engines/crypto/index.ts': "import * as asn1 from '@peculiar/x509';\nexport const hash = () => asn1;\n",
  'src/engines/crypto/der.ts': 'export const der = 1;\n',
  'src/engines/pades/index.ts':
    "import { hash } from '../crypto/index.ts';\nimport { read } from '../pdf/index.ts';\nexport const sign = [hash, read];\n",
  'src/engines/render/index.ts': "import { PDFDocument } from 'pdf-lib';\nexport const render = () => PDFDocument;\n",
  'src/platform/db/index.ts': "import { Kysely } from 'kysely';\nexport const db = () => Kysely;\n",
  'src/platform/trust/index.ts': 'export const trust = 1;\n',
  'src/parties/index.ts': "import { db } from '../platform/db/index.ts';\nexport const parties = db;\n",
  'src/forms/index.ts': 'export const forms = 1;\n',
  'src/records/index.ts':
    "import { parties } from '../parties/index.ts';\nimport { load } from './store.ts';\nexport const records = [parties, load];\n",
  'src/records/store.ts': "import type { Kysely } from 'kysely';\nexport const load = (db: Kysely<unknown>) => db;\n",
  'src/signing/index.ts': "import { records } from '../records/index.ts';\nexport const signing = records;\n",
  'src/archive/index.ts': "import { records } from '../records/index.ts';\nexport const archive = records;\n",
  'src/evidence/index.ts': "import { archive } from '../archive/index.ts';\nexport const evidence = archive;\n",
  'src/api/index.ts':
    "import { Hono } from 'hono';\nimport { evidence } from '../evidence/index.ts';\nexport const api = [Hono, evidence];\n",
  'src/console/index.ts': 'export const console = 1;\n',
  'src/compose/index.ts':
    "import { api } from '../api/index.ts';\nimport { port } from '../config.ts';\nexport const compose = [api, port];\n",
  'src/main.ts': "import { compose } from './compose/index.ts';\nexport const main = compose;\n",
  'src/cli/start.ts': "import { compose } from '../compose/index.ts';\nexport const start = compose;\n",
  'workers/jobs/seal.ts': "import { signing } from '../../src/signing/index.ts';\nexport const seal = signing;\n",
};

/** Rule → the file that breaks it, and how. The names of the files are the names of the rules, so that no case leans on another. */
const violations: [rule: string, file: string, content: string][] = [
  ['layer-shared', 'src/shared/bad.ts', "import '../engines/pdf/index.ts';"],
  ['layer-shared', 'src/shared/bad-config.ts', "import '../config.ts';"],
  [
    'layer-engines',
    'src/engines/pades/bad.ts',
    "import type { db } from '../../platform/db/index.ts';\nexport type Db = typeof db;",
  ],
  ['layer-platform', 'src/platform/db/bad.ts', "import '../../records/index.ts';"],
  ['layer-parties', 'src/parties/bad.ts', "import '../forms/index.ts';"],
  ['layer-forms', 'src/forms/bad.ts', "import '../records/index.ts';"],
  ['layer-records', 'src/records/bad.ts', "import '../signing/index.ts';"],
  [
    'layer-signing',
    'src/signing/bad.ts',
    "import type { archive } from '../archive/index.ts';\nexport type A = typeof archive;",
  ],
  ['layer-archive', 'src/archive/bad.ts', "import '../signing/index.ts';"],
  ['layer-evidence', 'src/evidence/bad.ts', "import '../api/index.ts';"],
  ['layer-api', 'src/api/bad.ts', "import '../console/index.ts';"],
  ['layer-console', 'src/console/bad.ts', "import '../compose/index.ts';"],
  ['layer-config', 'src/config.ts', "import './records/index.ts';"],
  ['layer-settings', 'src/records/bad-settings.ts', "import '../settings/index.ts';"],
  ['layer-jobs', 'workers/jobs/bad.ts', "import '../../src/compose/index.ts';"],
  ['product-only', 'src/records/bad-test.ts', "import '../../test/fixture.ts';"],
  ['front-door', 'src/engines/pades/bad-door.ts', "import { der } from '../crypto/der.ts';\nexport default der;"],
  [
    'front-door',
    'src/archive/bad-door.ts',
    "import type { load } from '../records/store.ts';\nexport type L = typeof load;",
  ],
  ['front-door-entries', 'src/main.ts', "import './records/store.ts';"],
  ['front-door', 'src/compose/bad-door.ts', "import '../records/store.ts';"],
  [
    'no-cycle',
    'src/evidence/left.ts',
    "import type { Right } from './right.ts';\nexport interface Left { right: Right }",
  ],
  ['pdf-knows-no-crypto', 'src/engines/pdf/bad.ts', "import '../crypto/index.ts';"],
  ['crypto-knows-no-pdf', 'src/engines/crypto/bad.ts', "import '../pdf/index.ts';"],
  ['delivery-above-engines', 'src/api/bad-engine.ts', "import '../engines/pades/index.ts';"],
  ['delivery-above-engines', 'src/console/bad-sql.ts', "import '../platform/db/index.ts';"],
  ['delivery-above-engines', 'workers/in-process.ts', "import '../src/platform/db/index.ts';"],
  [
    'engines-are-pure',
    'src/engines/pdf/bad-fs.ts',
    "import { readFile } from 'node:fs/promises';\nexport default readFile;",
  ],
  ['engines-are-pure', 'src/engines/crypto/bad-net.ts', "import { request } from 'undici';\nexport default request;"],
  ['render-is-offline', 'src/engines/render/bad.ts', "import { get } from 'node:https';\nexport default get;"],
  ['fence-sql', 'src/records/bad-sql.ts', "import type { Kysely } from 'kysely';\nexport type K = Kysely<unknown>;"],
  ['fence-sql', 'src/api/bad-pg.ts', "import type { Pool } from 'pg';\nexport type P = Pool;"],
  ['fence-typst', 'src/forms/bad-typst.ts', "import '@myriaddreamin/typst-ts-node-compiler';"],
  ['fence-pdf-lib', 'src/evidence/bad-pdf.ts', "import { PDFDocument } from 'pdf-lib';\nexport default PDFDocument;"],
  ['fence-node-forge', 'src/signing/bad-forge.ts', "import forge from 'node-forge';\nexport default forge;"],
  ['fence-peculiar', 'src/engines/pdf/bad-asn1.ts', "import * as x509 from '@peculiar/x509';\nexport default x509;"],
  ['fence-hono', 'src/records/bad-hono.ts', "import { Hono } from 'hono';\nexport default Hono;"],
  [
    'fence-http-server',
    'src/evidence/bad-server.ts',
    "import { serve } from '@hono/node-server';\nexport default serve;",
  ],
  ['fence-queue', 'workers/jobs/bad-queue.ts', "import { Queue } from 'bullmq';\nexport default Queue;"],
  ['fence-object-store', 'src/archive/bad-minio.ts', "import { Client } from 'minio';\nexport default Client;"],
  ['environment', 'src/records/bad-env.ts', 'export const mode = process.env.MODE;'],
  ['environment', 'src/signing/bad-env.ts', "export const mode = process['env'];"],
  ['environment', 'src/archive/bad-env.ts', 'export const { env } = process;'],
  ['environment', 'workers/jobs/bad-env.ts', "import { env } from 'node:process';\nexport default env;"],
  ['engines-have-no-clock', 'src/engines/pades/bad-now.ts', 'export const now = Date.now();'],
  ['engines-have-no-clock', 'src/engines/crypto/bad-now.ts', 'export const now = new Date();'],
];

describe('the dependency rule', () => {
  test('this tree keeps it', async () => {
    const findings = await check(root);
    expect(findings.violations).toEqual([]);
    expect(findings.modules).toBeGreaterThan(100);
    expect(findings.imports).toBeGreaterThan(findings.modules);
  });

  test('a sound small tree has nothing to complain about', async () => {
    expect((await check(await plant('sound', sound))).violations).toEqual([]);
  });

  describe('a planted violation is caught', () => {
    let found: Violation[] = [];
    beforeAll(async () => {
      const bad = Object.fromEntries(violations.map(([, file, content]) => [file, `${content}\n`]));
      const extras = {
        'src/evidence/right.ts': "import type { Left } from './left.ts';\nexport interface Right { left: Left }\n",
        'test/fixture.ts': 'export const fixture = 1;\n',
      };
      found = (await check(await plant('planted', { ...sound, ...extras, ...bad }))).violations;
    });

    test.each(violations)('%s in %s', (rule, file) => {
      expect(found.filter(({ from }) => from === file).map((violation) => violation.rule)).toContain(rule);
    });

    test('every rule of the rule set is planted at least once', () => {
      const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
        forbidden: { name: string }[];
      };
      const planted = new Set(violations.map(([rule]) => rule));
      expect(forbidden.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([]);
    });
  });

  test('a file that the import checker cannot see is a violation', async () => {
    const base = await plant('unseen', {
      'src/main.ts': "import './part.ts';\n",
      'src/part.ts': 'export const part = 1;\n',
    });
    await mkdir(join(base, 'src/node_modules'), { recursive: true });
    await writeFile(join(base, 'src/node_modules/hidden.ts'), 'export const hidden = 1;\n');
    expect((await check(base)).violations).toEqual([{ rule: 'unseen', from: 'src/node_modules/hidden.ts', to: '' }]);
  });
});
