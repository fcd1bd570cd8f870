/**
 * The main road on a fresh installation: intake over the API, two people and the seal sign, B-LTA, archive. First step by step with all
 * documents, to see what each costs in which process; then all at once, to see how many go through.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoHospital, openDemoHospital } from '../src/cli/demo-hospital.ts';
import { shipped } from '../src/cli/with-antin.ts';
import { type Antin, compose } from '../src/compose/index.ts';
import { silentLog, systemClock } from '../src/shared/index.ts';
import { createInProcessRunner } from '../workers/in-process.ts';
import { JOBS, type JobDeps } from '../workers/jobs/index.ts';
import { watchAuthority } from './authority-cost.ts';
import { cpuNow, type Row, type Section } from './figures.ts';
import { childrenCpu } from './processes.ts';

export interface RoadOptions {
  /** Documents in each of the two passes. */
  readonly documents: number;
}

/** Documents that one person signs under one PIN. */
const SESSION = 10;
/** Clients at work at the same time. */
const CLIENTS = 4;

export async function measureRoad({ documents }: RoadOptions): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), 'antin-bench-road-'));
  await chmod(folder, 0o755); // started by root, the database's account must get through
  const antin = await compose({
    mode: 'demo',
    dataDir: join(folder, 'data'),
    publicBaseUrl: 'http://127.0.0.1:8080',
    policiesDir: shipped('storage-policies'),
    tsaUrls: [],
    maxPdfBytes: 20 << 20,
    clock: systemClock,
    log: silentLog,
    parallel: 2,
  });
  try {
    const road = createRoad(antin, await openDemoHospital(antin));
    await road.steps(2 * SESSION); // warms up
    const authority = watchAuthority(antin);
    const parts = await road.steps(documents);
    const services = await authority.cpuMs();
    const whole = await road.allAtOnce(documents);
    return section(documents, parts, services, whole);
  } finally {
    await antin.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Cost {
  readonly wall: number;
  readonly own: number;
  readonly typst: number;
  readonly postgres: number;
}

interface Part extends Cost {
  readonly name: string;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const before = { own: cpuNow(), children: childrenCpu(), at: performance.now() };
  await work();
  const children = childrenCpu();
  return {
    wall: performance.now() - before.at,
    own: cpuNow() - before.own,
    typst: (children?.typst ?? 0) - (before.children?.typst ?? 0),
    postgres: (children?.postgres ?? 0) - (before.children?.postgres ?? 0),
  };
}

interface Taken {
  readonly id: string;
  readonly renditionSha256: string;
}

function createRoad(antin: Antin, hospital: DemoHospital) {
  const { outbox, records, signing, archive } = antin;
  const deps: JobDeps = { outbox, records, signing, archive };
  const form = antin.forms.list().find((one) => one.id === 'giay-ra-vien');
  if (form === undefined) throw new Error('the discharge certificate has gone');
  let record = 0;

  const post = async (path: string, key: string, json: unknown): Promise<unknown> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await antin.app.request(path, { method: 'POST', headers, body: JSON.stringify(json) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };

  const takeIn = async (): Promise<Taken> => {
    record += 1;
    const recordNumber = `BENCH.${String(record).padStart(6, '0')}`;
    const content = { ...form.sample(), recordNumber };
    const request = { type: form.id, record: { number: recordNumber }, content };
    return (await post('/v1/documents', hospital.keys.intake, request)) as Taken;
  };

  const signAll = async (person: DemoHospital['practitioner'], documents: readonly Taken[]): Promise<void> => {
    const asked = documents.map(({ id, renditionSha256 }) => ({ id, renditionSha256 }));
    const request = { credential: person.credential, pin: person.pin, documents: asked };
    const { results } = (await post('/v1/sessions', person.apiKey, request)) as { results: { signed: boolean }[] };
    const refused = results.find((result) => !result.signed);
    if (refused !== undefined) throw new Error(`not signed: ${JSON.stringify(refused)}`);
  };

  /** Does the one job for every document that is due for it. */
  const run = async (job: keyof typeof JOBS): Promise<void> => {
    const only = createInProcessRunner({
      outbox,
      jobs: { [job]: JOBS[job] },
      deps,
      log: silentLog,
      concurrency: CLIENTS,
    });
    await only.start();
    await only.drain();
    await only.stop();
  };

  const refuseStopped = async (): Promise<void> => {
    const [stopped] = await outbox.stopped(hospital.facility);
    if (stopped !== undefined) throw new Error(`${stopped.job} stopped: ${stopped.causeCode} ${stopped.causeDetail}`);
  };

  const refuseUnarchived = async (documents: readonly Taken[]): Promise<void> => {
    await refuseStopped();
    for (const { id } of documents) {
      const { state } = await records.find(hospital.facility, id);
      if (state !== 'archived') throw new Error(`a document is ${state}, not archived`);
    }
  };

  return {
    async steps(count: number): Promise<Part[]> {
      const taken: Taken[] = [];
      const parts: Part[] = [];
      const part = async (name: string, work: () => Promise<unknown>) => {
        parts.push({ name, ...(await costOf(work)) });
      };
      await part('intake and rendering', () =>
        atOnce(Array.from({ length: count }), async () => taken.push(await takeIn())),
      );
      const sessions = batches(taken);
      await part('practitioner signs', () => atOnce(sessions, (batch) => signAll(hospital.practitioner, batch)));
      await part('representative signs', () => atOnce(sessions, (batch) => signAll(hospital.representative, batch)));
      await part('seal and B-LTA', () => run('seal'));
      await part('archive', () => run('archive'));
      await refuseUnarchived(taken);
      return parts;
    },

    async allAtOnce(count: number): Promise<Cost> {
      const taken: Taken[] = [];
      const cost = await costOf(async () => {
        await antin.runner.start();
        await atOnce(batches(Array.from({ length: count })), async (batch) => {
          const documents: Taken[] = [];
          for (const _ of batch) documents.push(await takeIn());
          await signAll(hospital.practitioner, documents);
          await signAll(hospital.representative, documents);
          taken.push(...documents);
        });
        await antin.runner.drain();
      });
      await refuseUnarchived(taken);
      return cost;
    },
  };
}

function batches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / SESSION) }, (_, index) =>
    items.slice(index * SESSION, (index + 1) * SESSION),
  );
}

/** Works through `items`, `CLIENTS` at a time. */
async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const client = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

function section(documents: number, parts: readonly Part[], services: number, whole: Cost): Section {
  const each = (name: string, { own, typst, postgres }: Cost): Row => ({
    name,
    figures: [
      { quantity: 'CPU', value: (own + typst + postgres) / documents, unit: 'ms' },
      { quantity: 'own', value: own / documents, unit: 'ms' },
      { quantity: 'Typst', value: typst / documents, unit: 'ms' },
      { quantity: 'PostgreSQL', value: postgres / documents, unit: 'ms' },
    ],
  });
  const sum = (key: keyof Cost): number => parts.reduce((total, part) => total + part[key], 0);
  const together: Cost = { wall: sum('wall'), own: sum('own'), typst: sum('typst'), postgres: sum('postgres') };
  const cores = 2;
  const total = (whole.own + whole.typst + whole.postgres) / documents;
  return {
    title: `Whole road, ${documents} discharge certificates, CPU a document (${SESSION} a signing session)`,
    rows: [
      ...parts.map((part) => each(part.name, part)),
      each('sum of the parts', together),
      {
        name: 'of it the demo authority',
        figures: [{ quantity: 'CPU', value: services / documents, unit: 'ms' }],
        note: 'time-stamps and OCSP answers, elsewhere in real life',
      },
      each('all at once', whole),
      {
        name: `all at once, ${CLIENTS} clients`,
        figures: [
          { quantity: 'rate', value: (documents * 1000) / whole.wall, unit: '1/s', goal: { atLeast: 25 } },
          { quantity: `by ${cores} cores' CPU`, value: (cores * 1000) / total, unit: '1/s', goal: { atLeast: 25 } },
          { quantity: 'by own CPU', value: (documents * 1000) / whole.own, unit: '1/s', goal: { atLeast: 25 } },
        ],
        note: 'by CPU: what an otherwise idle machine reaches at most',
      },
    ],
  };
}
