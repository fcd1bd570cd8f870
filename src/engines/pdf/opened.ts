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

/** Bytes kept alive in all, and number of files. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_FILES = 500;
/** Greater files, and files that with all those they grew from are greater, are opened anew each time. */
const MAX_WEIGHT = 8 * 1024 * 1024;

/** Oldest first. */
const kept = new Set<Opened>();
const byLength = new Map<number, Set<Opened>>();
const byStartXref = new Map<number, Set<Opened>>();
/** How many kept files need each cache: their own, and those of the files they grew from, whose parsed objects they share. */
const needed = new Map<ObjectCache, number>();
let bytesKept = 0;

/** The very same bytes, opened before. */
export function openedBefore(bytes: Uint8Array): Opened | undefined {
  for (const opened of byLength.get(bytes.length) ?? []) {
    if (!begins(bytes, opened.cache.bytes)) continue;
    // What was used last is dropped last.
    kept.delete(opened);
    kept.add(opened);
    return opened;
  }
  return undefined;
}

/**
 * A file opened before that ends before `limit` with a line end right after its `%%EOF`, whose last cross-reference stands at `startXref`,
 * and all of whose bytes `bytes` begins with: then its revisions are the first ones of `bytes`.
 */
export function openedBeginning(bytes: Buffer, startXref: number, limit: number): Opened | undefined {
  for (const opened of byStartXref.get(startXref) ?? []) {
    const { bytes: own } = opened.cache;
    const last = opened.file.revisions.at(-1);
    const endsPlainly = last?.end === own.length && own[own.length - 1] === 10;
    if (own.length > limit || !endsPlainly || weightOf(opened) + bytes.length > MAX_WEIGHT) continue;
    if (begins(bytes, own)) return opened;
  }
  return undefined;
}

/** Documents of one form differ in the identifier of their trailer, if nowhere else before. */
const TAIL = 512;

/** True if `bytes` begin with all of `own`. */
function begins(bytes: Uint8Array, own: Buffer): boolean {
  const tail = Math.max(0, own.length - TAIL);
  return own.compare(bytes, tail, own.length, tail) === 0 && own.compare(bytes, 0, tail, 0, tail) === 0;
}

/** True if a file of that size may be kept. */
export function isKept(length: number): boolean {
  return length <= MAX_WEIGHT;
}

export function keep(opened: Opened): void {
  kept.add(opened);
  at(byLength, opened.cache.bytes.length).add(opened);
  at(byStartXref, startXrefOf(opened)).add(opened);
  for (const cache of lineage(opened)) {
    const count = needed.get(cache) ?? 0;
    if (count === 0) bytesKept += cache.bytes.length;
    needed.set(cache, count + 1);
  }
  for (const oldest of kept) {
    if (bytesKept <= MAX_BYTES && kept.size <= MAX_FILES) break;
    drop(oldest);
  }
}

function drop(opened: Opened): void {
  kept.delete(opened);
  remove(byLength, opened.cache.bytes.length, opened);
  remove(byStartXref, startXrefOf(opened), opened);
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

const startXrefOf = ({ file }: Opened): number => file.revisions.at(-1)?.startXref ?? 0;

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
