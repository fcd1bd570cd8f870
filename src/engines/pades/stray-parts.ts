/**
 * What a later revision holds beside the objects that its cross-reference lists. We never look there, but readers that think a file
 * damaged put it together anew from everything that looks like an object, and would show another document than the one judged.
 */
import {
  isArray,
  isDict,
  isRef,
  isStream,
  type PdfFile,
  type PdfObject,
  type PdfRef,
  type PdfView,
  ref,
} from '../pdf/index.ts';

/** Places of such parts in revision `index` (2 or more), as paths of a report; empty for a sound one. */
export function strayParts(file: PdfFile, index: number): string[] {
  return [...strayBytes(file, index), ...lostReferences(file, index)];
}

function strayBytes(file: PdfFile, index: number): string[] {
  const revision = file.revisions[index - 1];
  const previous = file.revisions[index - 2];
  if (revision === undefined || previous === undefined) return [];
  const { bytes } = file;
  const region = Buffer.from(bytes.buffer, bytes.byteOffset + previous.end, revision.end - previous.end);
  const hidden = revision.trailer.get('XRefStm');
  const listed = new Set<number>([revision.startXref, typeof hidden === 'number' ? hidden : -1]);
  for (const entry of revision.entries.values()) if (entry.kind === 'offset') listed.add(entry.offset);

  const found: number[] = [];
  for (const at of occurrences(region, 'obj')) {
    const header = headerEndingAt(region, at);
    if (header !== undefined && !listed.has(previous.end + header)) found.push(header);
  }
  // One section, one end: a second trailer would name a second catalog.
  for (const word of ['trailer', 'startxref']) found.push(...[...occurrences(region, word)].slice(1));
  return found.map((at) => `Bytes[${previous.end + at}]`);
}

function* occurrences(region: Buffer, word: string): Generator<number> {
  for (let at = region.indexOf(word, 0, 'latin1'); at >= 0; at = region.indexOf(word, at + word.length, 'latin1'))
    yield at;
}

/** Where `n g obj` begins if its last word stands at `end`. */
function headerEndingAt(region: Buffer, end: number): number | undefined {
  const before = region.toString('latin1', Math.max(0, end - LONGEST_HEADER), end);
  const header = /\d+[\s\0]+\d+[\s\0]*$/.exec(before);
  return header === null ? undefined : end - header[0].length;
}

const LONGEST_HEADER = 64;

/** References that came with this revision and lead to no object: a missing one is null for us, for others a reason to search. */
function lostReferences(file: PdfFile, index: number): string[] {
  const older = file.view(index - 1);
  const newer = file.view(index);
  const lost: string[] = [];
  for (const [num, entry] of file.revisions[index - 1]?.entries ?? []) {
    if (entry.kind === 'free') continue;
    const gen = entry.kind === 'offset' ? entry.gen : 0;
    const value = objectAt(newer, num, gen);
    if (value === undefined) {
      lost.push(`Objects[${num}]`);
      continue;
    }
    const missing = referencesOf(value).filter((target) => !leadsToObject(newer, target));
    if (missing.length === 0) continue;
    const before = referencesOf(objectAt(older, num, gen) ?? null);
    const isNew = (target: PdfRef): boolean => !before.some((one) => one.num === target.num && one.gen === target.gen);
    if (missing.some(isNew)) lost.push(`Objects[${num}]`);
  }
  return lost;
}

function objectAt(view: PdfView, num: number, gen: number): PdfObject | undefined {
  try {
    return view.resolve(ref(num, gen));
  } catch {
    return undefined;
  }
}

function leadsToObject(view: PdfView, target: PdfRef): boolean {
  const entry = view.entry(target.num);
  if (entry === undefined || entry.kind === 'free') return false;
  return (
    (entry.kind === 'offset' ? entry.gen : 0) === target.gen && objectAt(view, target.num, target.gen) !== undefined
  );
}

function referencesOf(value: PdfObject): PdfRef[] {
  const found: PdfRef[] = [];
  const open: PdfObject[] = [value];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (item === null || typeof item !== 'object') continue;
    if (isRef(item)) found.push(item);
    else if (isArray(item)) for (const part of item) open.push(part);
    else if (isDict(item)) for (const part of item.values()) open.push(part);
    else if (isStream(item)) open.push(item.dict);
  }
  return found;
}
