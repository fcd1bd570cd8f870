/** The rules for later changes that look at more than the place (named in change-rules.ts). */
import {
  isArray,
  isDict,
  isInteger,
  isName,
  isRef,
  isStream,
  isString,
  type PdfDict,
  type PdfObject,
  type PdfView,
  ref,
  signatureFields,
} from '../pdf/index.ts';
import { sameValue } from './change-graph.ts';
import { type CheckName, NEW_FIELD_KEYS } from './change-rules.ts';
import type { ChangeClass } from './types.ts';

/** A form field in two successive revisions, with what it inherits. */
export interface FieldSight {
  /** Fully qualified name in the older revision. */
  readonly name: string;
  readonly type: string | undefined;
  readonly pushButton: boolean;
  /** Class of the signature that the field gets in this step: `signing`, `ltv` for a document time-stamp; undefined if none. */
  readonly signedAs: 'signing' | 'ltv' | undefined;
}

export interface CheckInput {
  readonly older: PdfView;
  readonly newer: PdfView;
  readonly before: PdfObject | undefined;
  readonly after: PdfObject | undefined;
  readonly field: FieldSight | undefined;
  /** More than one object of the older revision refers to this one. */
  readonly isShared: (num: number) => boolean;
}

/** The class of a change, or undefined where no rule allows it: then it must be no change at all. */
export const CHECKS: Readonly<
  Record<Exclude<CheckName, 'first-annotations'>, (input: CheckInput) => ChangeClass | undefined>
> = {
  // Every update changes the second half (ISO 32000-2 §14.4); the first half is the identity of the file.
  'file-identifier': ({ older, newer, before, after }) => {
    if (after === undefined) return undefined;
    if (before === undefined) return 'metadata';
    return sameValue(older.array(before)?.[0], newer.array(after)?.[0]) ? 'none' : 'metadata';
  },

  'version-grows': ({ older, newer, before, after }) => {
    const next = versionNumber(newer.name(after));
    const previous = before === undefined ? 0 : versionNumber(older.name(before));
    return next !== undefined && previous !== undefined && next >= previous ? 'ltv' : undefined;
  },

  'signature-flags-grow': ({ older, newer, before, after }) => {
    const previous = before === undefined ? 0 : older.number(before);
    const next = newer.number(after);
    if (previous === undefined || next === undefined || !isInteger(next) || next > 3) return undefined;
    return (previous & ~next) === 0 ? 'ltv' : undefined;
  },

  'no-longer-needs-appearances': ({ newer, after }) => (newer.resolve(after) === true ? undefined : 'form-filling'),

  'field-value': ({ older, newer, before, after, field }) => {
    if (field?.type === 'Sig')
      return before === undefined && isNewSignature(older, newer, after) ? field.signedAs : undefined;
    return isVariable(field) && isPlainValue(newer, after) ? 'form-filling' : undefined;
  },

  'field-appearance': ({ newer, before, after, field, isShared }) => {
    // An appearance dictionary that something else uses too would from now on be two things to two readers.
    if (isRef(before) && isShared(before.num)) return undefined;
    if (field?.type !== 'Sig') return isVariable(field) ? 'form-filling' : undefined;
    if (field.signedAs === undefined || after === undefined || !ownsItsResources(newer, after)) return undefined;
    return field.signedAs === 'signing' || drawsNothing(newer, after) ? field.signedAs : undefined;
  },

  'appearance-state': ({ field }) => (isVariable(field) ? 'form-filling' : undefined),

  'while-signing': ({ after, field }) => (after === undefined ? undefined : field?.signedAs),

  // A background or a border shows as an appearance does, so a time-stamp, which nobody answers for by name, brings none.
  'widget-look': ({ after, field }) => (after !== undefined && field?.signedAs === 'signing' ? 'signing' : undefined),

  'widget-flags': ({ older, newer, before, after, field }) => {
    if (field?.signedAs === undefined) return undefined;
    const previous = before === undefined ? 0 : older.number(before);
    const next = newer.number(after);
    if (previous === undefined || next === undefined || !isInteger(previous) || !isInteger(next)) return undefined;
    const set = next & ~previous;
    const cleared = previous & ~next;
    const [settable, clearable] =
      field.signedAs === 'signing' ? [MAY_BE_SET, MAY_BE_CLEARED] : [MAY_BE_SET & ~PRINT, 0];
    return (set & ~settable) === 0 && (cleared & ~clearable) === 0 ? field.signedAs : undefined;
  },

  // Signers mark fields that they lock as read-only; nothing else may change here.
  'field-flags': ({ older, newer, before, after }) => {
    const previous = before === undefined ? 0 : older.number(before);
    const next = newer.number(after);
    return previous !== undefined && next === (previous | READ_ONLY) ? 'signing' : undefined;
  },
};

const READ_ONLY = 1;
const PRINT = 4;
/** Print, ReadOnly, Locked, LockedContents (ISO 32000-2 table 167). */
const MAY_BE_SET = PRINT | 64 | 128 | 512;
/** Invisible, Hidden, NoView. */
const MAY_BE_CLEARED = 1 | 2 | 32;
const PUSH_BUTTON = 1 << 16;

/** What the older and the newer revision say of one field or widget. */
export function sightOf(older: PdfView, newer: PdfView, before: PdfDict, after: PdfDict): FieldSight {
  const type = older.name(inherited(older, before, 'FT'));
  const flags = older.number(inherited(older, before, 'Ff')) ?? 0;
  const hadValue = older.resolve(inherited(older, before, 'V')) !== null;
  const held = inherited(newer, after, 'V');
  const value = newer.dict(held);
  const signed = type === 'Sig' && !hadValue && value !== undefined && isJudged(newer, held);
  return {
    name: qualifiedName(older, before),
    type,
    pushButton: type === 'Btn' && (flags & PUSH_BUTTON) !== 0,
    signedAs: signed ? signatureClass(newer, value) : undefined,
  };
}

/** Names of a field from the top down, joined with full stops (ISO 32000-2 §12.7.4.2). */
export function qualifiedName(view: PdfView, field: PdfDict): string {
  const parts: string[] = [];
  let current: PdfDict | undefined = field;
  for (let depth = 0; current !== undefined && depth < MAX_FIELD_DEPTH; depth += 1) {
    const part = view.text(current.get('T'));
    if (part !== undefined) parts.unshift(part);
    current = view.dict(current.get('Parent'));
  }
  return parts.join('.');
}

const MAX_FIELD_DEPTH = 32;

function inherited(view: PdfView, field: PdfDict, key: string): PdfObject | undefined {
  let current: PdfDict | undefined = field;
  for (let depth = 0; current !== undefined && depth < MAX_FIELD_DEPTH; depth += 1) {
    const value = current.get(key);
    if (value !== undefined) return value;
    current = view.dict(current.get('Parent'));
  }
  return undefined;
}

function signatureClass(view: PdfView, value: PdfDict): 'signing' | 'ltv' {
  return view.name(value.get('SubFilter')) === 'ETSI.RFC3161' ? 'ltv' : 'signing';
}

/** A signature dictionary that no older revision has: an old object made a signature now would be something hidden and revealed. */
function isNewSignature(older: PdfView, newer: PdfView, value: PdfObject | undefined): boolean {
  const dict = newer.dict(value);
  if (dict === undefined || !dict.has('ByteRange') || !dict.has('Contents')) return false;
  return isJudged(newer, value) && isRef(value) && isUnused(older, value.num);
}

const judged = new WeakMap<PdfView, ReadonlySet<number>>();

/** True if the form leads to this signature dictionary, so that it is judged; one that is not must not count as anybody's. */
function isJudged(view: PdfView, value: PdfObject | undefined): boolean {
  let values = judged.get(view);
  if (values === undefined) {
    values = new Set(signatureFields(view).flatMap(({ valueRef }) => valueRef?.num ?? []));
    judged.set(view, values);
  }
  return isRef(value) && values.has(value.num);
}

/** True if no reader of that revision finds an object under this number. */
export function isUnused(view: PdfView, num: number): boolean {
  const entry = view.entry(num);
  if (entry === undefined || entry.kind === 'free') return true;
  return view.resolve(ref(num, entry.kind === 'offset' ? entry.gen : 0)) === null;
}

function isVariable(field: FieldSight | undefined): boolean {
  return (
    field !== undefined && !field.pushButton && (field.type === 'Tx' || field.type === 'Ch' || field.type === 'Btn')
  );
}

function isPlainValue(view: PdfView, value: PdfObject | undefined): boolean {
  const resolved = view.resolve(value);
  if (resolved === null || isString(resolved) || isName(resolved) || isStream(resolved)) return true;
  return isArray(resolved) && resolved.every((item) => isString(view.resolve(item)));
}

function versionNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[12]\.[0-9]$/.test(text) ? Number(text) : undefined;
}

/** An entry of /Extensions: names, numbers and texts only (ISO 32000-2 §7.12). */
export function isDeveloperExtension(view: PdfView, value: PdfObject | undefined): boolean {
  const resolved = view.resolve(value);
  const entries = isArray(resolved) ? resolved : [resolved];
  return entries.every((entry) => {
    const dict = view.dict(entry);
    if (dict === undefined) return false;
    return [...dict].every(([key, item]) => EXTENSION_KEYS.has(key) && !isRef(item) && !isDict(item) && !isArray(item));
  });
}

const EXTENSION_KEYS: ReadonlySet<string> = new Set([
  'Type',
  'BaseVersion',
  'ExtensionLevel',
  'URL',
  'ExtensionRevision',
]);

/**
 * True if every form of an appearance finds what it draws with in its own /Resources. A form without them would draw with those
 * of the page, which a later signature must not depend on (ISO 32000-2 §7.8.3).
 */
export function ownsItsResources(view: PdfView, appearance: PdfObject): boolean {
  const forms: PdfObject[] = [];
  const dict = view.dict(appearance);
  if (dict === undefined) return false;
  for (const entry of dict.values()) {
    const states = view.dict(entry);
    if (states === undefined) forms.push(entry);
    else forms.push(...states.values());
  }
  const seen = new Set<PdfObject>();
  for (let form = forms.pop(); form !== undefined; form = forms.pop()) {
    const stream = view.resolve(form);
    if (stream === null || seen.has(stream)) continue;
    seen.add(stream);
    if (!isStream(stream)) return false;
    if (stream.dict.has('F')) return false;
    const resources = view.dict(stream.dict.get('Resources'));
    if (resources === undefined && USES_RESOURCES.test(contentText(view, form))) return false;
    for (const inner of view.dict(resources?.get('XObject'))?.values() ?? []) {
      const object = view.resolve(inner);
      if (isStream(object) && view.name(object.dict.get('Subtype')) === 'Form') forms.push(inner);
    }
  }
  return true;
}

const USES_RESOURCES = /(^|[\s\]>)])(Do|Tf|gs|sh|cs|CS|scn|SCN|BDC|DP)(?=[\s[</(]|$)/;

function contentText(view: PdfView, form: PdfObject): string {
  return Buffer.from(view.streamBytes(form) ?? []).toString('latin1');
}

/** What a signature field is that came with the newer revision; undefined if it is anything but a plain signature field. */
export function newSignatureField(
  older: PdfView,
  newer: PdfView,
  target: PdfObject,
  takenNames: ReadonlySet<string>,
): { readonly class: 'signing' | 'ltv'; readonly name: string; readonly visible: boolean } | undefined {
  const field = newer.dict(target);
  if (!isRef(target) || field === undefined || !isUnused(older, target.num)) return undefined;
  const fieldName = newer.text(field.get('T'));
  if (newer.name(field.get('FT')) !== 'Sig' || !isFreeName(fieldName, takenNames)) return undefined;
  if (field.has('Parent') || ![...field.keys()].every((key) => NEW_FIELD_KEYS.has(key))) return undefined;
  const kids = newer.array(field.get('Kids'));
  // Either the field is its own widget or its kids are: something that is both could be shown as one and judged as the other.
  if (field.has('Kids') && (kids === undefined || WIDGET_KEYS.some((key) => field.has(key)))) return undefined;
  const value = field.get('V');
  const signed = value !== undefined && newer.resolve(value) !== null;
  if (signed && !isNewSignature(older, newer, value)) return undefined;
  const valueDict = newer.dict(value);
  const isTimestamp = valueDict !== undefined && signatureClass(newer, valueDict) === 'ltv';

  let visible = false;
  for (const item of kids ?? [target]) {
    const widget = newer.dict(item);
    if (!isRef(item) || widget === undefined || !isUnused(older, item.num)) return undefined;
    if (newer.name(widget.get('Subtype')) !== 'Widget') return undefined;
    if (kids !== undefined && !isPlainKid(widget, target.num)) return undefined;
    visible ||= isVisible(newer, widget);
    const appearance = widget.get('AP');
    if (appearance !== undefined && !ownsItsResources(newer, appearance)) return undefined;
    // Without a person's signature nobody answers for what the widget draws over the page, on screen or on paper.
    if ((!signed || isTimestamp) && hasArea(newer, widget) && !isBlank(newer, widget)) return undefined;
  }
  return { class: isTimestamp && !visible ? 'ltv' : 'signing', name: fieldName, visible: visible && signed };
}

/** A full stop would make it look like the name of a field further down (ISO 32000-2 §12.7.4.2). */
function isFreeName(name: string | undefined, taken: ReadonlySet<string>): name is string {
  return name !== undefined && name !== '' && !name.includes('.') && !taken.has(name);
}

const WIDGET_KEYS = ['Subtype', 'Rect', 'AP', 'MK'];
/** What makes a kid a field of its own, with another type or value. */
const FIELD_KEYS = ['T', 'FT', 'V', 'Kids'];

function isPlainKid(widget: PdfDict, field: number): boolean {
  const parent = widget.get('Parent');
  if (!isRef(parent) || parent.num !== field) return false;
  return [...widget.keys()].every((key) => NEW_FIELD_KEYS.has(key) && !FIELD_KEYS.includes(key));
}

function hasArea(view: PdfView, widget: PdfDict): boolean {
  const [x0, y0, x1, y1] = (view.array(widget.get('Rect')) ?? []).map((item) => view.number(item));
  if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) return true;
  return x0 !== x1 && y0 !== y1;
}

function isVisible(view: PdfView, widget: PdfDict): boolean {
  const hidden = ((view.number(widget.get('F')) ?? 0) & (2 | 32)) !== 0;
  return !hidden && hasArea(view, widget);
}

/** Nothing in its appearance, and nothing from which a reader would make one (ISO 32000-2 table 192). */
function isBlank(view: PdfView, widget: PdfDict): boolean {
  const look = widget.get('MK');
  if (look !== undefined && view.resolve(look) !== null) {
    const entries = view.dict(look);
    if (entries === undefined || ![...entries.keys()].every((key) => key === 'R')) return false;
  }
  const appearance = widget.get('AP');
  return appearance === undefined || drawsNothing(view, appearance);
}

function drawsNothing(view: PdfView, appearance: PdfObject): boolean {
  const dict = view.dict(appearance);
  return [...(dict?.values() ?? [])].every((form) => {
    const stream = view.resolve(form);
    return stream === null || (isStream(stream) && /^(?:[\sqQ\0]|%[^\r\n]*)*$/.test(contentText(view, form)));
  });
}
