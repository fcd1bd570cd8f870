/** Database ↔ store: is everything registered still there and what it was, is everything there registered, do the locks hold? */
import type { StoredObject } from '../platform/storage/index.ts';
import { AppError, toAppError } from '../shared/index.ts';
import type { RetentionDeps } from './retention.ts';
import * as store from './store.ts';

export type FsckProblem =
  /** The bytes are not what was archived. */
  | 'mismatch'
  /** Neither yes nor no: the store did not answer, or refused to read. */
  | 'could-not-read'
  /** Registered, and the store has no such version. */
  | 'missing'
  /** In the store, and not registered: left by a crash (a job that runs again adopts it), or put there by someone else. */
  | 'unknown'
  /** The store enforces less than the record asks for. */
  | 'lock-short'
  | 'hold-missing';

export interface FsckFinding {
  readonly problem: FsckProblem;
  readonly key: string;
  readonly versionId: string;
  /** Absent for unknown objects. */
  readonly documentId?: string;
  readonly n?: number;
  /** Code of the error, for `could-not-read`. */
  readonly code?: string;
}

export interface FsckReport {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly store: string;
  /** Registered objects looked at. Three answers, never two: `registered = ok + mismatch + couldNotRead + missing`. */
  readonly registered: number;
  readonly ok: number;
  readonly mismatch: number;
  readonly couldNotRead: number;
  readonly missing: number;
  /** Versions in the store that nothing registers. */
  readonly unknown: number;
  readonly findings: readonly FsckFinding[];
  /**
   * `sound`: everything is what it was and locked as promised, unknown objects aside · `alarm`: something is lost, altered or
   * under-locked · `unsure`: something could not be read.
   */
  readonly verdict: 'sound' | 'alarm' | 'unsure';
}

const PAGE = 200;

/** Walks one facility, or all. Reads every byte. Changes nothing. */
export async function fsck(deps: RetentionDeps, options: { facilityId?: string } = {}): Promise<FsckReport> {
  const startedAt = deps.clock.now();
  const findings: FsckFinding[] = [];
  const counts = { registered: 0, ok: 0, mismatch: 0, couldNotRead: 0, missing: 0, unknown: 0 };
  for await (const object of registeredObjects(deps, options.facilityId)) {
    counts.registered += 1;
    const content = await judgeContent(deps, object);
    if (content === undefined) counts.ok += 1;
    else {
      counts[content.problem === 'could-not-read' ? 'couldNotRead' : content.problem] += 1;
      findings.push({ ...nameOf(object), ...content });
    }
    // A missing object is one finding, not three.
    if (content?.problem !== 'missing') {
      findings.push(...(await judgeLock(deps, object)).map((found) => ({ ...nameOf(object), ...found })));
    }
  }
  const prefix = options.facilityId === undefined ? 'v1/' : `v1/${options.facilityId}/`;
  for await (const stored of deps.store.list(prefix)) {
    if (await store.isRegistered(deps.database.db, stored.key, stored.versionId)) continue;
    counts.unknown += 1;
    findings.push({ problem: 'unknown', key: stored.key, versionId: stored.versionId });
  }
  return {
    startedAt,
    finishedAt: deps.clock.now(),
    store: deps.store.kind,
    ...counts,
    findings,
    verdict: verdictOf(findings),
  };
}

function verdictOf(findings: readonly FsckFinding[]): FsckReport['verdict'] {
  const problems = new Set(findings.map(({ problem }) => problem));
  problems.delete('unknown');
  const unsure = problems.delete('could-not-read');
  if (problems.size > 0) return 'alarm';
  return unsure ? 'unsure' : 'sound';
}

async function* registeredObjects(
  deps: RetentionDeps,
  facilityId: string | undefined,
): AsyncGenerator<store.ObjectRow> {
  let after: string | undefined;
  for (;;) {
    const page = await store.pageOfObjects(deps.database.db, { facilityId, after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

type ContentFinding = { readonly problem: 'mismatch' | 'could-not-read' | 'missing'; readonly code?: string };

async function judgeContent(deps: RetentionDeps, object: store.ObjectRow): Promise<ContentFinding | undefined> {
  try {
    await deps.store.get(object.key, object.versionId, object.sha256);
    return undefined;
  } catch (thrown) {
    const code = thrown instanceof AppError ? thrown.code : undefined;
    if (code === 'DIGEST_MISMATCH') return { problem: 'mismatch' };
    if (code === 'OBJECT_NOT_FOUND') return { problem: 'missing' };
    return { problem: 'could-not-read', code: toAppError(thrown).code };
  }
}

type LockFinding = { readonly problem: 'lock-short' | 'hold-missing' | 'could-not-read'; readonly code?: string };

async function judgeLock(deps: RetentionDeps, object: store.ObjectRow): Promise<LockFinding[]> {
  let stored: StoredObject | undefined;
  try {
    stored = await deps.store.stat(object.key, object.versionId);
  } catch (thrown) {
    const { code } = toAppError(thrown);
    return [code === 'RETENTION_UNKNOWN' ? { problem: 'lock-short', code } : { problem: 'could-not-read', code }];
  }
  if (stored === undefined) return [];
  const found: LockFinding[] = [];
  // Time that has run out needs no lock.
  const needed = object.retainUntil > deps.clock.now();
  if (needed && stored.retainUntil < object.retainUntil) found.push({ problem: 'lock-short' });
  if (object.hold && !stored.hold) found.push({ problem: 'hold-missing' });
  return found;
}

function nameOf({ key, versionId, documentId, n }: store.ObjectRow): Omit<FsckFinding, 'problem'> {
  return { key, versionId, documentId, n };
}
