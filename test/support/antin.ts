/**
 * A whole Ấn Tín on a fresh data folder with the demo hospital: real database, stores, authority, renderer; the clock is the test's.
 * On which stores, database and runner: see `cell.ts`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type DemoHospital, openDemoHospital } from '../../src/cli/demo-hospital.ts';
import { shipped } from '../../src/cli/with-antin.ts';
import { type Antin, type ComposeOptions, compose } from '../../src/compose/index.ts';
import { type Clock, silentLog, systemClock } from '../../src/shared/index.ts';
import { cell, openPlace } from './cell.ts';
import { temporaryFolder } from './database.ts';

/**
 * When stories with a clock of their own begin. An S3 engine goes by the real clock and refuses to lock until a day that has passed,
 * so there they begin today; everywhere else on a day that never changes.
 */
export const STORY_BEGINS = cell.store === 's3' ? new Date() : new Date('2026-06-01T02:00:00Z');

export interface RunningAntin {
  readonly antin: Antin;
  readonly hospital: DemoHospital;
  readonly dataDir: string;
  /** Sends a request to the app itself: the same routes and middleware that the server serves. */
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
}

export interface RequestOptions {
  readonly key?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Record<string, string>;
}

export interface OpenOptions {
  readonly clock?: Clock;
  /** Default true. */
  readonly jobs?: boolean;
  readonly maxPdfBytes?: number;
  readonly bodyTimeoutMs?: number;
  /** PEM files of further anchors. */
  readonly extraAnchors?: readonly string[];
  /** Anything else that the composition takes. */
  readonly also?: Partial<ComposeOptions>;
}

/** Opens the system on a data folder, a new one or one that was closed before; who opens it closes it. */
export async function openAntin(dataDir: string, options: OpenOptions = {}): Promise<RunningAntin> {
  mkdirSync(dataDir, { recursive: true });
  const antin = await compose({
    mode: 'demo',
    dataDir,
    ...(await openPlace(dataDir)),
    publicBaseUrl: 'http://127.0.0.1:8080',
    policiesDir: shipped('storage-policies'),
    tsaUrls: [],
    maxPdfBytes: options.maxPdfBytes ?? 20 * 1024 * 1024,
    ...(options.bodyTimeoutMs === undefined ? {} : { bodyTimeoutMs: options.bodyTimeoutMs }),
    ...(options.extraAnchors === undefined ? {} : { extraAnchors: options.extraAnchors }),
    clock: options.clock ?? systemClock,
    log: silentLog,
    parallel: 1,
    ...options.also,
  });
  const hospital = await openDemoHospital(antin);
  if (options.jobs !== false) await antin.runner.start();
  return { antin, hospital, dataDir, request: (method, path, sent = {}) => send(antin, method, path, sent) };
}

/** Registers hooks; the returned function gives the running system inside tests. Jobs run. */
export function useAntin(options: OpenOptions = {}): () => RunningAntin {
  const folder = temporaryFolder();
  let running: RunningAntin | undefined;
  beforeAll(async () => {
    running = await openAntin(join(folder.path, 'data'), options);
  }, 120_000);
  afterAll(async () => {
    await running?.antin.close();
    rmSync(folder.path, { recursive: true, force: true });
  }, 60_000);
  return () => {
    if (running === undefined) throw new Error('the system runs only inside tests and hooks');
    return running;
  };
}

async function send(antin: Antin, method: string, path: string, options: RequestOptions): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.key !== undefined) headers.set('authorization', `Bearer ${options.key}`);
  if (options.json !== undefined) headers.set('content-type', 'application/json');
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  return antin.app.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
}

/** Waits until no job is due; fails with the cause if one stopped. */
export async function settle({ antin, hospital }: RunningAntin): Promise<void> {
  await antin.runner.drain();
  const stopped = await antin.outbox.stopped(hospital.facility);
  if (stopped.length > 0)
    throw new Error(stopped.map((one) => `${one.job}: ${one.causeCode}: ${one.causeDetail}`).join('\n'));
}

let counter = 0;

/** A discharge certificate as a hospital's system sends it; each call another record. */
export function dischargeCertificate({ antin }: RunningAntin, change: Record<string, unknown> = {}) {
  counter += 1;
  const form = antin.forms.list().find((one) => one.id === 'giay-ra-vien');
  const recordNumber = `26.1${String(counter).padStart(6, '0')}`;
  const content = { ...form?.sample(), recordNumber, ...change };
  return { type: 'giay-ra-vien', record: { number: recordNumber }, content };
}
