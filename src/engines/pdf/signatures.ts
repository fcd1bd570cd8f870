/** Signature dictionaries (ISO 32000-2 §12.8.1) and whether their byte ranges are what they must be. */
import { signatureFields } from './fields.ts';
import type { PdfFile, PdfView, SignatureDictionary } from './file.ts';
import { takeObjectHeader } from './indirect.ts';
import { isArray, isDict, isInteger, isString, type PdfDict, type PdfRef } from './objects.ts';
import { cursorAt, isBlank, parseDict, skipBlank } from './syntax.ts';
import { parseDate } from './text.ts';

const found = new WeakMap<PdfFile, readonly SignatureDictionary[]>();

/**
 * The signature dictionaries that fields of the latest revision point at, in the order in which they were made.
 * Two fields with one dictionary give one entry with two names. A bad byte range is data, not an error.
 * Found once a file: it is asked for at every look.
 */
export function signatureDictionaries(file: PdfFile): readonly SignatureDictionary[] {
  const known = found.get(file) ?? findDictionaries(file);
  found.set(file, known);
  return known;
}

function findDictionaries(file: PdfFile): SignatureDictionary[] {
  const byPlace = new Map<number | PdfDict, { names: string[]; ref: PdfRef | undefined; dict: PdfDict }>();
  for (const { name, valueRef, value } of signatureFields(file.latest)) {
    if (value === undefined) continue;
    const key = valueRef?.num ?? value;
    const known = byPlace.get(key);
    if (known !== undefined) known.names.push(name);
    else byPlace.set(key, { names: [name], ref: valueRef, dict: value });
  }
  const dictionaries = Array.from(byPlace.values(), ({ names, ref, dict }) => describe(file, names, ref, dict));
  return dictionaries.sort((left, right) => left.definedIn - right.definedIn || rangeEnd(left) - rangeEnd(right));
}

const rangeEnd = ({ byteRange }: SignatureDictionary): number => (byteRange?.[2] ?? 0) + (byteRange?.[3] ?? 0);

function describe(file: PdfFile, fields: string[], ref: PdfRef | undefined, dict: PdfDict): SignatureDictionary {
  const view = file.latest;
  const definedIn = ref === undefined ? file.revisions.length : lastDefinedIn(file, ref.num);
  const contents = dict.get('Contents');
  const contentsSpan = ref === undefined ? undefined : spanOfContents(file, ref.num, dict);
  const range = view.array(dict.get('ByteRange'))?.map((part) => view.number(part));
  const byteRange = range?.every(isInteger) ? range : undefined;
  const end = byteRange?.length === 4 ? Number(byteRange[2]) + Number(byteRange[3]) : undefined;
  const coversRevision = end === undefined ? undefined : revisionEndingAt(file, end);
  const subFilter = view.name(dict.get('SubFilter'));
  const type = view.name(dict.get('Type'));
  const references = signatureReferences(view, dict);
  return {
    fields,
    ref,
    dict,
    definedIn,
    type: type === 'DocTimeStamp' || subFilter === 'ETSI.RFC3161' ? 'document-timestamp' : 'signature',
    filter: view.name(dict.get('Filter')),
    subFilter,
    byteRange,
    contents: isString(contents) ? contents.bytes : undefined,
    contentsSpan,
    byteRangeProblems: byteRangeProblems(file, byteRange, contentsSpan, coversRevision, definedIn, ref),
    coversRevision,
    coversWholeFile: coversRevision === file.revisions.length && !file.trailing.significant,
    claimedTime: parseDate(view.text(dict.get('M'))),
    reason: view.text(dict.get('Reason')),
    signerName: view.text(dict.get('Name')),
    location: view.text(dict.get('Location')),
    docMdp: references.docMdp,
    fieldMdp: references.fieldMdp,
  };
}

function lastDefinedIn(file: PdfFile, num: number): number {
  for (let index = file.revisions.length; index > 0; index--) {
    if (file.revisions[index - 1]?.entries.has(num)) return index;
  }
  return 0;
}

type Span = SignatureDictionary['contentsSpan'];

/** Dictionaries are shared by files that begin alike, and stand at the same place in all of them. */
const spans = new WeakMap<PdfDict, { readonly offset: number; readonly span: Span }>();

/** The `<…>` token of /Contents, if it is a direct hexadecimal string of the object itself. */
function spanOfContents(file: PdfFile, num: number, dict: PdfDict): Span {
  const place = file.latest.entry(num);
  if (place?.kind !== 'offset') return undefined;
  const known = spans.get(dict);
  if (known?.offset === place.offset) return known.span;
  const span = findContents(file, place);
  spans.set(dict, { offset: place.offset, span });
  return span;
}

function findContents(file: PdfFile, place: { readonly offset: number }): Span {
  const cursor = cursorAt(file.bytes, place.offset, 100);
  takeObjectHeader(cursor);
  skipBlank(cursor);
  if (cursor.bytes.toString('latin1', cursor.pos, cursor.pos + 2) !== '<<') return undefined;
  let span: Span;
  parseDict(cursor, 0, (key, start, end) => {
    const isHexString = cursor.bytes[start] === 0x3c && cursor.bytes[start + 1] !== 0x3c;
    if (key === 'Contents' && isHexString) span = { start, end };
  });
  return span;
}

/** The revision whose `%%EOF` line ends at `end`; line ends and NULs beyond it may be covered too. */
function revisionEndingAt(file: PdfFile, end: number): number | undefined {
  for (let index = file.revisions.length; index > 0; index--) {
    const endOfMarker = file.revisions[index - 1]?.endOfMarker ?? 0;
    if (end < endOfMarker) continue;
    const beyond = file.bytes.subarray(endOfMarker, end);
    return end <= file.bytes.length && beyond.length <= MAX_PADDING && beyond.every(isBlank) ? index : undefined;
  }
  return undefined;
}

const MAX_PADDING = 4096;

function byteRangeProblems(
  file: PdfFile,
  range: readonly number[] | undefined,
  contents: SignatureDictionary['contentsSpan'],
  coversRevision: number | undefined,
  definedIn: number,
  ref: PdfRef | undefined,
): string[] {
  if (contents === undefined) return ['CONTENTS_NOT_DIRECT_HEX'];
  if (range === undefined) return ['BYTE_RANGE_MISSING'];
  if (range.length !== 4) return ['BYTE_RANGE_NOT_FOUR_NUMBERS'];
  const [start, firstLength, second, secondLength] = range as [number, number, number, number];
  const problems: string[] = [];
  if (start !== 0) problems.push('BYTE_RANGE_NOT_FROM_START');
  if (firstLength < 0 || secondLength < 0 || second + secondLength > file.bytes.length) {
    problems.push('BYTE_RANGE_OUTSIDE_FILE');
  }
  if (start + firstLength !== contents.start || second !== contents.end) problems.push('BYTE_RANGE_GAP_NOT_CONTENTS');
  if (coversRevision === undefined) problems.push('BYTE_RANGE_ENDS_AT_NO_REVISION');
  else if (coversRevision !== definedIn) problems.push('SIGNATURE_NOT_OF_COVERED_REVISION');
  // A number that meant something else before could be switched back in a shadow attack.
  const usedBefore = file.revisions
    .slice(0, Math.max(0, definedIn - 1))
    .some(({ entries }) => ref !== undefined && (entries.get(ref.num)?.kind ?? 'free') !== 'free');
  if (usedBefore) problems.push('SIGNATURE_OBJECT_REUSED');
  return problems;
}

function signatureReferences(view: PdfView, dict: PdfDict): Pick<SignatureDictionary, 'docMdp' | 'fieldMdp'> {
  let docMdp: SignatureDictionary['docMdp'];
  let fieldMdp: SignatureDictionary['fieldMdp'];
  for (const entry of view.array(dict.get('Reference')) ?? []) {
    const reference = view.dict(entry);
    const method = view.name(reference?.get('TransformMethod'));
    const parameters = view.dict(reference?.get('TransformParams'));
    if (method === 'DocMDP') {
      // ISO 32000-2 table 257: 2 is the default; anything unknown is read as the strictest.
      const p = parameters?.has('P') ? view.number(parameters.get('P')) : 2;
      docMdp = p === 2 || p === 3 ? p : 1;
    }
    if (method === 'FieldMDP') fieldMdp = fieldLock(view, parameters);
  }
  return { docMdp, fieldMdp };
}

/** /Action and /Fields of a FieldMDP transform or of a field's /Lock (ISO 32000-2 tables 236, 258). */
export function fieldLock(
  view: PdfView,
  parameters: PdfDict | undefined,
): NonNullable<SignatureDictionary['fieldMdp']> {
  const action = view.name(parameters?.get('Action'));
  const listed = parameters?.get('Fields');
  const fields = isArray(view.resolve(listed)) ? (view.array(listed) ?? []).map((field) => view.text(field) ?? '') : [];
  // Unknown actions lock everything: the strictest reading.
  return { action: action === 'Include' || action === 'Exclude' ? action : 'All', fields };
}

/** True if `lock` covers the field: by its full name or the name of a parent (`Ky` covers `Ky.1`, not `Ky1`). */
export function locksField(lock: NonNullable<SignatureDictionary['fieldMdp']>, field: string): boolean {
  const listed = lock.fields.some((name) => field === name || field.startsWith(`${name}.`));
  return lock.action === 'All' || (lock.action === 'Include' ? listed : !listed);
}

/** The signature dictionary that certifies the document: /Perms /DocMDP of the catalog (ISO 32000-2 §12.8.6). */
export function certification(view: PdfView): PdfDict | undefined {
  const permissions = view.dict(view.root.get('Perms'));
  const certified = permissions?.get('DocMDP');
  return isDict(view.resolve(certified)) ? view.dict(certified) : undefined;
}
