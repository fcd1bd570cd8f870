/**
 * `npm run soak -- --documents 10000 --json FILE`: a hospital at work on the whole production stack, without faults: how many papers a
 * second go the whole road, how long people and systems wait, whether memory stays flat, and what this machine could do at most.
 * See docs/chaos.md.
 */
import { mkdtempSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createObserver } from '../chaos/observer.ts';
import { authorityPort, makeAuthority, startAuthority } from '../faults/authority.ts';
import { createClient, sleep } from '../load/client.ts';
import { createHospital } from '../load/hospital.ts';
import { createLedger } from '../load/ledger.ts';
import { createTally, total } from '../load/tally.ts';
import { type Stack, startStack } from '../stack/index.ts';
import { measureLimits } from './limits.ts';
import { watch } from './memory.ts';
import { figures, report, type SoakOutcome } from './report.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '1000' },
    json: { type: 'string' },
    s3: { type: 'string', default: 'minio' },
    clients: { type: 'string', default: '6' },
    /** Papers that are signed and not yet archived: no more are begun while there are so many. */
    'most-open': { type: 'string', default: '100' },
    dir: { type: 'string' },
  },
});
if (values.s3 !== 'minio' && values.s3 !== 'seaweedfs') throw new Error('--s3 takes minio or seaweedfs');

/** Papers that one person signs under one PIN. */
const SESSION = 10;
const documents = Number(values.documents);
const dir = values.dir ?? mkdtempSync(join(tmpdir(), 'antin-soak-'));
const begun = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);

await mkdir(dir, { recursive: true });
await chmod(dir, 0o755);
console.log(
  `${documents} documents, ${SESSION} a signing session, ${values.s3}, node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}`,
);
const authorityDir = join(dir, 'volumes', 'antin-data', 'authority');
const port = await authorityPort();
const { timestampUrl } = await makeAuthority(authorityDir, port);
const tsa = await startAuthority(authorityDir, join(dir, 'tsa'), port);
let stack: Stack | undefined;
try {
  stack = await startStack({
    dir,
    s3: values.s3,
    proxy: false,
    env: { TSA_URLS: timestampUrl, INSIDE_HOSTS: '127.0.0.1', LOG_LEVEL: 'info' },
    say,
  });
  const outcome = await run(stack);
  console.log(report(outcome));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures(outcome), null, 2)}\n`);
  if (outcome.unarchived > 0 || outcome.refusals.length > 0) process.exitCode = 1;
} finally {
  await stack?.stop();
  await tsa.stop();
  if (values.dir === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();

async function run(running: Stack): Promise<SoakOutcome> {
  const tally = createTally();
  const ledger = createLedger();
  const client = createClient({ apis: running.api.map(({ url }) => url), tally });
  const observer = createObserver(running.postgres.url);
  const sample = JSON.parse(
    await readFile(join(import.meta.dirname, '../../samples/discharge-certificate.json'), 'utf8'),
  );
  let archived = 0;
  let over = false;
  const counting = (async () => {
    while (!over) {
      archived = (await observer.states()).archived ?? 0;
      await sleep(250);
    }
  })();
  const signed = (): number => ledger.papers().filter(({ signedAt }) => signedAt !== undefined).length;
  const hospital = await createHospital({
    client,
    ledger,
    demo: running.hospital,
    sample,
    prefix: 'SOAK',
    // A system that knows how long it usually takes asks once.
    firstLookMs: 5000,
  });
  const mostOpen = Number(values['most-open']);

  say('warming up');
  await hospital.walk({ documents: 4 * SESSION, batch: () => SESSION, clients: 4 });
  while (archived < 4 * SESSION) await sleep(50);
  hospital.forgetTimings();
  const before = archived;
  const load = [loadavg()[0] ?? 0];

  const { postgres, redis, s3 } = running;
  const watched = [
    ...running.api,
    ...running.workers,
    postgres,
    redis,
    s3,
    tsa,
    { name: 'clients', pid: () => process.pid },
  ];
  const watching = watch(watched, () => archived - before);
  const progress = setInterval(() => say(`${archived - before} of ${documents} archived`), 15_000);
  const start = performance.now();
  await hospital.walk({
    documents,
    batch: () => SESSION,
    clients: Number(values.clients),
    pace: async () => {
      while (signed() - archived > mostOpen) await sleep(20);
    },
  });
  while (archived < before + documents && performance.now() - start < 3_600_000) await sleep(20);
  const wallMs = performance.now() - start;
  clearInterval(progress);
  const processes = watching.stop();
  load.push(loadavg()[0] ?? 0);
  over = true;
  await counting;
  await hospital.settled();
  const lags = await archiveLags(ledger.papers().slice(4 * SESSION), observer);
  const [size] = await observer.rows<{ bytes: string }>('SELECT avg(size)::int AS bytes FROM archive_object');
  const outcome = {
    documents,
    session: SESSION,
    wallMs,
    timings: hospital.timings,
    lags,
    processes,
    errors: total(tally.counts().errors),
    refusals: ledger.refusals,
    unarchived: before + documents - ((await observer.states()).archived ?? 0),
    attempts: await observer.attempts(),
    load,
  };
  await observer.close();
  say('the road is done; the limits of this machine');
  for (const one of [...running.api, ...running.workers]) await one.kill('SIGTERM');
  return { ...outcome, limits: await measureLimits(running, Number(size?.bytes ?? 100_000)) };
}

/** From the acknowledgement of the last signature to the registration of the archive object; both clocks are this machine's. */
async function archiveLags(
  papers: readonly { readonly id?: string; readonly signedAt?: number }[],
  observer: ReturnType<typeof createObserver>,
): Promise<number[]> {
  const rows = await observer.rows<{ id: string; at: Date }>(
    'SELECT document_id AS id, archived_at AS at FROM archive_object',
  );
  const at = new Map(rows.map((row) => [row.id, row.at.getTime()]));
  return papers.flatMap(({ id, signedAt }) => {
    const archivedAt = at.get(id ?? '');
    return archivedAt === undefined || signedAt === undefined ? [] : [Math.max(0, archivedAt - signedAt)];
  });
}
