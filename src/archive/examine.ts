/** One registered object against the store: is it there, is it what it was, does its lock hold? */
import type { ArchiveProblem } from '../platform/db/index.ts';
import type { StoredObject } from '../platform/storage/index.ts';
import { toAppError } from '../shared/index.ts';
import type { ArchiveDeps } from './deps.ts';
import type { ObjectRow } from './store.ts';

export interface Judgement<Problem extends ArchiveProblem = ArchiveProblem> {
  readonly problem: Problem;
  /** Code of the error, where there was one. */
  readonly code?: string;
}

type ContentJudgement = Judgement<'mismatch' | 'could-not-read' | 'missing'>;
type LockJudgement = Judgement<'lock-short' | 'hold-missing' | 'could-not-read'>;

export interface Examination {
  /** Absent: the bytes are there and what they were. */
  readonly content?: ContentJudgement;
  readonly lock: readonly LockJudgement[];
}

/** Reads every byte. */
export async function examineObject(deps: ArchiveDeps, object: ObjectRow): Promise<Examination> {
  const content = await judgeContent(deps, object);
  if (content === undefined) return { lock: await judgeLock(deps, object) };
  // A missing object is one finding, not three.
  return { content, lock: content.problem === 'missing' ? [] : await judgeLock(deps, object) };
}

async function judgeContent(deps: ArchiveDeps, object: ObjectRow): Promise<ContentJudgement | undefined> {
  try {
    await deps.store.get(object.key, object.versionId, object.sha256);
    return undefined;
  } catch (thrown) {
    const { code } = toAppError(thrown);
    if (code === 'DIGEST_MISMATCH') return { problem: 'mismatch' };
    if (code === 'OBJECT_NOT_FOUND') return { problem: 'missing' };
    return { problem: 'could-not-read', code };
  }
}

async function judgeLock(deps: ArchiveDeps, object: ObjectRow): Promise<LockJudgement[]> {
  let stored: StoredObject | undefined;
  try {
    stored = await deps.store.stat(object.key, object.versionId);
  } catch (thrown) {
    const { code } = toAppError(thrown);
    return [code === 'RETENTION_UNKNOWN' ? { problem: 'lock-short', code } : { problem: 'could-not-read', code }];
  }
  if (stored === undefined) return [];
  const found: LockJudgement[] = [];
  // Time that has run out needs no lock.
  const needed = object.retainUntil > deps.clock.now();
  if (needed && stored.retainUntil < object.retainUntil) found.push({ problem: 'lock-short' });
  if (object.hold && !stored.hold) found.push({ problem: 'hold-missing' });
  return found;
}
