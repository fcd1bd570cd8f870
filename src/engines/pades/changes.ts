/** Difference analysis: what came after a signed revision, and whether the signers allowed it. */
import type { PdfFile } from '../pdf/index.ts';
import { type ChangeGraph, createChangeGraph } from './change-graph.ts';
import { compareRevisions, type FoundChange } from './change-walk.ts';
import { strayParts } from './stray-parts.ts';
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
  /** Stands at the last revision; taken by the first file that goes on from there. */
  graph: ChangeGraph | undefined;
}

const known = new WeakMap<PdfFile, Steps>();

function stepsOf(file: PdfFile, revision: number): readonly (readonly LaterChange[])[] {
  const entry = knownSteps(file, revision);
  return entry.steps.slice(revision - entry.first);
}

function knownSteps(file: PdfFile, revision: number): Steps {
  let entry = known.get(file);
  if (entry === undefined || entry.first > revision) {
    entry = computeSteps(file, revision);
    known.set(file, entry);
  }
  return entry;
}

/**
 * The steps of the file that this one begins with are its own first ones, as long as all that was read of that one was sound: an object
 * that is cut off there may go on here.
 */
function computeSteps(file: PdfFile, first: number): Steps {
  const { base } = file;
  let from = first;
  let steps: (readonly LaterChange[])[] = [];
  let graph: ChangeGraph | undefined;
  if (base !== undefined && first <= base.revisions.length) {
    const earlier = knownSteps(base, first);
    if (base.isSound) {
      from = base.revisions.length;
      steps = earlier.steps.slice(first - earlier.first);
      graph = earlier.graph;
      earlier.graph = undefined;
    }
  }
  if (from < file.revisions.length) graph ??= createChangeGraph(file, from);
  for (let index = from; index < file.revisions.length; index += 1) {
    const found = graph?.next(file, (step) => compareRevisions(file.view(index), file.view(index + 1), step)) ?? [];
    const stray = strayParts(file, index + 1).map((path): FoundChange => ({ path, class: 'forbidden' }));
    steps.push([...found, ...stray].map((change) => atRevision(change, index + 1)));
  }
  return { first, steps, graph };
}

function atRevision(change: FoundChange, revision: number): LaterChange {
  return { revision, ...change };
}
