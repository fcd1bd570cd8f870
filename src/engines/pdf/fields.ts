/** Signature fields (ISO 32000-2 §12.7.4, §12.7.5.5). */
import type { PdfView, SignatureField } from './file.ts';
import { isRef, type PdfDict, type PdfRef } from './objects.ts';
import { pageNumber, pageRefs } from './pages.ts';
import { badSyntax, tooDeep, tooLarge } from './refusal.ts';

const MAX_FIELD_DEPTH = 64;
const MAX_FIELDS = 100_000;

/**
 * All signature fields of a view, in the order of the field tree; types and values are inherited as §12.7.4.1 says.
 * Throws PDF_SYNTAX if the tree loops, PDF_TOO_DEEP, PDF_TOO_LARGE.
 */
export function signatureFields(view: PdfView): SignatureField[] {
  const fields: SignatureField[] = [];
  for (const { field, type, value, name, widgets, dict } of terminalFields(view)) {
    if (type !== 'Sig') continue;
    if (field === undefined) {
      throw badSyntax(0, 'Ô ký không phải là đối tượng gián tiếp', 'A signature field is no indirect object');
    }
    const rect = rectangle(view, view.dict(widgets[0])?.get('Rect'));
    let page: number | undefined | null = null;
    fields.push({
      name,
      ref: field,
      dict,
      widgets,
      get page() {
        if (page === null) page = pageOf(view, widgets[0]);
        return page;
      },
      rect,
      valueRef: isRef(value) ? value : undefined,
      value: view.dict(value),
      lock: view.dict(dict.get('Lock')),
    });
  }
  return fields;
}

interface Terminal {
  readonly field: PdfRef | undefined;
  readonly dict: PdfDict;
  readonly name: string;
  readonly type: string | undefined;
  readonly value: ReturnType<PdfDict['get']>;
  readonly widgets: readonly PdfRef[];
}

/** Fully qualified names of all terminal fields: new names must differ from them. */
export function fieldNames(view: PdfView): Set<string> {
  return new Set(terminalFields(view).map(({ name }) => name));
}

/** Views never change, and signing asks twice: for the fields and for the names taken. */
const known = new WeakMap<PdfView, readonly Terminal[]>();

function terminalFields(view: PdfView): readonly Terminal[] {
  const fields = known.get(view) ?? walkFields(view);
  known.set(view, fields);
  return fields;
}

function walkFields(view: PdfView): Terminal[] {
  const found: Terminal[] = [];
  const seen = new Set<number>();
  let count = 0;

  function walk(node: PdfRef | PdfDict, above: Inherited, depth: number): void {
    const field = isRef(node) ? node : undefined;
    if (field !== undefined) {
      if (seen.has(field.num)) throw badSyntax(0, 'Cây trường biểu mẫu lặp vòng', 'The field tree loops');
      seen.add(field.num);
    }
    if (depth > MAX_FIELD_DEPTH) throw tooDeep('Cây trường biểu mẫu quá sâu', 'The field tree is too deep');
    if (++count > MAX_FIELDS) throw tooLarge('Quá nhiều trường biểu mẫu', 'Too many form fields');
    const dict = view.dict(node);
    if (dict === undefined) return;
    const partial = view.text(dict.get('T'));
    const own: Inherited = {
      name: partial === undefined ? above.name : above.name === '' ? partial : `${above.name}.${partial}`,
      type: view.name(dict.get('FT')) ?? above.type,
      value: dict.has('V') ? dict.get('V') : above.value,
    };
    const kids = (view.array(dict.get('Kids')) ?? []).filter((kid) => view.dict(kid) !== undefined);
    // A kid with a name of its own is a field; one without is a widget of this field.
    const subfields = kids.filter((kid) => view.dict(kid)?.has('T'));
    if (subfields.length > 0) {
      for (const kid of kids) walk(kid as PdfRef | PdfDict, own, depth + 1);
      return;
    }
    const widgets = kids.length > 0 ? kids.filter(isRef) : field !== undefined && dict.has('Rect') ? [field] : [];
    found.push({ field, dict, ...own, widgets });
  }

  const form = view.dict(view.root.get('AcroForm'));
  for (const field of view.array(form?.get('Fields')) ?? []) {
    if (isRef(field) || field instanceof Map) walk(field, { name: '', type: undefined, value: undefined }, 0);
  }
  return found;
}

interface Inherited {
  readonly name: string;
  readonly type: string | undefined;
  readonly value: ReturnType<PdfDict['get']>;
}

/** Four finite numbers as a rectangle with its corners in order; undefined otherwise. */
export function rectangle(
  view: PdfView,
  value: ReturnType<PdfDict['get']>,
): readonly [number, number, number, number] | undefined {
  const numbers = view.array(value)?.map((part) => view.number(part));
  if (numbers?.length !== 4) return undefined;
  const [a, b, c, d] = numbers;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

function pageOf(view: PdfView, widget: PdfRef | undefined): number | undefined {
  if (widget === undefined) return undefined;
  const named = view.dict(widget)?.get('P');
  const number = isRef(named) ? pageNumber(view, named) : undefined;
  if (number !== undefined) return number;
  const found = pageRefs(view).findIndex((page) =>
    view.array(view.dict(page)?.get('Annots'))?.some((entry) => isRef(entry) && entry.num === widget.num),
  );
  return found < 0 ? undefined : found;
}
