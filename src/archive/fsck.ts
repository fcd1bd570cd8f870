/** Database ↔ store: is everything registered still there and what it was, is everything there registered, do the locks hold? */

import type { ArchiveProblem } from '../platform/db/index.ts';
import type { ArchiveDeps } from './deps.ts';
import { examineObject } from './examine.ts';
import { reconcile } from './reconcile.ts';
import * as store from './store.ts';

export interface FsckFinding {
  readonly problem: ArchiveProblem;
  readonly key: string;
  readonly versionId: string;
  /** Absent for what is not registered. */
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
  /** Versions in the store that nothing registers, surplus ones of registered objects included. */
  readonly unknown: number;
  readonly findings: readonly FsckFinding[];
  /**
   * `sound`: everything is what it was and locked as promised, unregistered versions aside · `alarm`: something is lost, altered,
   * hidden or under-locked · `unsure`: something could not be read.
   */
  readonly verdict: 'sound' | 'alarm' | 'unsure';
}

/** Walks one facility, or all. Reads every byte. Changes nothing. */
export async function fsck(deps: ArchiveDeps, options: { facilityId?: string } = {}): Promise<FsckReport> {
  const startedAt = deps.clock.now();
  const findings: FsckFinding[] = [];
  const counts = { registered: 0, ok: 0, mismatch: 0, couldNotRead: 0, missing: 0, unknown: 0 };
  for await (const object of store.objectsByPlace(deps.database.db, options)) {
    counts.registered += 1;
    const { content, lock } = await examineObject(deps, object);
    counts[content === undefined ? 'ok' : COUNTED[content.problem]] += 1;
    const judgements = content === undefined ? lock : [content, ...lock];
    findings.push(...judgements.map((judgement) => ({ ...nameOf(object), ...judgement })));
  }
  for await (const difference of reconcile(deps, options)) {
    // Every registered object was looked at above.
    if (difference.problem === 'unlisted') continue;
    const { problem, listed, object } = difference;
    if (problem !== 'delete-marker') counts.unknown += 1;
    const { key, versionId } = listed;
    findings.push({ ...(object === undefined ? {} : nameOf(object)), problem, key, versionId });
  }
  for await (const object of store.loweredPromises(deps.database.db, options)) {
    findings.push({ ...nameOf(object), problem: 'promise-lowered' });
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

const COUNTED = { mismatch: 'mismatch', 'could-not-read': 'couldNotRead', missing: 'missing' } as const;

function verdictOf(findings: readonly FsckFinding[]): FsckReport['verdict'] {
  const problems = new Set(findings.map(({ problem }) => problem));
  for (const harmless of ['unknown', 'surplus'] as const) problems.delete(harmless);
  const unsure = problems.delete('could-not-read');
  if (problems.size > 0) return 'alarm';
  return unsure ? 'unsure' : 'sound';
}

function nameOf({ key, versionId, documentId, n }: store.ObjectRow): Omit<FsckFinding, 'problem'> {
  return { key, versionId, documentId, n };
}
