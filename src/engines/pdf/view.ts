/** The objects as a reader of one revision sees them, parsed when first asked for and shared between revisions. */
import type { PdfLimits, PdfView, Revision, XrefEntry } from './file.ts';
import { decodeStream } from './filters.ts';
import { type IndirectObject, parseIndirect } from './indirect.ts';
import {
  isArray,
  isDict,
  isInteger,
  isName,
  isRef,
  isStream,
  isString,
  type PdfObject,
  type PdfRef,
  type PdfStream,
} from './objects.ts';
import { badSyntax, tooDeep, xrefBroken } from './refusal.ts';
import { cursorAt, parseObject, skipBlank, takeUnsigned } from './syntax.ts';
import { decodeText } from './text.ts';

/** An object stream taken apart: numbers and places of its objects in the decoded bytes. */
interface ObjectStream {
  readonly decoded: Uint8Array;
  readonly places: readonly { readonly num: number; readonly offset: number; readonly end: number }[];
  readonly parsed: Map<number, PdfObject>;
}

/** What all views of one file share, so that an unchanged object is parsed once and is the same value everywhere. */
export interface ObjectCache {
  readonly bytes: Buffer;
  readonly limits: PdfLimits;
  /** That of a file whose bytes these ones begin with: objects that end there are kept there. */
  readonly base: ObjectCache | undefined;
  /** By offset of `n g obj`. */
  readonly objects: Map<number, IndirectObject>;
  readonly containers: Map<PdfStream, ObjectStream>;
  /** Offsets and (negative) object streams being read now, to notice one that needs itself. */
  readonly busy: Set<number>;
  /** Something could not be read. */
  failed: boolean;
}

/** Where the object at `offset` is kept, if it ends there too: with the shortest file that reaches beyond it. */
function homeOf(cache: ObjectCache, offset: number): ObjectCache {
  let home = cache;
  while (home.base !== undefined && offset < home.base.bytes.length) home = home.base;
  return home;
}

/** References to references; more is a loop. */
const MAX_HOPS = 32;

/** The view at `revisions.at(-1)`. */
export function createView(revisions: readonly Revision[], cache: ObjectCache): PdfView {
  const newest = revisions.at(-1);
  if (newest === undefined) throw xrefBroken('Không có bản nào', 'There is no revision');
  const { limits, bytes } = cache;

  const places = new Map<number, XrefEntry | undefined>();

  function entry(num: number): XrefEntry | undefined {
    const known = places.get(num);
    if (known !== undefined) return known;
    let found: XrefEntry | undefined;
    for (let index = revisions.length - 1; index >= 0 && found === undefined; index--) {
      found = revisions[index]?.entries.get(num);
    }
    places.set(num, found);
    return found;
  }

  function* objectNumbers(): Iterable<number> {
    const seen = new Set<number>();
    for (let index = revisions.length - 1; index >= 0; index--) {
      for (const [num, { kind }] of revisions[index]?.entries ?? []) {
        if (seen.has(num)) continue;
        if (index > 0) seen.add(num);
        if (kind !== 'free') yield num;
      }
    }
  }

  function indirect(num: number, offset: number, gen: number): IndirectObject {
    const home = homeOf(cache, offset);
    const known = home.objects.get(offset) ?? cache.objects.get(offset);
    if (known !== undefined) {
      if (known.num !== num || known.gen !== gen) throw misplaced(num, offset);
      // In another revision the length object may say otherwise; then the bytes must be read again.
      if (known.length === undefined || resolve(known.length.ref) === known.length.value) return known;
    }
    if (offset >= bytes.length) throw misplaced(num, offset);
    return guarded(offset, () => {
      const object = parseIndirect(cursorAt(bytes, offset, limits.maxDepth), resolve);
      if (object.num !== num || object.gen !== gen) throw misplaced(num, offset);
      if (known === undefined) (object.end < home.bytes.length ? home : cache).objects.set(offset, object);
      return object;
    });
  }

  /** Runs `work` unless it is already running further out: then the object needs itself to be read. */
  function guarded<T>(key: number, work: () => T): T {
    if (cache.busy.has(key) || cache.busy.size >= MAX_HOPS) {
      throw tooDeep('Đối tượng cần chính nó để đọc', 'An object is needed to read itself');
    }
    cache.busy.add(key);
    try {
      return work();
    } finally {
      cache.busy.delete(key);
    }
  }

  function container(num: number): ObjectStream {
    const place = entry(num);
    if (place?.kind !== 'offset') throw noContainer(num);
    const stream = indirect(num, place.offset, place.gen).value;
    if (!isStream(stream)) throw noContainer(num);
    // What another object has a say in may be different in a longer file.
    const { containers } = [...stream.dict.values()].some(isRef) ? cache : homeOf(cache, place.offset);
    let taken = containers.get(stream);
    if (taken === undefined) {
      taken = guarded(-num - 1, () => openContainer(num, stream));
      containers.set(stream, taken);
    }
    return taken;
  }

  function openContainer(num: number, stream: PdfStream): ObjectStream {
    const type = resolve(stream.dict.get('Type'));
    if (!isName(type) || type.name !== 'ObjStm') throw noContainer(num);
    const decoded = decodeStream(stream.raw, stream.dict, resolve, limits.maxDecodedBytes);
    const count = resolve(stream.dict.get('N'));
    const first = resolve(stream.dict.get('First'));
    if (!isInteger(count) || !isInteger(first) || count < 0 || first < 0 || first > decoded.length) {
      throw noContainer(num);
    }
    const cursor = cursorAt(decoded, 0, limits.maxDepth, first);
    const places: { num: number; offset: number; end: number }[] = [];
    for (let index = 0; index < count; index++) {
      skipBlank(cursor);
      const member = takeUnsigned(cursor);
      skipBlank(cursor);
      const offset = takeUnsigned(cursor);
      if (member === undefined || offset === undefined || first + offset > decoded.length) throw noContainer(num);
      places.push({ num: member, offset: first + offset, end: decoded.length });
    }
    const inOrder = [...places].sort((left, right) => left.offset - right.offset);
    inOrder.forEach((place, index) => {
      place.end = inOrder[index + 1]?.offset ?? decoded.length;
    });
    return { decoded, places, parsed: new Map() };
  }

  function compressed(num: number, stream: number, index: number): PdfObject {
    const { decoded, places, parsed } = container(stream);
    const place = places[index];
    if (place?.num !== num) {
      throw xrefBroken(
        `Đối tượng ${num} không nằm trong luồng đối tượng ${stream}`,
        `Object ${num} is not in object stream ${stream}`,
      );
    }
    const known = parsed.get(index);
    if (known !== undefined) return known;
    const cursor = cursorAt(decoded, place.offset, limits.maxDepth, place.end);
    const value = parseObject(cursor);
    skipBlank(cursor);
    // Anything else behind it (a stream, §7.5.7 forbids it) would be read by some and passed over by others.
    if (cursor.pos !== place.end) throw noContainer(stream);
    parsed.set(index, value);
    return value;
  }

  function load(reference: PdfRef): PdfObject {
    try {
      return read(reference);
    } catch (thrown) {
      cache.failed = true;
      throw thrown;
    }
  }

  function read(reference: PdfRef): PdfObject {
    const place = entry(reference.num);
    if (place === undefined || place.kind === 'free') return null;
    if (place.kind === 'compressed') {
      return reference.gen === 0 ? compressed(reference.num, place.stream, place.index) : null;
    }
    return place.gen === reference.gen ? indirect(reference.num, place.offset, place.gen).value : null;
  }

  function resolve(value: PdfObject | undefined): PdfObject {
    let current = value ?? null;
    for (let hops = 0; isRef(current); hops++) {
      if (hops >= MAX_HOPS) throw tooDeep('Tham chiếu nối tiếp quá dài', 'A chain of references is too long');
      current = load(current);
    }
    return current;
  }

  const pick =
    <T extends PdfObject>(is: (candidate: PdfObject | undefined) => candidate is T) =>
    (value: PdfObject | undefined): T | undefined => {
      const resolved = resolve(value);
      return is(resolved) ? resolved : undefined;
    };
  const nameOf = pick(isName);
  const textOf = pick(isString);
  const dict = pick(isDict);

  const view: PdfView = {
    revision: newest.index,
    trailer: newest.trailer,
    get root() {
      const root = dict(newest.trailer.get('Root'));
      if (root === undefined) throw xrefBroken('Không có danh mục gốc (/Root)', 'There is no catalog (/Root)');
      return root;
    },
    entry,
    objectNumbers,
    resolve,
    dict,
    array: pick(isArray),
    name: (value) => nameOf(value)?.name,
    number: pick((candidate) => typeof candidate === 'number'),
    text: (value) => {
      const string = textOf(value);
      return string === undefined ? undefined : decodeText(string.bytes);
    },
    streamBytes: (value) => {
      const stream = resolve(value);
      return isStream(stream) ? decodeStream(stream.raw, stream.dict, resolve, limits.maxDecodedBytes) : undefined;
    },
    source: (num) => {
      const place = entry(num);
      if (place?.kind !== 'offset') return undefined;
      const end = bytes.indexOf('endobj', place.offset, 'latin1');
      return end < 0 ? undefined : bytes.subarray(place.offset, end);
    },
    span: (num) => {
      const place = entry(num);
      if (place?.kind !== 'offset') return undefined;
      return { start: place.offset, end: indirect(num, place.offset, place.gen).end };
    },
  };
  return view;
}

const misplaced = (num: number, offset: number) =>
  xrefBroken(`Đối tượng ${num} không nằm ở vị trí ${offset}`, `Object ${num} is not at offset ${offset}`);

const noContainer = (num: number) => badSyntax(0, `Luồng đối tượng ${num} hỏng`, `Object stream ${num} is broken`);
