/**
 * What a process tells of itself and, at the same place, of the whole installation: every process computes the latter from the same
 * database, so any one of them may be asked. Labels hold route patterns, job names and ids of facilities, never anything of a patient.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Clock, type Log, silentLog } from '../../shared/index.ts';
import type { Database } from '../db/index.ts';
import type { TimestampUsage } from '../trust/index.ts';
import * as store from './store.ts';

/** How a try of a job ended. */
export type JobOutcome = 'done' | 'retry' | 'stopped' | 'lost';

export interface Metrics {
  /** A request was answered. `route` is the pattern (`/v1/documents/:documentId`). */
  countRequest(about: { method: string; route: string; status: number; seconds: number }): void;
  /** A job ended. */
  countJob(about: { job: string; outcome: JobOutcome; seconds: number }): void;
  /** Pages were set. */
  countRender(seconds: number): void;
  /** Everything, in the text format of Prometheus. Never fails because the database is away: its measures are left out then. */
  expose(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface MetricsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log?: Log;
  /** Use of the time-stamp authorities by this process. */
  readonly timestamps?: () => readonly TimestampUsage[];
  /** The latest probe of the archive store, if there was one. */
  readonly probe?: () => Promise<{ readonly at: Date; readonly passed: boolean } | undefined>;
  /** What the sweeps found and nobody has settled, by kind. */
  readonly findings?: () => Promise<readonly { readonly kind: string; readonly count: number }[]>;
  /** Measures of the process itself (memory, CPU, event loop). Default true; a test with many systems in one process may do without. */
  readonly ofProcess?: boolean;
}

/** Measures of the database are asked for at most this often. */
const FRESH_MS = 5_000;
const DAY_MS = 86_400_000;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(options: MetricsOptions): Metrics {
  const { clock } = options;
  const registry = new Registry();
  const registers = [registry];
  if (options.ofProcess !== false) collectDefaultMetrics({ register: registry });

  const requests = new Histogram({
    name: 'antin_http_request_seconds',
    help: 'Time until a request was answered, by route pattern and status',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const jobs = new Histogram({
    name: 'antin_job_seconds',
    help: 'Time of one try of a job, by outcome',
    labelNames: ['job', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const renders = new Histogram({
    name: 'antin_render_seconds',
    help: 'Time from asking for a rendition to having it, waiting for a free typesetter included',
    buckets: SECONDS,
    registers,
  });
  addTimestampMeasures(registers, options.timestamps);
  const fill = createInstallationMeasures(registers, options);

  return {
    countRequest: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    countJob: ({ job, outcome, seconds }) => jobs.observe({ job, outcome }, seconds),
    countRender: (seconds) => renders.observe(seconds),
    expose: async () => {
      await fill(clock.now());
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function addTimestampMeasures(registers: Registry[], usage: MetricsOptions['timestamps']): void {
  const labelNames = ['authority'] as const;
  const counter = (name: string, help: string, count: (one: TimestampUsage) => number) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const one of usage?.() ?? []) this.inc({ authority: one.url }, count(one));
      },
    });
  counter(
    'antin_timestamp_tokens_total',
    'Time-stamp tokens received and accepted by this process',
    ({ tokens }) => tokens,
  );
  counter('antin_timestamp_failures_total', 'Failed exchanges with a time-stamp authority', ({ failures }) => failures);
  new Gauge({
    name: 'antin_timestamp_authority_resting',
    help: '1 while the authority is left alone after failures in a row',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const one of usage?.() ?? []) this.set({ authority: one.url }, one.restingUntil === undefined ? 0 : 1);
    },
  });
}

/** Gauges of the whole installation. @returns a function that brings them up to date, at most every few seconds. */
function createInstallationMeasures(registers: Registry[], options: MetricsOptions): (now: Date) => Promise<void> {
  const { log = silentLog } = options;
  const { db } = options.database;
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers });
  const reachable = gauge(
    'antin_database_reachable',
    '1 if the measures of the installation could be read from the database',
  );
  const oldest = gauge(
    'antin_oldest_unarchived_signed_document_seconds',
    'How long the document waits that everybody has signed and that is longest not archived; 0: none waits',
  );
  const unarchived = gauge(
    'antin_unarchived_signed_documents',
    'Documents that everybody has signed and that are not archived',
  );
  const depth = gauge('antin_outbox_jobs', 'Unfinished jobs by state (waiting, leased, stopped)', 'job', 'state');
  const overdue = gauge('antin_outbox_oldest_due_seconds', 'How long the job is due that waits longest', 'job');
  const ends = gauge(
    'antin_certificate_remaining_days',
    'Days until the next certificate of a kind ends (seal, signer: by facility; tsa)',
    'kind',
    'facility',
  );
  const probeAge = gauge('antin_worm_probe_age_seconds', 'Age of the latest probe of the archive store');
  const probePassed = gauge('antin_worm_probe_passed', '1 if that probe passed');
  const findings = gauge(
    'antin_archive_findings',
    'What sweeps found in the archive and nobody has settled, by kind',
    'kind',
  );

  const fill = async (now: Date): Promise<void> => {
    const age = (since: Date | null): number =>
      since === null ? 0 : Math.max(0, (now.getTime() - since.getTime()) / 1000);
    const days = (until: Date): number => (until.getTime() - now.getTime()) / DAY_MS;
    const [waiting, jobs, certificates, probe, found] = await Promise.all([
      store.unarchivedSigned(db),
      store.outboxDepths(db),
      store.certificateEnds(db),
      options.probe?.(),
      options.findings?.(),
    ]);
    oldest.set(age(waiting.since));
    unarchived.set(waiting.count);
    for (const one of [depth, overdue, ends, findings]) one.reset();
    for (const one of [probeAge, probePassed]) one.remove();
    for (const { job, state, count, oldestDue } of jobs) {
      depth.set({ job, state }, count);
      if (oldestDue !== null) overdue.set({ job }, age(oldestDue));
    }
    for (const { facilityId, kind, nextEnd } of certificates) ends.set({ kind, facility: facilityId }, days(nextEnd));
    for (const { certificateEnds } of options.timestamps?.() ?? []) {
      if (certificateEnds !== undefined) ends.set({ kind: 'tsa', facility: '' }, days(certificateEnds));
    }
    if (probe !== undefined) {
      probeAge.set(age(probe.at));
      probePassed.set(probe.passed ? 1 : 0);
    }
    for (const { kind, count } of found ?? []) findings.set({ kind }, count);
    reachable.set(1);
  };

  let filledAt = Number.NEGATIVE_INFINITY;
  let filling: Promise<void> | undefined;
  return (now) => {
    if (performance.now() - filledAt < FRESH_MS) return Promise.resolve();
    filling ??= fill(now)
      .catch((error) => {
        log.warn({ err: error }, 'the measures of the installation could not be read');
        // What is not known is not shown: an alarm on an absent measure is right, one on an old measure is not.
        for (const one of [depth, overdue, ends, findings]) one.reset();
        for (const one of [oldest, unarchived, probeAge, probePassed]) one.remove();
        reachable.set(0);
      })
      .finally(() => {
        filledAt = performance.now();
        filling = undefined;
      });
    return filling;
  };
}
