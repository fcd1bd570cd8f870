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
    const signed = field.signedAs !== undefined && after !== undefined && ownsItsResources(newer, after);
    return signed ? field.signedAs : undefined;
  },

  'appearance-state': ({ field }) => (isVariable(field) ? 'form-filling' : undefined),

  'while-signing': ({ after, field }) => (after === undefined ? undefined : field?.signedAs),

  'widget-flags': ({ older, newer, before, after, field }) => {
    if (field?.signedAs === undefined) return undefined;
    const previous = before === undefined ? 0 : older.number(before);
    const next = newer.number(after);
    if (previous === undefined || next === undefined || !isInteger(previous) || !isInteger(next)) return undefined;
    const set = next & ~previous;
    const cleared = previous & ~next;
    return (set & ~MAY_BE_SET) === 0 && (cleared & ~MAY_BE_CLEARED) === 0 ? field.signedAs : undefined;
  },

  // Signers mark fields that they lock as read-only; nothing else may change here.
  'field-flags': ({ older, newer, before, after }) => {
    const previous = before === undefined ? 0 : older.number(before);
    const next = newer.number(after);
    return previous !== undefined && next === (previous | READ_ONLY) ? 'signing' : undefined;
  },
};

const READ_ONLY = 1;
/** Print, ReadOnly, Locked, LockedContents (ISO 32000-2 table 167). */
const MAY_BE_SET = 4 | 64 | 128 | 512;
/** Invisible, Hidden, NoView. */
const MAY_BE_CLEARED = 1 | 2 | 32;
const PUSH_BUTTON = 1 << 16;

/** What the older and the newer revision say of one field or widget. */
export function sightOf(older: PdfView, newer: PdfView, before: PdfDict, after: PdfDict): FieldSight {
  const type = older.name(inherited(older, before, 'FT'));
  const flags = older.number(inherited(older, before, 'Ff')) ?? 0;
  const hadValue = older.resolve(inherited(older, before, 'V')) !== null;
  const value = newer.dict(inherited(newer, after, 'V'));
  const signed = type === 'Sig' && !hadValue && value !== undefined;
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
  return !isRef(value) || isUnused(older, value.num);
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
  if (newer.name(field.get('FT')) !== 'Sig' || fieldName === undefined || fieldName === '' || takenNames.has(fieldName))
    return undefined;
  if (field.has('Parent')) return undefined;
  const kids = newer.array(field.get('Kids'));
  if (field.has('Kids') && kids === undefined) return undefined;
  const widgets = kids ?? [target];
  const value = field.get('V');
  const signed = value !== undefined && newer.resolve(value) !== null;
  if (signed && !isNewSignature(older, newer, value)) return undefined;
  if (![...field.keys()].every((key) => NEW_FIELD_KEYS.has(key))) return undefined;

  let visible = false;
  for (const item of widgets) {
    const widget = newer.dict(item);
    if (!isRef(item) || widget === undefined || !isUnused(older, item.num)) return undefined;
    if (newer.name(widget.get('Subtype')) !== 'Widget') return undefined;
    if (![...widget.keys()].every((key) => NEW_FIELD_KEYS.has(key))) return undefined;
    const parent = widget.get('Parent');
    if (item.num !== target.num && !(isRef(parent) && parent.num === target.num)) return undefined;
    const seen = isVisible(newer, widget);
    visible ||= seen;
    const appearance = widget.get('AP');
    if (appearance === undefined) continue;
    if (!ownsItsResources(newer, appearance)) return undefined;
    // Without a signature nobody answers for what the widget draws over the page.
    if (!signed && seen && !drawsNothing(newer, appearance)) return undefined;
  }
  const valueDict = newer.dict(value);
  const timestamp = signed && valueDict !== undefined && signatureClass(newer, valueDict) === 'ltv';
  return { class: timestamp && !visible ? 'ltv' : 'signing', name: fieldName, visible: visible && signed };
}

function isVisible(view: PdfView, widget: PdfDict): boolean {
  const [x0, y0, x1, y1] = (view.array(widget.get('Rect')) ?? []).map((item) => view.number(item));
  if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) return true;
  const hidden = ((view.number(widget.get('F')) ?? 0) & (2 | 32)) !== 0;
  return !hidden && x0 !== x1 && y0 !== y1;
}

function drawsNothing(view: PdfView, appearance: PdfObject): boolean {
  const dict = view.dict(appearance);
  return [...(dict?.values() ?? [])].every((form) => {
    const stream = view.resolve(form);
    return stream === null || (isStream(stream) && /^[\sqQ]*$/.test(contentText(view, form)));
  });
}
