/**
 * After the faults: is everything that a client was told true, is everything archived exactly once, does every signature hold? The
 * client's own ledger is compared with what the API says, with the rows of the database, and with what lies in the bucket.
 */
import type { Certificate } from '../../src/engines/crypto/index.ts';
import { validate } from '../../src/engines/pades/index.ts';
import type { LogVerdict } from '../../src/platform/audit/index.ts';
import { sha256Hex } from '../../src/shared/index.ts';
import type { Client } from '../load/client.ts';
import type { Ledger, Paper } from '../load/ledger.ts';
import type { Bucket, StoredVersion } from './bucket.ts';
import type { Observer } from './observer.ts';

export interface Finding {
  readonly rule: string;
  readonly what: string;
}

export interface CheckResult {
  readonly findings: readonly Finding[];
  readonly documents: number;
  readonly signatures: number;
  readonly acknowledgedSignatures: number;
  readonly registered: number;
  readonly versions: number;
  /** Versions that a lost answer left beside the registered one. */
  readonly surplus: readonly {
    readonly key: string;
    readonly versionId: string;
    readonly lockedUntil: string | undefined;
  }[];
  readonly auditEntries: number;
  readonly fsck: string;
  /** Archived PDFs for judges of other people. */
  readonly sample: readonly { readonly id: string; readonly pdf: Buffer }[];
}

export interface CheckOptions {
  readonly ledger: Ledger;
  readonly client: Client;
  readonly observer: Observer;
  readonly bucket: Bucket;
  /** Reads everything. */
  readonly key: string;
  readonly anchors: readonly Certificate[];
  readonly verifyAuditLog: () => Promise<LogVerdict>;
  readonly fsck: () => Promise<FsckJson>;
}

export interface FsckJson {
  readonly verdict: string;
  readonly registered: number;
  readonly ok: number;
  readonly findings: readonly { readonly problem: string; readonly key: string; readonly versionId: string }[];
}

const SAMPLE = 20;
const READERS = 6;

export async function checkEverything(options: CheckOptions): Promise<CheckResult> {
  const { ledger, observer, bucket } = options;
  const findings: Finding[] = [];
  const find = (rule: string, what: string): void => void findings.push({ rule, what });
  const papers = ledger.papers();

  for (const refusal of ledger.refusals) find('every deed succeeds in the end', refusal);
  for (const paper of papers.filter(({ id }) => id === undefined)) find('every paper is accepted', paper.number);
  await compareWithDatabase(papers, observer, find);
  const registered = await observer.registered();
  checkRegistered(papers, registered, find);

  const versions = await bucket.versions();
  const surplus = await checkVersions(versions, registered, bucket, find);
  const fsck = await options.fsck();
  checkFsck(fsck, surplus, registered.length, find);

  const intents = await observer.openIntents();
  for (const [state, count] of Object.entries(intents)) find('no job is stuck', `${count} are ${state}`);
  for (const { job, subject, cause } of await observer.stoppedJobs())
    find('no job is stuck', `${job} of ${subject}: ${cause}`);

  const log = await options.verifyAuditLog();
  for (const { en } of log.findings) find('the audit log verifies', en);
  if (log.pending > 0) find('the audit log is complete', `${log.pending} entries still wait`);

  const read = await readPapers(options, find);
  return {
    findings,
    documents: papers.length,
    acknowledgedSignatures: papers.reduce((sum, paper) => sum + paper.signatures.length, 0),
    registered: registered.length,
    versions: versions.length,
    surplus: surplus.map(({ key, versionId, until }) => ({ key, versionId, lockedUntil: until?.toISOString() })),
    auditEntries: log.size,
    fsck: `${fsck.verdict}, ${fsck.ok} of ${fsck.registered} read and right`,
    ...read,
  };
}

type Find = (rule: string, what: string) => void;

/** Neither lost nor doubled: a document for every paper, and no other. */
async function compareWithDatabase(papers: readonly Paper[], observer: Observer, find: Find): Promise<void> {
  const found = await observer.documentNumbers();
  const byNumber = Map.groupBy(found, ({ number }) => number);
  for (const { number, id } of papers) {
    const documents = byNumber.get(number) ?? [];
    if (documents.length !== 1) find('one document for each paper', `${number} has ${documents.length}`);
    else if (id !== undefined && documents[0]?.id !== id)
      find('one document for each paper', `${number} has another id`);
    byNumber.delete(number);
  }
  for (const number of byNumber.keys()) find('one document for each paper', `nobody handed in ${number}`);
}

function checkRegistered(papers: readonly Paper[], registered: readonly { documentId: string }[], find: Find): void {
  const byDocument = Map.groupBy(registered, ({ documentId }) => documentId);
  for (const { id } of papers) {
    if (id === undefined) continue;
    const count = byDocument.get(id)?.length ?? 0;
    if (count !== 1) find('exactly one registered version', `${id} has ${count}`);
    byDocument.delete(id);
  }
  for (const id of byDocument.keys()) find('exactly one registered version', `${id} belongs to no paper`);
}

type Surplus = StoredVersion & { readonly until: Date | undefined };

/** Every registered version is there; every other one is locked, and known as surplus. */
async function checkVersions(
  versions: readonly StoredVersion[],
  registered: readonly { readonly key: string; readonly versionId: string }[],
  bucket: Bucket,
  find: Find,
): Promise<Surplus[]> {
  const name = ({ key, versionId }: { key: string; versionId: string }): string => `${key} ${versionId}`;
  const there = new Set(versions.map(name));
  const known = new Set(registered.map(name));
  for (const one of registered) if (!there.has(name(one))) find('registered versions are in the bucket', name(one));
  const surplus: Surplus[] = [];
  for (const version of versions) {
    if (version.deleteMarker) find('nothing is hidden by a delete marker', name(version));
    if (known.has(name(version)) || version.deleteMarker) continue;
    const { mode, until } = await bucket.lockOf(version);
    const locked = mode === 'COMPLIANCE' && until !== undefined && until.getTime() > Date.now();
    if (!locked) find('surplus versions are locked', `${name(version)}: ${mode ?? 'no lock'}`);
    surplus.push({ ...version, until });
  }
  return surplus;
}

function checkFsck(fsck: FsckJson, surplus: readonly Surplus[], registered: number, find: Find): void {
  if (fsck.verdict !== 'sound') find('fsck is clean', JSON.stringify(fsck).slice(0, 2000));
  if (fsck.ok !== registered) find('fsck is clean', `${fsck.ok} of ${registered} read and right`);
  // It lists exactly the surplus versions that are there.
  const listed = new Set(fsck.findings.map(({ key, versionId }) => `${key} ${versionId}`));
  for (const { key, versionId } of surplus) {
    if (!listed.delete(`${key} ${versionId}`)) find('fsck lists surplus versions', `${key} ${versionId}`);
  }
  for (const rest of listed) find('fsck lists surplus versions', `${rest} is not in the bucket`);
}

/** Fetches each paper as archived and judges it. */
async function readPapers(options: CheckOptions, find: Find): Promise<Pick<CheckResult, 'signatures' | 'sample'>> {
  const queue = options.ledger.papers().values();
  const sample: { id: string; pdf: Buffer }[] = [];
  let signatures = 0;
  const reader = async (): Promise<void> => {
    for (const paper of queue) {
      if (paper.id === undefined) continue;
      try {
        const { pdf, valid } = await readPaper(options, paper.id, paper, find);
        signatures += valid;
        if (sample.length < SAMPLE) sample.push({ id: paper.id, pdf });
      } catch (error) {
        find('everything can be read', `${paper.id}: ${error instanceof Error ? error.message : error}`);
      }
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return { signatures, sample };
}

interface Shown {
  readonly state: string;
  readonly level: string | null;
  readonly sha256: string;
  readonly timestampsOwed: number;
  readonly slots: readonly { readonly field: string; readonly signedAt: string | null }[];
  readonly revisions: readonly { readonly kind: string; readonly sha256: string; readonly bytes: number }[];
}

/** A signature that waited for a service that was away may have begun a while before. */
const MOST_TIME_OFF_MS = 300_000;
const KINDS = 'rendition signature signature seal extension';

async function readPaper(
  { client, key, anchors }: CheckOptions,
  id: string,
  paper: Paper,
  find: Find,
): Promise<{ pdf: Buffer; valid: number }> {
  const path = `/v1/documents/${id}`;
  const shown: Shown = JSON.parse((await client.ask({ method: 'GET', path, key })).bytes.toString('utf8'));
  const pdf = (await client.ask({ method: 'GET', path: `${path}/pdf`, key })).bytes;
  if (shown.state !== 'archived') find('every paper is archived', `${id} is ${shown.state}`);
  if (shown.level !== 'B-LTA') find('every paper is B-LTA', `${id} is ${shown.level}`);
  if (shown.timestampsOwed > 0) find('no time-stamp is owed', id);
  if (sha256Hex(pdf) !== shown.sha256) find('bytes are what is registered', id);
  // A time-stamp that came late is a revision of its own.
  const kinds = shown.revisions.map(({ kind }) => kind).filter((kind) => kind !== 'timestamp');
  if (kinds.join(' ') !== KINDS) find('each step happened once', `${id}: ${kinds.join(' ')}`);
  checkAcknowledged(paper, shown, pdf, find);

  const report = validate(pdf, { file: id, anchors, timestampAnchors: anchors, at: new Date() });
  if (report.verdict !== 'TOTAL-PASSED') {
    find('every signature validates', `${id}: ${report.verdict} ${JSON.stringify(report.signatures).slice(0, 1500)}`);
  }
  const signed = report.signatures.filter(({ kind }) => kind === 'signature');
  const fields = shown.slots.map(({ field }) => field).sort();
  if (
    signed
      .map(({ field }) => field)
      .sort()
      .join() !== fields.join()
  ) {
    find('every slot is signed once', `${id}: ${signed.map(({ field }) => field)}`);
  }
  for (const { field, at } of paper.signatures) {
    const claimed = Date.parse(signed.find((one) => one.field === field)?.claimedTime ?? '');
    if (!(Math.abs(claimed - at) < MOST_TIME_OFF_MS)) {
      find('signing times are right', `${id} ${field}: ${new Date(claimed)} instead of ${new Date(at).toISOString()}`);
    }
  }
  return { pdf, valid: signed.filter(({ intact, signatureValid }) => intact && signatureValid).length };
}

/** What was acknowledged as signed is, byte for byte, how the archived file begins. */
function checkAcknowledged(paper: Paper, shown: Shown, pdf: Buffer, find: Find): void {
  if (paper.signatures.length !== 2) find('both people have signed', `${paper.id}: ${paper.signatures.length}`);
  for (const { field, sha256 } of paper.signatures) {
    const revision = shown.revisions.find((one) => one.sha256 === sha256);
    const begins = revision !== undefined && sha256Hex(pdf.subarray(0, revision.bytes)) === sha256;
    if (!begins) find('acknowledged signatures are there', `${paper.id} ${field} ${sha256}`);
  }
}
