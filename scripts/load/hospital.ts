/** Plays a hospital: its system hands papers in, two people sign them, and its system asks until they are archived. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoHospital } from '../../src/cli/demo-hospital.ts';
import { openPkcs12, rawSigner, schemeFor } from '../../src/engines/crypto/index.ts';
import { type Answer, type Client, GaveUp, sleep } from './client.ts';
import type { Ledger, Paper } from './ledger.ts';

export interface HospitalOptions {
  readonly client: Client;
  readonly ledger: Ledger;
  readonly demo: DemoHospital;
  /** Folder of the demo authority; given, one batch in four is signed in two steps, with the practitioner's key held here. */
  readonly authorityDir?: string;
  /** The sample whose numbers are changed. */
  readonly sample: object;
  /** Begins every record number: runs on the same installation do not meet. */
  readonly prefix: string;
  /** How long after the last signature it first asks whether a paper is archived. Default 1 s. */
  readonly firstLookMs?: number;
}

export interface WalkOptions {
  readonly documents: number;
  /** Papers signed under one PIN. */
  readonly batch: (n: number) => number;
  /** Batches on their way at the same time. */
  readonly clients: number;
  /** Resolves when a batch of so many papers may begin. */
  readonly pace?: (size: number) => Promise<void>;
}

export interface Timings {
  readonly intake: number[];
  /** Of a session, one figure each. */
  readonly session: number[];
  /** A session's time divided by its papers. */
  readonly signature: number[];
}

export interface Hospital {
  /** Hands that many papers in and has them signed; resolves then. */
  walk(options: WalkOptions): Promise<void>;
  /** Hands one paper in and has it signed; resolves then, and goes on asking for it like for the others. */
  signOne(): Promise<Paper>;
  /** Resolves when all papers have been seen in the archive or were given up. */
  settled(): Promise<void>;
  readonly timings: Timings;
  /** What was measured so far was only warming up. */
  forgetTimings(): void;
}

type Person = DemoHospital['practitioner'];

export async function createHospital(options: HospitalOptions): Promise<Hospital> {
  const { client, ledger, demo, sample, prefix } = options;
  const token = options.authorityDir === undefined ? undefined : await openToken(options.authorityDir);
  const timings: Timings = { intake: [], session: [], signature: [] };
  let count = 0;
  let sessions = 0;

  const handIn = async (): Promise<Paper> => {
    count += 1;
    const number = `${prefix}.${String(count).padStart(6, '0')}`;
    const paper = ledger.open(number);
    const { content } = sample as { content: object };
    const json = { ...sample, record: { number }, content: { ...content, recordNumber: number } };
    const key = demo.keys.intake;
    const answer = await client.ask({ method: 'POST', path: '/v1/documents', key, json, idempotencyKey: number });
    const { id, renditionSha256 } = expectStatus(answer, 201, `intake of ${number}`);
    timings.intake.push(answer.milliseconds);
    Object.assign(paper, { id, renditionSha256, receivedAt: Date.now() });
    return paper;
  };

  /** Signs with the key kept by the server; what a session could not sign is asked for again in another. */
  const signUnderPin = async (by: Person, field: string, papers: readonly Paper[]): Promise<void> => {
    let open = papers;
    for (let attempt = 0; open.length > 0; attempt += 1) {
      if (attempt > 0) await sleep(Math.min(4000, 250 * 2 ** attempt));
      if (attempt > 60) throw new GaveUp(`a session of ${by.clinician} did not sign ${open.map(({ id }) => id)}`);
      sessions += 1;
      const documents = open.map(({ id, renditionSha256 }) => ({ id, renditionSha256 }));
      const answer = await client.ask({
        method: 'POST',
        path: '/v1/sessions',
        key: by.apiKey,
        json: { credential: by.credential, pin: by.pin, documents },
        idempotencyKey: `${prefix}-session-${sessions}`,
      });
      const { results } = expectStatus(answer, 201, 'session') as unknown as { results: Line[] };
      timings.session.push(answer.milliseconds);
      for (const _ of open) timings.signature.push(answer.milliseconds / open.length);
      open = await stillOpen(by, field, open, results);
    }
  };

  const stillOpen = async (
    by: Person,
    field: string,
    papers: readonly Paper[],
    results: readonly Line[],
  ): Promise<Paper[]> => {
    const left: Paper[] = [];
    for (const paper of papers) {
      const line = results.find(({ document }) => document === paper.id);
      if (line?.signed === true) acknowledge(paper, line.field, line.sha256);
      // An earlier answer was lost: the signature is there, and the document says which bytes it gave.
      else if (line === undefined || !(await wasSigned(by, field, paper))) left.push(paper);
    }
    return left;
  };

  const wasSigned = async (by: Person, field: string, paper: Paper): Promise<boolean> => {
    const shown = await look(paper, by.apiKey);
    const index = shown.slots.filter(({ signedAt }) => signedAt !== null).findIndex((slot) => slot.field === field);
    const revision = shown.revisions.filter(({ kind }) => kind === 'signature')[index];
    if (index < 0 || revision === undefined) return false;
    acknowledge(paper, field, revision.sha256);
    return true;
  };

  const acknowledge = (paper: Paper, field: string, sha256: string): void => {
    paper.signatures.push({ field, sha256, at: Date.now() });
  };

  const look = async (paper: Paper, key: string): Promise<Shown> =>
    expectStatus(
      await client.ask({ method: 'GET', path: `/v1/documents/${paper.id}`, key }),
      200,
      'document',
    ) as unknown as Shown;

  /** Both steps, with the key in this process: what a token or a signing service does. */
  const signByToken = async (by: Person, field: string, paper: Paper): Promise<void> => {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      if (attempt > 0) await sleep(Math.min(4000, 250 * 2 ** attempt));
      if (await wasSigned(by, field, paper)) return;
      const opened = await client.ask({
        method: 'POST',
        path: `/v1/documents/${paper.id}/turns`,
        key: by.apiKey,
        json: { credential: by.credential },
      });
      if (opened.status !== 201) continue;
      const { id, toSign } = JSON.parse(opened.bytes.toString('utf8'));
      const value = await token?.(Buffer.from(toSign.signedAttributes, 'base64'));
      const done = await client.ask({
        method: 'POST',
        path: `/v1/turns/${id}/complete`,
        key: by.apiKey,
        json: { signature: Buffer.from(value ?? []).toString('base64') },
        idempotencyKey: `turn-${id}`,
      });
      if (done.status !== 200) continue;
      return acknowledge(paper, field, JSON.parse(done.bytes.toString('utf8')).sha256);
    }
    throw new GaveUp(`no turn on ${paper.id} was completed`);
  };

  const untilArchived = async (paper: Paper): Promise<void> => {
    const begun = performance.now();
    for (
      let pause = options.firstLookMs ?? 1000;
      performance.now() - begun < 600_000;
      pause = Math.min(4000, pause * 1.5)
    ) {
      await sleep(pause);
      if ((await look(paper, demo.keys.intake)).state !== 'archived') continue;
      paper.seenArchivedAt = Date.now();
      return;
    }
    throw new GaveUp(`${paper.id} is not archived`);
  };

  const walkBatch = async (size: number, inTwoSteps: boolean): Promise<Paper[]> => {
    const papers: Paper[] = [];
    for (let n = 0; n < size; n += 1) papers.push(await handIn());
    if (inTwoSteps) for (const paper of papers) await signByToken(demo.practitioner, FIELDS.practitioner, paper);
    else await signUnderPin(demo.practitioner, FIELDS.practitioner, papers);
    await signUnderPin(demo.representative, FIELDS.representative, papers);
    for (const paper of papers) paper.signedAt = Date.now();
    return papers;
  };

  const refuse = (thrown: unknown): void => {
    ledger.refusals.push(thrown instanceof Error ? thrown.message : String(thrown));
  };
  const waiting: Promise<void>[] = [];

  return {
    timings,
    forgetTimings: () => {
      for (const list of Object.values(timings)) list.length = 0;
    },
    signOne: async () => {
      try {
        const [paper] = await walkBatch(1, false);
        if (paper === undefined) throw new GaveUp('no paper');
        waiting.push(untilArchived(paper).catch(refuse));
        return paper;
      } catch (thrown) {
        refuse(thrown);
        throw thrown;
      }
    },
    walk: async ({ documents, batch, clients, pace }) => {
      let left = documents;
      let batches = 0;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          batches += 1;
          const size = Math.min(left, batch(batches));
          const inTwoSteps = token !== undefined && batches % 4 === 0;
          left -= size;
          await pace?.(size);
          try {
            for (const paper of await walkBatch(size, inTwoSteps)) waiting.push(untilArchived(paper).catch(refuse));
          } catch (thrown) {
            refuse(thrown);
          }
        }
      };
      await Promise.all(Array.from({ length: clients }, worker));
    },
    settled: async () => {
      await Promise.all(waiting);
    },
  };
}

/** The slots of `giay-ra-vien`. */
const FIELDS = { practitioner: 'NguoiHanhNghe', representative: 'DaiDienDonVi' } as const;

interface Line {
  readonly document: string;
  readonly signed: boolean;
  readonly field: string;
  readonly sha256: string;
  readonly code?: string;
}

interface Shown {
  readonly state: string;
  readonly slots: readonly { readonly field: string; readonly signedAt: string | null }[];
  readonly revisions: readonly { readonly kind: string; readonly sha256: string }[];
}

function expectStatus(answer: Answer, status: number, deed: string): Record<string, string> {
  const text = answer.bytes.toString('utf8');
  if (answer.status !== status) throw new GaveUp(`${deed}: ${answer.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

async function openToken(authorityDir: string): Promise<(message: Uint8Array) => Promise<Uint8Array>> {
  const file = (name: string): Promise<Buffer> => readFile(join(authorityDir, 'people', name));
  const pin = (await file('practitioner.pin')).toString('utf8').trim();
  const { privateKey, certificate } = await openPkcs12(await file('practitioner.p12'), pin);
  const sign = rawSigner(privateKey, schemeFor(certificate));
  return async (message) => sign(message);
}
