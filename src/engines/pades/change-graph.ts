/** Which objects a revision truly changes, and from which objects those can be reached: what lets a comparison skip the rest. */
import { isArray, isDict, isName, isRef, isStream, isString, type PdfFile, type PdfObject, ref } from '../pdf/index.ts';
import { NAMING_KEYS, type Role } from './change-rules.ts';
import { kindOf } from './object-kinds.ts';

/** True if two values are written alike, references compared by number. */
export function sameValue(a: PdfObject | undefined, b: PdfObject | undefined): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (isRef(a)) return isRef(b) && a.num === b.num && a.gen === b.gen;
  if (isName(a)) return isName(b) && a.name === b.name;
  if (isString(a)) return isString(b) && sameBytes(a.bytes, b.bytes);
  if (isStream(a)) return isStream(b) && sameValue(a.dict, b.dict) && sameBytes(a.raw, b.raw);
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  if (isDict(a)) {
    if (!isDict(b) || a.size !== b.size) return false;
    for (const [key, value] of a) if (!b.has(key) || !sameValue(value, b.get(key))) return false;
    return true;
  }
  return false;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

export interface RevisionStep {
  /** The objects whose value differs between this revision and the next, and every object of this one from which they can be reached. */
  readonly touched: ReadonlySet<number>;
  /** The same without those that only name something changed which is judged where it lives (NAMING_KEYS): most of a structure tree. */
  readonly reached: ReadonlySet<number>;
  /** The touched objects that something names so, with the role in which they must be met for that to hold. */
  readonly named: ReadonlyMap<number, Role>;
  /** True if more than one object (or the trailer) of this revision refers to it. */
  isShared(num: number): boolean;
}

/** Stands for the trailer among object numbers. */
const TRAILER = -1;

export interface ChangeGraph {
  /** Hands the step to the next revision to `compare`. `file` may begin with that of the step before. */
  next<T>(file: PdfFile, compare: (step: RevisionStep) => T): T;
}

/**
 * Walks the revisions of a file upwards from `first`. The graph of references is built once and then mended, so that a long chain of
 * signatures costs what it adds.
 */
export function createChangeGraph(begun: PdfFile, first: number): ChangeGraph {
  let file = begun;
  let revision = first;
  const outgoing = new Map<number, readonly number[]>();
  const incoming = new Map<number, Set<number>>();
  /** Those of `incoming` that refer to it under a naming key and nowhere else. */
  const naming = new Map<number, Set<number>>();

  const valueAt = (index: number, num: number): PdfObject => {
    const view = file.view(index);
    const entry = view.entry(num);
    if (entry === undefined || entry.kind === 'free') return null;
    try {
      return view.resolve(ref(num, entry.kind === 'offset' ? entry.gen : 0));
    } catch {
      return null;
    }
  };
  const link = (num: number, value: PdfObject): void => {
    for (const target of outgoing.get(num) ?? []) {
      incoming.get(target)?.delete(num);
      naming.get(target)?.delete(num);
    }
    const { all, used } = referencesOf(value);
    outgoing.set(num, all);
    for (const target of all) {
      addTo(incoming, target, num);
      if (!used.has(target)) addTo(naming, target, num);
    }
  };
  for (const num of file.view(first).objectNumbers()) link(num, valueAt(first, num));
  link(TRAILER, file.view(first).trailer);

  /** What the next revision writes anew, and what is read through that: streams by their /Length, objects by their object stream. */
  const candidates = (): ReadonlySet<number> => {
    const found = new Set(file.revisions[revision]?.entries.keys() ?? []);
    for (const num of [...found]) {
      for (const source of incoming.get(num) ?? []) {
        const value = valueAt(revision, source);
        if (isStream(value) && isRef(value.dict.get('Length'))) found.add(source);
      }
    }
    const containers = [...found].filter((num) => {
      const values = [valueAt(revision, num), valueAt(revision + 1, num)];
      return values.some((value) => isStream(value) && value.dict.has('First') && value.dict.has('N'));
    });
    if (containers.length === 0) return found;
    const opened = new Set(containers);
    const next = file.view(revision + 1);
    for (const num of next.objectNumbers()) {
      const entry = next.entry(num);
      if (entry?.kind === 'compressed' && opened.has(entry.stream)) found.add(num);
    }
    return found;
  };

  return {
    next(current, compare) {
      file = current;
      const changed = new Set<number>();
      const updates: [number, PdfObject][] = [];
      for (const num of candidates()) {
        const after = valueAt(revision + 1, num);
        // An object that cannot be read is never taken for unchanged.
        if (after !== null && sameValue(valueAt(revision, num), after)) continue;
        changed.add(num);
        updates.push([num, after]);
      }
      const older = file.view(revision);
      const kindAt = (num: number): Role => {
        const value = num === TRAILER ? null : valueAt(revision, num);
        return isDict(value) ? kindOf(older, value) : 'frozen';
      };
      const touched = sourcesOf(changed, (num) => incoming.get(num));
      const reached = sourcesOf(changed, (num) => {
        const names = naming.get(num);
        const sources = incoming.get(num);
        if (names === undefined || names.size === 0 || kindAt(num) === 'frozen') return sources;
        return [...(sources ?? [])].filter((source) => !names.has(source));
      });
      const named = new Map<number, Role>();
      for (const num of touched) {
        const kind = (naming.get(num)?.size ?? 0) > 0 ? kindAt(num) : 'frozen';
        if (kind !== 'frozen') named.set(num, kind);
      }
      const result = compare({ touched, reached, named, isShared: (num) => (incoming.get(num)?.size ?? 0) > 1 });
      for (const [num, value] of updates) link(num, value);
      revision += 1;
      link(TRAILER, file.view(revision).trailer);
      return result;
    },
  };
}

/** The given objects and all from which they can be reached. */
function sourcesOf(
  changed: ReadonlySet<number>,
  sources: (num: number) => Iterable<number> | undefined,
): ReadonlySet<number> {
  const found = new Set(changed);
  const open = [...changed];
  for (let num = open.pop(); num !== undefined; num = open.pop()) {
    for (const source of sources(num) ?? []) {
      if (found.has(source)) continue;
      found.add(source);
      open.push(source);
    }
  }
  return found;
}

function addTo(sets: Map<number, Set<number>>, key: number, item: number): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([item]));
  else known.add(item);
}

/** All objects referred to, and those referred to elsewhere than as the direct value of a naming key. */
function referencesOf(value: PdfObject): { readonly all: readonly number[]; readonly used: ReadonlySet<number> } {
  const all: number[] = [];
  const used = new Set<number>();
  const open: PdfObject[] = [value];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (item === null || typeof item !== 'object') continue;
    if (isRef(item)) {
      all.push(item.num);
      used.add(item.num);
    } else if (isArray(item)) open.push(...item);
    else if (isStream(item)) open.push(item.dict);
    else if (isDict(item)) {
      for (const [key, entry] of item) {
        if (NAMING_KEYS.has(key) && isRef(entry)) all.push(entry.num);
        else open.push(entry);
      }
    }
  }
  return { all, used };
}
