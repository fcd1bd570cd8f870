/**
 * `npm run chaos -- --documents 2000 --json FILE`: a hospital at work on the whole production stack while everything in it is killed,
 * stopped, wiped, slowed, filled and set to the wrong time. Afterwards every paper must lie in the archive exactly once, and every
 * signature must hold. See docs/chaos.md. Exit code 1 on any violation; the evidence is kept then.
 */
import { mkdtempSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadLogKey } from '../../src/platform/audit/index.ts';
import { createLogProofs } from '../../src/platform/audit/proofs.ts';
import { openDatabase } from '../../src/platform/db/index.ts';
import { loadAuthority } from '../../src/platform/trust/authority/index.ts';
import { systemClock } from '../../src/shared/index.ts';
import { everyFault } from '../faults/catalogue.ts';
import { createChance } from '../faults/random.ts';
import { planWaves, wavesInWords } from '../faults/schedule.ts';
import { type Client, createClient, sleep } from '../load/client.ts';
import { createHospital } from '../load/hospital.ts';
import { createLedger, type Ledger } from '../load/ledger.ts';
import { createTally } from '../load/tally.ts';
import { type Bucket, openBucket } from './bucket.ts';
import { type CheckResult, checkEverything, type Finding } from './check.ts';
import { createObserver, type Observer } from './observer.ts';
import { askOutside } from './outside-judge.ts';
import { figures, report } from './report.ts';
import { type ChaosSystem, startChaosSystem } from './system.ts';
import { runWave, type WaveResult } from './waves.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '200' },
    json: { type: 'string' },
    s3: { type: 'string', default: 'minio' },
    seed: { type: 'string' },
    rounds: { type: 'string' },
    /** Most faults at a time. */
    together: { type: 'string', default: '3' },
    /** Only faults whose name holds one of these words. */
    only: { type: 'string' },
    dir: { type: 'string' },
    /** A fault that this machine does not allow is a failure, not a remark. */
    'demand-all': { type: 'boolean', default: false },
    plan: { type: 'boolean', default: false },
  },
});
if (values.s3 !== 'minio' && values.s3 !== 'seaweedfs') throw new Error('--s3 takes minio or seaweedfs');

const MOST_RECOVERY_MS = 60_000;
/** What a wave takes on the average, for the pace of the load. */
const WAVE_MS = 6000;
/** Papers under one PIN. */
const MOST_AT_ONCE = 5;

const documents = Number(values.documents);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const rounds = Number(values.rounds ?? Math.max(1, Math.round(documents / 500)));
const chance = createChance(seed);
const dir = values.dir ?? mkdtempSync(join(tmpdir(), 'antin-chaos-'));
const begun = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);

await mkdir(dir, { recursive: true });
await chmod(dir, 0o755); // started by root, the database's account must get through
console.log(
  `${documents} documents, seed ${seed}, ${values.s3}, ${availableParallelism()} cores, node ${process.version}`,
);
// Whoever ends the run early leaves no process and no mounted disk behind either.
const ended = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => reject(new Error(`Ended by ${signal}.`)));
  }
});
ended.catch(() => undefined);
const system = await startChaosSystem({ dir, s3: values.s3, chance, say });
let failed = true;
try {
  failed = await Promise.race([run(system), ended]);
} catch (error) {
  console.log(error);
} finally {
  await system.stop(failed);
  if (failed) console.log(`The evidence is in ${dir}`);
  else if (values.dir === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(failed ? 1 : 0);

/** @returns whether something was violated. */
async function run({ stack, victims, authorityDir, impossible, revive }: ChaosSystem): Promise<boolean> {
  const wanted = values.only?.split(',').map((word) => word.trim());
  const faults = everyFault(victims).filter(({ name }) => wanted?.some((word) => name.includes(word)) ?? true);
  const waves = planWaves(faults, chance, { rounds, together: Number(values.together) });
  console.log(`\nWaves of faults (seed ${seed}):\n${wavesInWords(waves).join('\n')}`);
  for (const reason of impossible) console.log(`Not possible here: ${reason}`);
  if (values['demand-all'] && impossible.length > 0) return true;
  console.log();

  const tally = createTally();
  const ledger = createLedger();
  const client = createClient({ apis: stack.api.map(({ url }) => url), tally });
  const observer = createObserver(stack.postgres.url);
  const sample = JSON.parse(
    await readFile(join(import.meta.dirname, '../../samples/discharge-certificate.json'), 'utf8'),
  );
  const demo = stack.hospital;
  const hospital = await createHospital({ client, ledger, demo, authorityDir, sample, prefix: 'CHAOS' });

  // Papers keep coming through all waves: each has its share, spread over the time that a wave takes on the average.
  const steady = Math.max(0, documents - waves.reduce((sum, wave) => sum + wave.length, 0));
  let begunPapers = 0;
  let share = 0;
  const batch = (): number => chance.between(1, MOST_AT_ONCE);
  const everyMs = WAVE_MS / Math.max(1, steady / waves.length / ((1 + MOST_AT_ONCE) / 2));
  let nextAt = performance.now();
  let over = false;
  const pace = async (size: number): Promise<void> => {
    while (!over && begunPapers >= share) await sleep(50);
    begunPapers += size;
    nextAt = Math.max(nextAt + everyMs, performance.now());
    while (!over && performance.now() < nextAt) await sleep(20);
  };
  const load = hospital.walk({ documents: steady, batch, clients: 6, pace });

  const results: WaveResult[] = [];
  for (const [index, wave] of waves.entries()) {
    share = Math.ceil((steady * (index + 1)) / waves.length);
    const result = await runWave(wave, { ledger, tally, observer, signOne: hospital.signOne, say });
    results.push(result);
    const revived = await revive();
    const words = result.experiences.map(
      ({ fault, recoveredMs }) => `${fault.name}: ${(recoveredMs / 1000).toFixed(1)} s`,
    );
    const archived = ledger.papers().filter(({ seenArchivedAt }) => seenArchivedAt !== undefined).length;
    say(
      `${index + 1}/${waves.length}  ${words.join(' · ')}   (${ledger.papers().length} papers, ${archived} archived)`,
    );
    for (const trouble of result.troubles) say(`trouble: ${trouble}`);
    for (const name of revived) say(`${name} had ended by itself and was started again`);
    for (const { job, subject, cause } of result.stopped) say(`stopped: ${job} of ${subject}: ${cause}`);
  }
  over = true;
  say('the faults are over');
  const over0 = performance.now();
  await load;
  await hospital.settled();
  const settledMs = performance.now() - over0;
  say('every paper was seen in the archive, or given up');
  await logSettled(observer);
  const bucket = openBucket({
    ...stack.s3,
    archiveBucket: stack.buckets.archive,
    workBucket: stack.buckets.work,
  });
  const planted = await plantSurplus(bucket, observer);
  const check = await judge({ stack, authorityDir }, { ledger, client, observer, bucket });
  const violations: Finding[] = [...check.findings];
  if (!check.surplus.some(({ versionId }) => versionId === planted)) {
    violations.push({ rule: 'the check sees what is planted', what: `surplus version ${planted}` });
  }
  const outside = await askOutside(check.sample, join(authorityDir, 'trust', 'signers'), join(dir, 'sample'));
  violations.push(...outside.findings);
  violations.push(...(await missesPlanted({ stack, authorityDir }, { ledger, client, observer, bucket })));
  for (const { fault, recoveredMs } of results.flatMap(({ experiences }) => experiences)) {
    if (recoveredMs > MOST_RECOVERY_MS) {
      violations.push({ rule: 'recovered within 60 s', what: `${fault.name}: ${(recoveredMs / 1000).toFixed(1)} s` });
    }
  }
  for (const result of results) {
    for (const trouble of result.troubles) violations.push({ rule: 'faults begin and end', what: trouble });
    for (const { job, subject, cause } of result.stopped) {
      violations.push({ rule: 'no job stops', what: `${job} of ${subject}: ${cause}` });
    }
  }
  const outcome = {
    results,
    outside,
    lostAnswers: Object.entries(victims.links).map(([name, link]) => ({ name, count: link.lost() })),
    check,
    violations,
    seen: tally.counts(),
    attempts: await observer.attempts(),
    settledMs,
    impossible,
  };
  console.log(report(outcome));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures(outcome), null, 2)}\n`);
  if (violations.length > 0) {
    await writeFile(join(dir, 'ledger.json'), JSON.stringify(ledger, null, 1));
    await writeFile(join(dir, 'violations.json'), JSON.stringify(violations, null, 1));
  }
  bucket.close();
  await observer.close();
  return violations.length > 0;
}

/** The sequencer follows within seconds. */
async function logSettled(observer: Observer): Promise<void> {
  for (let look = 0; look < 300; look += 1) {
    const [row] = await observer.rows<{ n: string }>('SELECT count(*) AS n FROM audit_pending');
    if (row?.n === '0') return;
    await sleep(200);
  }
}

interface Seen {
  readonly ledger: Ledger;
  readonly client: Client;
  readonly observer: Observer;
  readonly bucket: Bucket;
}

/** What a PUT leaves whose answer was lost, when nobody adopts it. */
async function plantSurplus(bucket: Bucket, observer: Observer): Promise<string> {
  const [registered] = await observer.registered();
  return registered === undefined ? 'of nothing' : bucket.writeAgain(registered);
}

/** A check that finds nothing must be able to: a ledger with a paper that was lost and a signature that never was. */
async function missesPlanted(at: Pick<ChaosSystem, 'stack' | 'authorityDir'>, seen: Seen): Promise<Finding[]> {
  const ledger = createLedger();
  Object.assign(ledger.open('CHAOS.LOST'), { id: '00000000-0000-7000-8000-000000000000' });
  const [paper] = seen.ledger.papers();
  if (paper !== undefined) {
    const { signatures, ...rest } = paper;
    const false_ = ledger.open(paper.number);
    Object.assign(false_, rest);
    for (const one of signatures) false_.signatures.push({ ...one, sha256: one.sha256.replace(/^./, 'x') });
  }
  const { findings } = await judge(at, { ...seen, ledger });
  const rules = new Set(findings.map(({ rule }) => rule));
  return ['one document for each paper', 'exactly one registered version', 'acknowledged signatures are there']
    .filter((rule) => !rules.has(rule))
    .map((rule) => ({ rule: 'the check sees what is planted', what: rule }));
}

async function judge(
  { stack, authorityDir }: Pick<ChaosSystem, 'stack' | 'authorityDir'>,
  seen: Seen,
): Promise<CheckResult> {
  const { root } = await loadAuthority(authorityDir, { clock: systemClock });
  return checkEverything({
    ...seen,
    key: stack.hospital.keys.recordsOfficer,
    anchors: [root],
    fsck: async () => {
      const { code, stdout, stderr } = await stack.antin('fsck', '--json');
      try {
        return JSON.parse(stdout);
      } catch {
        throw new Error(`fsck ended with ${code}: ${stdout}${stderr}`);
      }
    },
    verifyAuditLog: async () => {
      const database = await openDatabase({ url: stack.postgres.url }, { schema: 'require' });
      try {
        const { publicKey } = await loadLogKey(stack.environment('worker-1').KEYS_DIR ?? '');
        return await createLogProofs({ db: database.db, publicKey }).verifyLog(stack.hospital.facility);
      } finally {
        await database.close();
      }
    },
  });
}
