/** Incremental updates (ISO 32000-2 §7.5.6): the input stays an exact prefix of the output. */
import { createHash } from 'node:crypto';
import { AppError } from '../../shared/index.ts';
import type { PdfFile, PdfUpdate } from './file.ts';
import {
  isArray,
  isDict,
  isInteger,
  isRef,
  isString,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  type PdfStream,
  ref,
} from './objects.ts';
import { badSyntax, tooLarge, xrefBroken } from './refusal.ts';
import { type ByteSink, createSink, type Marks, writeObject } from './write.ts';

/** Offsets of a cross-reference table have ten digits (ISO 32000-2 §7.5.4). */
const MAX_OFFSET = 9_999_999_999;

/**
 * Begins an incremental update of the latest revision. Nothing is written before `finish`, and an update without
 * changes still makes a revision. Throws PDF_ENCRYPTED, PDF_XREF_BROKEN if /Root is no reference.
 */
export function beginUpdate(file: PdfFile): PdfUpdate {
  if (file.encrypted) throw new AppError('PDF_ENCRYPTED');
  const last = file.revisions.at(-1);
  const view = file.latest;
  const rootRef = view.trailer.get('Root');
  const size = view.trailer.get('Size');
  if (last === undefined || !isRef(rootRef) || !isInteger(size)) {
    throw xrefBroken('/Root hoặc /Size không hợp lệ', '/Root or /Size is malformed');
  }
  const changed = new Map<number, { readonly ref: PdfRef; object: PdfObject }>();
  let next = size;

  const get = (target: PdfRef): PdfObject => changed.get(target.num)?.object ?? view.resolve(target);
  const set = (target: PdfRef, object: PdfObject): void => {
    const place = view.entry(target.num);
    // A free entry keeps its number; its generation is for a new object to choose (§7.5.4).
    if (place?.kind === 'offset' && place.gen !== target.gen) {
      throw badSyntax(0, 'Số thế hệ không khớp', 'The generation does not match');
    }
    changed.set(target.num, { ref: target, object });
  };

  return {
    view,
    rootRef,
    get,
    set,
    add(object) {
      const target = ref(next++);
      changed.set(target.num, { ref: target, object });
      return target;
    },
    edit(target) {
      const known = changed.get(target.num);
      if (known !== undefined && isDict(known.object)) return known.object;
      const current = get(target);
      if (!isDict(current)) throw badSyntax(0, 'Cần một từ điển', `Object ${target.num} is no dictionary`);
      const copy: PdfDict = new Map(current);
      set(target, copy);
      return copy;
    },
    finish() {
      const sink = createSink();
      const marks: Marks = new Map();
      const base = file.bytes.length;
      // `n 0 obj` begins a line of its own (ISO 19005-3 §6.1.9).
      const lastByte = file.bytes[base - 1];
      if (lastByte !== 10 && lastByte !== 13) sink.text('\n');
      const offsets: Place[] = [];
      for (const { ref: target, object } of [...changed.values()].sort((a, b) => a.ref.num - b.ref.num)) {
        offsets.push({ num: target.num, gen: target.gen, offset: base + sink.length });
        sink.text(`${target.num} ${target.gen} obj\n`);
        writeObject(sink, object, marks, base);
        sink.text('\nendobj\n');
      }
      const trailer = nextTrailer(view.trailer, sink, last.startXref, base);
      const place = base + sink.length;
      if (place > MAX_OFFSET) throw tooLarge('Tệp quá lớn', 'The file is too large');
      if (last.xrefKind === 'stream') writeXrefStream(sink, offsets, trailer, next, place);
      else writeTable(sink, offsets, trailer, next);
      sink.text(`startxref\n${place}\n%%EOF\n`);
      const appended = sink.done();
      let whole: Uint8Array | undefined;
      return {
        get bytes() {
          whole ??= join(file.bytes, appended);
          return whole;
        },
        appended,
        marks,
      };
    },
  };
}

interface Place {
  readonly num: number;
  readonly gen: number;
  readonly offset: number;
}

/** `first` followed by `second`, in one allocation. */
function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** Keys of one section only: the hybrid pointer and what belongs to a cross-reference stream as a stream. */
const SECTION_KEYS = ['Prev', 'XRefStm', 'Type', 'W', 'Index', 'Length', 'Filter', 'DecodeParms', 'F', 'DL'];

function nextTrailer(previous: PdfDict, sink: ByteSink, startXref: number, base: number): PdfDict {
  const trailer: PdfDict = new Map(previous);
  for (const key of SECTION_KEYS) trailer.delete(key);
  trailer.set('Prev', startXref);
  const id = trailer.get('ID');
  if (isArray(id) && id.length === 2) {
    // §14.4: the first half stays, the second changes with the contents; here it follows from them.
    const [permanent, before] = id as [PdfObject, PdfObject];
    const hash = createHash('sha256');
    if (isString(before)) hash.update(before.bytes);
    for (const part of sink.parts()) hash.update(part);
    const changing = new Uint8Array(hash.update(`${base}`).digest().subarray(0, 16));
    trailer.set('ID', [permanent, { kind: 'string', bytes: changing, hex: true }]);
  }
  return trailer;
}

/** Runs of consecutive object numbers, as cross-reference subsections list them. */
function runs(places: readonly Place[]): Place[][] {
  const found: Place[][] = [];
  for (const place of places) {
    const run = found.at(-1);
    if (run !== undefined && run.at(-1)?.num === place.num - 1) run.push(place);
    else found.push([place]);
  }
  return found;
}

function writeTable(sink: ByteSink, places: readonly Place[], trailer: PdfDict, size: number): void {
  sink.text('xref\n');
  if (places.length === 0) sink.text('0 0\n');
  for (const run of runs(places)) {
    sink.text(`${run[0]?.num} ${run.length}\n`);
    for (const { offset, gen } of run) {
      sink.text(`${String(offset).padStart(10, '0')} ${String(gen).padStart(5, '0')} n \n`);
    }
  }
  sink.text('trailer\n');
  writeObject(sink, new Map(trailer).set('Size', size), new Map(), 0);
  sink.text('\n');
}

/** The stream lists itself too. Uncompressed: a dozen entries do not repay a filter. */
function writeXrefStream(
  sink: ByteSink,
  places: readonly Place[],
  trailer: PdfDict,
  size: number,
  offset: number,
): void {
  const all = [...places, { num: size, gen: 0, offset }];
  const rows = Buffer.alloc(all.length * 8);
  all.forEach((place, index) => {
    rows.writeUInt8(1, index * 8);
    rows.writeUIntBE(place.offset, index * 8 + 1, 5);
    rows.writeUInt16BE(place.gen, index * 8 + 6);
  });
  const dict: PdfDict = new Map<string, PdfObject>([
    ['Type', { kind: 'name', name: 'XRef' }],
    ...trailer,
    ['Size', size + 1],
    ['W', [1, 5, 2]],
    ['Index', runs(all).flatMap((run) => [run[0]?.num ?? 0, run.length])],
  ]);
  const stream: PdfStream = { kind: 'stream', dict, raw: rows };
  sink.text(`${size} 0 obj\n`);
  writeObject(sink, stream, new Map(), 0);
  sink.text('\nendobj\n');
}
