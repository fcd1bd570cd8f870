/**
 * Files opened lately. A document is opened again after every step, and after a step it begins with what it was before: what was read of
 * it need not be read anew. Whether bytes are the same is always found by comparing all of them with a copy that nobody else has.
 */
import type { PdfFile } from './file.ts';
import type { ObjectCache } from './view.ts';

export interface Opened {
  readonly file: PdfFile;
  readonly cache: ObjectCache;
}

/** By what a kept file is looked up. */
interface Marks {
  readonly whole: number;
  readonly beginning: number;
}

/** Bytes kept alive in all, and number of files. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_FILES = 500;
/** Greater files, and files that with all those they grew from are greater, are opened anew each time. */
const MAX_WEIGHT = 8 * 1024 * 1024;

/** Files compared in full at one look-up; more with equal marks are no accident. */
const MAX_CANDIDATES = 8;

/** Oldest first. */
const kept = new Map<Opened, Marks>();
const byMark = new Map<number, Set<Opened>>();
const byBeginning = new Map<number, Set<Opened>>();
/** How many kept files need each cache: their own, and those of the files they grew from, whose parsed objects they share. */
const needed = new Map<ObjectCache, number>();
let bytesKept = 0;

/** The very same bytes, opened before. */
export function openedBefore(bytes: Uint8Array): Opened | undefined {
  for (const opened of newest(byMark.get(markOf(bytes)))) {
    if (opened.cache.bytes.compare(bytes) !== 0) continue;
    // What was used last is dropped last.
    const marks = kept.get(opened);
    kept.delete(opened);
    if (marks !== undefined) kept.set(opened, marks);
    return opened;
  }
  return undefined;
}

/**
 * A file opened before that ends before `limit` with a line end right after its `%%EOF`, whose last cross-reference stands at `startXref`,
 * and all of whose bytes `bytes` begins with: then its revisions are the first ones of `bytes`.
 */
export function openedBeginning(bytes: Buffer, startXref: number, limit: number): Opened | undefined {
  if (startXref <= 0 || startXref >= limit) return undefined;
  for (const opened of newest(byBeginning.get(beginningMarkOf(bytes, startXref)))) {
    const { bytes: own } = opened.cache;
    const last = opened.file.revisions.at(-1);
    const endsPlainly = last?.end === own.length && own[own.length - 1] === 10;
    if (own.length > limit || !endsPlainly || weightOf(opened) + bytes.length > MAX_WEIGHT) continue;
    if (own.compare(bytes, 0, own.length) === 0) return opened;
  }
  return undefined;
}

function newest(found: ReadonlySet<Opened> | undefined): readonly Opened[] {
  return found === undefined ? [] : [...found].slice(-MAX_CANDIDATES).reverse();
}

/** A number by which files are told apart before they are compared: some bytes of all parts, and the trailer with its identifier. */
function markOf(bytes: Uint8Array): number {
  const { length } = bytes;
  return sample(
    bytes,
    Math.max(0, length - TRAILER),
    length,
    1,
    sample(bytes, 0, length, Math.ceil(length / SAMPLES), length),
  );
}

/** The same for the part of a file up to the end of the revision whose cross-reference stands at `startXref`. */
function beginningMarkOf(bytes: Buffer, startXref: number): number {
  const end = bytes.indexOf('%%EOF', startXref, 'latin1');
  const before = sample(bytes, 0, startXref, Math.ceil(startXref / SAMPLES), startXref);
  const head = sample(bytes, startXref, Math.min(startXref + TRAILER, end), 1, before);
  return sample(bytes, Math.max(startXref, end - TRAILER), end, 1, head);
}

const SAMPLES = 64;
const TRAILER = 400;

function sample(bytes: Uint8Array, start: number, end: number, stride: number, seed: number): number {
  let value = seed;
  for (let at = start; at < end; at += stride) value = Math.imul(value ^ (bytes[at] as number), 0x01000193);
  return value;
}

/** True if a file of that size may be kept. */
export function isKept(length: number): boolean {
  return length <= MAX_WEIGHT;
}

export function keep(opened: Opened): void {
  const { bytes } = opened.cache;
  const marks = {
    whole: markOf(bytes),
    beginning: beginningMarkOf(bytes, opened.file.revisions.at(-1)?.startXref ?? 0),
  };
  kept.set(opened, marks);
  at(byMark, marks.whole).add(opened);
  at(byBeginning, marks.beginning).add(opened);
  for (const cache of lineage(opened)) {
    const count = needed.get(cache) ?? 0;
    if (count === 0) bytesKept += cache.bytes.length;
    needed.set(cache, count + 1);
  }
  for (const [oldest, itsMarks] of kept) {
    if (bytesKept <= MAX_BYTES && kept.size <= MAX_FILES) break;
    drop(oldest, itsMarks);
  }
}

function drop(opened: Opened, { whole, beginning }: Marks): void {
  kept.delete(opened);
  remove(byMark, whole, opened);
  remove(byBeginning, beginning, opened);
  for (const cache of lineage(opened)) {
    const count = needed.get(cache) ?? 1;
    if (count > 1) needed.set(cache, count - 1);
    else {
      needed.delete(cache);
      bytesKept -= cache.bytes.length;
    }
  }
}

function* lineage({ cache }: Opened): Iterable<ObjectCache> {
  for (let one: ObjectCache | undefined = cache; one !== undefined; one = one.base) yield one;
}

function weightOf(opened: Opened): number {
  let sum = 0;
  for (const { bytes } of lineage(opened)) sum += bytes.length;
  return sum;
}

function at(index: Map<number, Set<Opened>>, key: number): Set<Opened> {
  const found = index.get(key) ?? new Set();
  index.set(key, found);
  return found;
}

function remove(index: Map<number, Set<Opened>>, key: number, opened: Opened): void {
  const found = index.get(key);
  found?.delete(opened);
  if (found?.size === 0) index.delete(key);
}
