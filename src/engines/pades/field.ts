/** Which field a signature goes into, and whether the document lets it (ISO 32000-2 §12.7.5.5, §12.8.2). */
import { AppError } from '../../shared/index.ts';
import {
  certification,
  fieldLock,
  fieldNames,
  inheritedFromTree,
  isDict,
  isRef,
  locksField,
  name,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  type PdfUpdate,
  type PdfView,
  pageRefs,
  rectangle,
  type SignatureField,
  signatureFields,
  textString,
} from '../pdf/index.ts';
import type { StampPlace } from './appearance.ts';
import type { PrepareOptions } from './types.ts';

/** The place that a signature is about to take. */
export interface ChosenField extends StampPlace {
  readonly field: PdfRef;
  /** The widget that shows the signature; most often the field itself. */
  readonly widget: PdfRef;
  readonly hasAppearance: boolean;
  readonly lock: PdfDict | undefined;
  /** Nothing in the document is signed yet. */
  readonly first: boolean;
  readonly isNew: boolean;
}

type Wanted = Pick<PrepareOptions, 'field' | 'newField' | 'newFieldAfterSignature' | 'certify'>;

/**
 * Finds or makes the field. Throws FIELD_UNKNOWN, FIELD_ALREADY_SIGNED, FIELD_LOCKED, CERTIFIED_NO_CHANGES, CERTIFY_NOT_FIRST,
 * NEW_FIELD_AFTER_SIGNATURE, FIELD_INVALID.
 */
export function chooseField(update: PdfUpdate, wanted: Wanted): ChosenField {
  const { view } = update;
  const fields = signatureFields(view);
  const signed = fields.filter(({ value }) => value !== undefined);
  checkPermissions(view, signed, wanted);
  const existing = fields.find((field) => field.name === wanted.field);
  if (existing !== undefined) return useField(view, existing, signed.length === 0);
  const newField = wanted.newField ?? (fields.length === signed.length ? 'invisible' : undefined);
  if (newField === undefined) throw new AppError('FIELD_UNKNOWN');
  if (newField !== 'invisible' && signed.length > 0 && wanted.newFieldAfterSignature !== true) {
    throw new AppError('NEW_FIELD_AFTER_SIGNATURE');
  }
  return addField(update, wanted.field, newField, signed.length === 0);
}

function checkPermissions(view: PdfView, signed: readonly SignatureField[], wanted: Wanted): void {
  if (wanted.certify !== undefined && signed.length > 0) throw new AppError('CERTIFY_NOT_FIRST');
  if (permission(view, certification(view)) === 1) throw new AppError('CERTIFIED_NO_CHANGES');
  for (const { lock, value } of signed) {
    // A signature's own reference counts; the field's /Lock says the same, and more in PDF 2.0 (table 236, /P).
    if (lock?.get('P') === 1 || permission(view, value) === 1) throw new AppError('CERTIFIED_NO_CHANGES');
    const locks = [lock, parameters(view, value, 'FieldMDP')].filter(isDict).map((dict) => fieldLock(view, dict));
    if (locks.some((each) => locksField(each, wanted.field))) throw new AppError('FIELD_LOCKED');
  }
}

function parameters(view: PdfView, signature: PdfDict | undefined, method: string): PdfDict | undefined {
  for (const entry of view.array(signature?.get('Reference')) ?? []) {
    const reference = view.dict(entry);
    if (view.name(reference?.get('TransformMethod')) === method) {
      return view.dict(reference?.get('TransformParams')) ?? new Map();
    }
  }
  return undefined;
}

/** DocMDP permission of a signature: 2 where none is stated (ISO 32000-2 table 257). */
function permission(view: PdfView, signature: PdfDict | undefined): number | undefined {
  const stated = parameters(view, signature, 'DocMDP');
  return stated && (view.number(stated.get('P')) ?? 2);
}

function useField(view: PdfView, field: SignatureField, first: boolean): ChosenField {
  if (field.value !== undefined) throw new AppError('FIELD_ALREADY_SIGNED');
  const widget = field.widgets[0] ?? field.ref;
  const [left, bottom, right, top] = field.rect ?? [0, 0, 0, 0];
  const page = view.dict(widget)?.get('P');
  return {
    field: field.ref,
    widget,
    hasAppearance: view.dict(view.dict(widget)?.get('AP'))?.has('N') === true,
    lock: field.lock,
    width: right - left,
    height: top - bottom,
    rotation: isRef(page) ? rotationOf(view, page) : 0,
    first,
    isNew: false,
  };
}

/** A new merged field and widget, in the AcroForm and on its page; page contents stay untouched. */
function addField(
  update: PdfUpdate,
  fieldName: string,
  where: NonNullable<PrepareOptions['newField']>,
  first: boolean,
): ChosenField {
  const { view } = update;
  if (fieldName === '' || fieldName.includes('.') || fieldNames(view).has(fieldName)) throw badField();
  const number = where === 'invisible' ? 1 : where.page;
  const page = pageRefs(view)[number - 1];
  if (page === undefined && where !== 'invisible') throw badField();
  const rotation = page === undefined ? 0 : rotationOf(view, page);
  const rect =
    page === undefined || where === 'invisible' ? ([0, 0, 0, 0] as const) : userSpace(view, page, rotation, where.rect);
  const field = update.add(
    new Map<string, PdfObject>([
      ['Type', name('Annot')],
      ['Subtype', name('Widget')],
      ['FT', name('Sig')],
      ['T', textString(fieldName)],
      ['Rect', [...rect]],
      // Print and Locked, never hidden (ISO 19005-3 §6.3.2).
      ['F', 132],
      ...(page === undefined ? [] : ([['P', page]] as const)),
    ]),
  );
  if (page !== undefined) appendTo(update, page, 'Annots', field);
  appendTo(update, formOf(update), 'Fields', field);
  return {
    field,
    widget: field,
    hasAppearance: false,
    lock: undefined,
    width: rect[2] - rect[0],
    height: rect[3] - rect[1],
    rotation,
    first,
    isNew: true,
  };
}

const badField = (): AppError => new AppError('FIELD_INVALID');

/** Appends to an array that hangs on `owner` directly, by reference, or not yet. */
function appendTo(update: PdfUpdate, owner: PdfRef | PdfDict, key: string, item: PdfRef): void {
  const dict = isRef(owner) ? (update.get(owner) as PdfDict) : owner;
  const entry = dict.get(key);
  const items = [...(update.view.array(entry) ?? []), item];
  if (isRef(entry) && update.view.array(entry) !== undefined) update.set(entry, items);
  else (isRef(owner) ? update.edit(owner) : owner).set(key, items);
}

/** The AcroForm dictionary, editable: made if it is missing, copied if it is direct. */
export function formOf(update: PdfUpdate): PdfDict {
  const root = update.get(update.rootRef) as PdfDict;
  const entry = root.get('AcroForm');
  if (isRef(entry) && isDict(update.get(entry))) return update.edit(entry);
  const form: PdfDict = new Map(isDict(entry) ? entry : [['Fields', []]]);
  const editable = update.edit(update.rootRef);
  if (isDict(entry)) editable.set('AcroForm', form);
  else editable.set('AcroForm', update.add(form));
  return form;
}

function rotationOf(view: PdfView, page: PdfRef): number {
  const rotation = view.number(inheritedFromTree(view, page, 'Rotate')) ?? 0;
  return Number.isInteger(rotation / 90) ? ((rotation % 360) + 360) % 360 : 0;
}

/** A rectangle on the page as it is seen, in the page's own coordinates (ISO 32000-2 §14.11.2, table 31 /Rotate). */
function userSpace(
  view: PdfView,
  page: PdfRef,
  rotation: number,
  seen: readonly [number, number, number, number],
): readonly [number, number, number, number] {
  const media = rectangle(view, inheritedFromTree(view, page, 'MediaBox'));
  const [left, bottom, right, top] = rectangle(view, inheritedFromTree(view, page, 'CropBox')) ??
    media ?? [0, 0, 612, 792];
  const width = right - left;
  const height = top - bottom;
  const [x0, y0, x1, y1] = seen;
  const turned = rotation % 180 !== 0;
  const inside = x0 >= 0 && y0 >= 0 && x1 <= (turned ? height : width) && y1 <= (turned ? width : height);
  if (!seen.every(Number.isFinite) || x1 <= x0 || y1 <= y0 || !inside) throw badField();
  switch (rotation) {
    case 90:
      return [left + width - y1, bottom + x0, left + width - y0, bottom + x1];
    case 180:
      return [left + width - x1, bottom + height - y1, left + width - x0, bottom + height - y0];
    case 270:
      return [left + y0, bottom + height - x1, left + y1, bottom + height - x0];
    default:
      return [left + x0, bottom + y0, left + x1, bottom + y1];
  }
}
