/** Compares two successive revisions from the trailer down, judging every difference by where it stands (change-rules.ts). */
import {
  isArray,
  isDict,
  isName,
  isRef,
  isStream,
  isString,
  type PdfArray,
  type PdfDict,
  type PdfObject,
  type PdfStream,
  type PdfView,
} from '../pdf/index.ts';
import {
  CHECKS,
  type FieldSight,
  isDeveloperExtension,
  isUnused,
  newSignatureField,
  qualifiedName,
  sightOf,
} from './change-checks.ts';
import { type RevisionStep, sameBytes, sameValue } from './change-graph.ts';
import { CHANGE_RULES, type KeyRule, NAMING_KEYS, type Role } from './change-rules.ts';
import { isMarkup, kindOf } from './object-kinds.ts';
import type { ChangeClass } from './types.ts';

export interface FoundChange {
  readonly path: string;
  readonly class: ChangeClass;
  /** Form field concerned, for FieldMDP. */
  readonly field?: string;
  /** A visible signature lies over what earlier signers saw. */
  readonly overlay?: true;
}

interface Path {
  readonly above: Path | undefined;
  readonly step: string;
}

interface Task {
  readonly role: Role;
  readonly before: PdfObject | undefined;
  readonly after: PdfObject | undefined;
  readonly path: Path;
  readonly field: FieldSight | undefined;
  /** The value only names its target: see NAMING_KEYS. */
  readonly naming: boolean;
}

/**
 * The very same name, number, string or keyword: most of what an object holds that neither revision wrote anew. It leads nowhere, so
 * nothing about it can differ.
 */
function isSameToken(before: PdfObject | undefined, after: PdfObject | undefined): boolean {
  return before === after && (typeof before !== 'object' || before === null || isName(before) || isString(before));
}

/** Beyond this the step is forbidden as a whole: nobody can tell what so many changes do. */
const MAX_CHANGES = 200;
const MAX_STEPS = 5_000_000;

/** All differences between two successive revisions, `none` left out. */
export function compareRevisions(older: PdfView, newer: PdfView, revisionStep: RevisionStep): FoundChange[] {
  const { touched, reached, named, isShared } = revisionStep;
  const found: FoundChange[] = [];
  const tasks: Task[] = [];
  // Looked at last, so that a change is reported under the path where the object lives.
  const namings: Task[] = [];
  const visited = new Map<Role | 'frozen-naming', Set<number | string>>();
  let steps = 0;

  const report = (path: Path, changeClass: ChangeClass, field?: string, overlay = false): void => {
    if (changeClass === 'none') return;
    found.push({
      path: textOf(path),
      class: changeClass,
      ...(field === undefined ? {} : { field }),
      ...(overlay ? { overlay } : {}),
    });
  };
  const visit = (
    role: Role,
    before: PdfObject | undefined,
    after: PdfObject | undefined,
    path: Path,
    field?: FieldSight,
    naming = false,
  ): void => {
    (naming ? namings : tasks).push({ role, before, after, path, field, naming });
  };

  /** Where it matters which object is meant, an equal copy will not do: only one of the two is in the form or the page tree. */
  const visitSame = (
    role: Role,
    before: PdfObject | undefined,
    after: PdfObject | undefined,
    path: Path,
    field?: FieldSight,
    naming = false,
  ): void => {
    const isOther = isRef(before)
      ? !isRef(after) || before.num !== after.num || before.gen !== after.gen
      : isRef(after);
    if (isOther) report(path, 'forbidden', field?.name);
    else visit(role, before, after, path, field, naming);
  };

  /** Same reference at a place below which nothing changed, or nothing but what is named there and judged elsewhere. */
  const isUntouched = ({ role, before, after, naming }: Task): boolean =>
    isRef(before) &&
    isRef(after) &&
    before.num === after.num &&
    before.gen === after.gen &&
    !(role === 'frozen' && !naming ? reached : touched).has(before.num);

  /** The same pair was compared before in this role. */
  const isRepeated = (role: Role, { before, after, naming }: Task): boolean => {
    if (!isRef(before) || !isRef(after)) return false;
    const place = role === 'frozen' && naming ? 'frozen-naming' : role;
    const pairs = visited.get(place) ?? new Set();
    if (pairs.size === 0) visited.set(place, pairs);
    // Most references stay what they are: their number alone names the pair.
    const plain = before.num === after.num && before.gen === 0 && after.gen === 0;
    const pair = plain ? after.num : `${before.num}:${before.gen}:${after.num}:${after.gen}`;
    if (pairs.has(pair)) return true;
    pairs.add(pair);
    return false;
  };

  const step = (task: Task): void => {
    if (isUntouched(task)) return;
    const before = older.resolve(task.before);
    const after = newer.resolve(task.after);
    const role = roleOf(task, before);
    if (isRepeated(role, task)) return;
    if (role === 'fields' && isArray(before) && isArray(after)) compareFields(before, after, task.path);
    else if (role === 'page-annotations' && isArray(before) && isArray(after))
      compareAnnotations(before, after, task.path);
    else if (isArray(before) && isArray(after)) compareArrays(role, before, after, task);
    else if (isStream(before) && isStream(after)) compareStreams(before, after, task);
    else if (isDict(before) && isDict(after)) compareDicts(role, before, after, task);
    else if (!sameValue(before, after)) report(task.path, 'forbidden', task.field?.name);
  };

  /** What the value is, where its container does not say it. */
  const roleOf = (task: Task, before: PdfObject): Role => {
    const dict = isDict(before) ? before : undefined;
    if (task.naming && dict !== undefined) return kindOf(older, dict);
    switch (task.role) {
      case 'annotation':
        if (dict !== undefined && older.name(dict.get('Subtype')) === 'Widget') return 'field';
        return dict !== undefined && isMarkup(older, dict) ? 'annotation' : 'frozen';
      case 'page-tree':
        return dict !== undefined && older.name(dict.get('Type')) === 'Page' ? 'page' : 'page-tree';
      default:
        return task.role;
    }
  };

  const compareArrays = (role: Role, before: PdfArray, after: PdfArray, task: Task): void => {
    if (before.length !== after.length) {
      report(task.path, 'forbidden', task.field?.name);
      return;
    }
    const destination = isName(before[1]) && isRef(before[0]);
    for (const [index, item] of before.entries()) {
      if (isSameToken(item, after[index])) continue;
      const path = below(task.path, `[${index}]`);
      if (role === 'page-kids') visit('page-tree', item, after[index], path);
      else if (role === 'field-kids') visitSame('field', item, after[index], path, task.field);
      // An explicit destination names its page (ISO 32000-2 §12.3.2.2).
      else if (task.naming) visitSame('frozen', item, after[index], path, task.field, true);
      else visit('frozen', item, after[index], path, task.field, destination && index === 0);
    }
  };

  const compareStreams = (before: PdfStream, after: PdfStream, task: Task): void => {
    if (!sameBytes(before.raw, after.raw)) report(task.path, 'forbidden', task.field?.name);
    else compareDicts('frozen', before.dict, after.dict, task);
  };

  const compareDicts = (role: Role, before: PdfDict, after: PdfDict, task: Task): void => {
    const field = role === 'field' ? sightOf(older, newer, before, after) : task.field;
    const compareKey = (key: string): void => {
      if (isSameToken(before.get(key), after.get(key))) return;
      const path =
        task.path.step === TRAILER.step && (key === 'Root' || key === 'Info')
          ? { above: undefined, step: key }
          : below(task.path, `/${key}`);
      compareEntry(role, key, present(older, before.get(key)), present(newer, after.get(key)), path, field);
    };
    for (const key of before.keys()) compareKey(key);
    for (const key of after.keys()) if (!before.has(key)) compareKey(key);
  };

  const compareEntry = (
    role: Role,
    key: string,
    before: PdfObject | undefined,
    after: PdfObject | undefined,
    path: Path,
    field: FieldSight | undefined,
  ): void => {
    if (before === undefined && after === undefined) return;
    const rule = ruleFor(role, key);
    if (rule?.check === 'first-annotations') {
      visit('page-annotations', before ?? [], after ?? [], path);
      return;
    }
    if (rule?.check !== undefined) {
      if (before !== undefined && after !== undefined && !differs(before, after)) return;
      const allowed = CHECKS[rule.check]({ older, newer, before, after, field, isShared });
      // Where nothing allows a change, the place itself is looked at closely.
      if (allowed === undefined && before !== undefined && after !== undefined)
        visit('frozen', before, after, path, field);
      else report(path, allowed ?? 'forbidden', field?.name);
      return;
    }
    if (before === undefined || after === undefined) {
      report(path, (before === undefined ? added(role, rule, after) : rule?.removed) ?? 'forbidden', field?.name);
      return;
    }
    if (rule?.changed !== undefined) {
      if (differs(before, after)) report(path, rule.changed, field?.name);
      return;
    }
    if (role === 'extensions' && isDeveloperExtension(newer, after)) {
      if (differs(before, after)) report(path, 'ltv');
      return;
    }
    const below = rule?.role ?? (role === 'default-resources' ? 'default-resource-group' : 'frozen');
    if (below === 'frozen' && NAMING_KEYS.has(key)) visitSame(below, before, after, path, field, true);
    else visit(below, before, after, path, field);
  };

  const added = (role: Role, rule: KeyRule | undefined, after: PdfObject | undefined): ChangeClass | undefined => {
    if (role === 'extensions' && isDeveloperExtension(newer, after)) return 'ltv';
    if (role === 'default-resources' || role === 'default-resource-group') return 'form-filling';
    return rule?.added;
  };

  /** Deep comparison of one place, everything frozen. */
  const differs = (before: PdfObject | undefined, after: PdfObject | undefined): boolean => {
    const open: [PdfObject | undefined, PdfObject | undefined][] = [[before, after]];
    const seen = new Set<string>();
    for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
      steps += 1;
      if (steps > MAX_STEPS) return true;
      const [left, right] = pair;
      if (isRef(left) && isRef(right)) {
        if (left.num === right.num && left.gen === right.gen && !reached.has(left.num)) continue;
        const key = `${left.num}:${left.gen}:${right.num}:${right.gen}`;
        if (seen.has(key)) continue;
        seen.add(key);
      }
      const a = older.resolve(left);
      const b = newer.resolve(right);
      if (isStream(a) && isStream(b)) {
        if (!sameBytes(a.raw, b.raw)) return true;
        open.push([a.dict, b.dict]);
      } else if (isArray(a) && isArray(b)) {
        if (a.length !== b.length) return true;
        for (const [index, item] of a.entries()) open.push([item, b[index]]);
      } else if (isDict(a) && isDict(b)) {
        for (const key of new Set([...a.keys(), ...b.keys()])) {
          if (!isSameNaming(key, a.get(key), b.get(key))) open.push([a.get(key), b.get(key)]);
        }
      } else if (!sameValue(a, b)) return true;
    }
    return false;
  };

  /** Both only name the same page, field or catalog, which is judged where it lives. */
  const isSameNaming = (key: string, before: PdfObject | undefined, after: PdfObject | undefined): boolean => {
    if (!NAMING_KEYS.has(key) || !isRef(before) || !isRef(after) || before.num !== after.num) return false;
    const dict = older.dict(before);
    return dict !== undefined && kindOf(older, dict) !== 'frozen';
  };

  const compareFields = (before: PdfArray, after: PdfArray, path: Path): void => {
    const match = matchInOrder(before, after);
    if (match === undefined) {
      report(path, 'forbidden');
      return;
    }
    for (const [index, at] of match.kept.entries()) visit('field', before[index], after[at], below(path, `[${at}]`));
    for (const at of match.added) {
      const field = classify(after[at]);
      report(below(path, `[${at}]`), field?.class ?? 'forbidden', field?.name, field?.visible ?? false);
    }
  };

  const takenNames = new Set<string>();
  const takeNames = (): ReadonlySet<string> => {
    if (takenNames.size === 0) {
      for (const item of older.array(older.dict(older.root.get('AcroForm'))?.get('Fields')) ?? []) {
        const field = older.dict(item);
        if (field !== undefined) takenNames.add(qualifiedName(older, field));
      }
    }
    return takenNames;
  };
  const classified = new Map<number, ReturnType<typeof newSignatureField>>();
  const classify = (target: PdfObject | undefined): ReturnType<typeof newSignatureField> => {
    if (!isRef(target)) return undefined;
    if (!classified.has(target.num)) classified.set(target.num, newSignatureField(older, newer, target, takeNames()));
    return classified.get(target.num);
  };

  const compareAnnotations = (before: PdfArray, after: PdfArray, path: Path): void => {
    const removable = (item: PdfObject): boolean => {
      const dict = older.dict(item);
      return dict !== undefined && isMarkup(older, dict);
    };
    const match = matchInOrder(before, after, removable);
    if (match === undefined) {
      report(path, 'forbidden');
      return;
    }
    for (const [index, at] of match.kept.entries()) {
      if (at === -1) report(below(path, `[${index}]`), 'annotations');
      else visit('annotation', before[index], after[at], below(path, `[${at}]`));
    }
    for (const at of match.added) report(below(path, `[${at}]`), newAnnotation(after[at]));
  };

  const newAnnotation = (item: PdfObject | undefined): ChangeClass => {
    const dict = newer.dict(item);
    if (dict === undefined) return 'forbidden';
    if (newer.name(dict.get('Subtype')) !== 'Widget') {
      const fresh = !isRef(item) || isUnused(older, item.num);
      return fresh && isMarkup(newer, dict) && !dict.has('A') && !dict.has('AA') ? 'annotations' : 'forbidden';
    }
    // A widget comes with its field, which must be in the form too and know it: only then was its look judged.
    const top = dict.get('Parent') ?? item;
    const kids = newer.array(newer.dict(top)?.get('Kids')) ?? [top ?? null];
    if (!isRef(item) || !kids.some((kid) => isRef(kid) && kid.num === item.num)) return 'forbidden';
    const listed = newer.array(newer.dict(newer.root.get('AcroForm'))?.get('Fields')) ?? [];
    const known = isRef(top) && listed.some((field) => isRef(field) && field.num === top.num);
    return (known ? classify(top)?.class : undefined) ?? 'forbidden';
  };

  visit('trailer', older.trailer, newer.trailer, TRAILER);
  let done = 0;
  /** What is named was met where it lives, before anything was looked at for its name: then passing over the names lost nothing. */
  const areNamedMet = (): boolean => [...named].every(([num, role]) => visited.get(role)?.has(num) === true);
  let checked = false;
  for (;;) {
    if (done === tasks.length && !checked) {
      checked = true;
      if (!areNamedMet())
        return compareRevisions(older, newer, { ...revisionStep, reached: touched, named: new Map() });
    }
    const task = done < tasks.length ? tasks[done++] : namings.pop();
    if (task === undefined) break;
    steps += 1;
    if (steps > MAX_STEPS || found.length > MAX_CHANGES) {
      report(TRAILER, 'forbidden');
      break;
    }
    try {
      step(task);
    } catch {
      // What cannot be read cannot be shown to be harmless.
      report(task.path, 'forbidden', task.field?.name);
    }
  }
  return found;
}

const TRAILER: Path = { above: undefined, step: 'Trailer' };

function ruleFor(role: Role, key: string): KeyRule | undefined {
  const rules = CHANGE_RULES[role];
  return Object.hasOwn(rules, key) ? rules[key] : undefined;
}

/** A null value is an absent entry (ISO 32000-2 §7.3.9). */
function present(view: PdfView, value: PdfObject | undefined): PdfObject | undefined {
  if (value === undefined || value === null) return undefined;
  return isRef(value) && view.resolve(value) === null ? undefined : value;
}

/** Finds every old entry again, in order; `kept[i]` is its new index, -1 if it was removed and may be. Undefined if one is lost. */
function matchInOrder(
  before: PdfArray,
  after: PdfArray,
  removable: (item: PdfObject) => boolean = () => false,
): { readonly kept: readonly number[]; readonly added: readonly number[] } | undefined {
  const kept: number[] = [];
  const added: number[] = [];
  let next = 0;
  for (const item of before) {
    let at = next;
    while (at < after.length && !sameEntry(item, after[at])) at += 1;
    if (at === after.length) {
      if (!removable(item)) return undefined;
      kept.push(-1);
      continue;
    }
    for (let index = next; index < at; index += 1) added.push(index);
    kept.push(at);
    next = at + 1;
  }
  for (let index = next; index < after.length; index += 1) added.push(index);
  return { kept, added };
}

function sameEntry(a: PdfObject, b: PdfObject | undefined): boolean {
  if (isRef(a)) return isRef(b) && a.num === b.num && a.gen === b.gen;
  return b !== undefined && !isRef(b);
}

function below(above: Path, step: string): Path {
  return { above, step };
}

function textOf(path: Path): string {
  const steps: string[] = [];
  for (let node: Path | undefined = path; node !== undefined; node = node.above) steps.unshift(node.step);
  return steps.join('');
}
