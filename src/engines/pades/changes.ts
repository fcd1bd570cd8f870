/** Difference analysis: what came after a signed revision, and whether the signers allowed it (validation.md). */
import type { PdfFile } from '../pdf/index.ts';
import { createChangeGraph } from './change-graph.ts';
import { compareRevisions, type FoundChange } from './change-walk.ts';
import type { Change, ChangeClass } from './types.ts';

/** From harmless to forbidden; metadata go along with whatever else a revision does. */
const CHANGE_CLASSES: readonly ChangeClass[] = [
  'none',
  'metadata',
  'ltv',
  'signing',
  'form-filling',
  'annotations',
  'forbidden',
];

/** A change with what the judgement needs and the report does not show. */
export interface LaterChange extends Change {
  readonly field?: string;
  readonly overlay?: true;
}

/**
 * Every difference between the given revision and the end of the file, step by step from each revision to the next: nothing that
 * was changed and changed back is missed. `revision` is 1-based. Steps are computed once a file. Never throws because of the file's
 * content: what cannot be read is a forbidden change.
 */
export function changesSince(file: PdfFile, revision: number): Change[] {
  return laterChanges(file, revision).map(({ revision: at, path, class: changeClass }) => ({
    revision: at,
    path,
    class: changeClass,
  }));
}

/** The same with field names and overlays. */
export function laterChanges(file: PdfFile, revision: number): LaterChange[] {
  return stepsOf(file, revision).flat();
}

/** The class of the gravest change. */
export function worstClass(changes: readonly Change[]): ChangeClass {
  const worst = Math.max(0, ...changes.map((change) => CHANGE_CLASSES.indexOf(change.class)));
  return CHANGE_CLASSES[worst] ?? 'forbidden';
}

interface Steps {
  readonly first: number;
  /** One list a step; the first one leads from `first` to the next revision. */
  readonly steps: readonly (readonly LaterChange[])[];
}

const known = new WeakMap<PdfFile, Steps>();

function stepsOf(file: PdfFile, revision: number): readonly (readonly LaterChange[])[] {
  let entry = known.get(file);
  if (entry === undefined || entry.first > revision) {
    entry = { first: revision, steps: computeSteps(file, revision) };
    known.set(file, entry);
  }
  return entry.steps.slice(revision - entry.first);
}

function computeSteps(file: PdfFile, first: number): (readonly LaterChange[])[] {
  const steps: (readonly LaterChange[])[] = [];
  if (first >= file.revisions.length) return steps;
  const graph = createChangeGraph(file, first);
  for (let index = first; index < file.revisions.length; index += 1) {
    const found = graph.next((step) => compareRevisions(file.view(index), file.view(index + 1), step));
    steps.push(found.map((change) => atRevision(change, index + 1)));
  }
  return steps;
}

function atRevision(change: FoundChange, revision: number): LaterChange {
  return { revision, ...change };
}
