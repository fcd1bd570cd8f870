/** A whole file anew: for files that nobody has signed yet. */
import { AppError } from '../../shared/index.ts';
import type { PdfFile } from './file.ts';
import { isInteger, type PdfObject } from './objects.ts';
import { createSink, writeObject } from './write.ts';

/** Keys of the trailer that belong to the document rather than to one section of its cross-reference. */
const DOCUMENT_KEYS = ['Root', 'Info', 'ID'];

/**
 * The objects of the latest revision, byte for byte, in a file of a single one with a cross-reference table; what earlier revisions held
 * otherwise is gone. `id` takes the place of the second file identifier (ISO 32000-2 §14.4).
 * Throws PDF_SYNTAX if an object lies in an object stream or a number is not in use.
 */
export function rewrite(file: PdfFile, id: Uint8Array): Uint8Array {
  const { bytes, latest } = file;
  const objects = objectBytes(file);
  const sink = createSink();
  // Whatever stands before all objects: the version, and the comment that tells a binary file (§7.5.2).
  sink.bytes(bytes.subarray(0, Math.min(...objects.map(({ byteOffset }) => byteOffset - bytes.byteOffset))));
  const offsets = objects.map((object) => {
    const offset = sink.length;
    sink.bytes(object);
    sink.text('\n');
    return offset;
  });
  const place = sink.length;
  const size = objects.length + 1;
  sink.text(`xref\n0 ${size}\n0000000000 65535 f \n`);
  for (const offset of offsets) sink.text(`${String(offset).padStart(10, '0')} 00000 n \n`);
  const trailer = new Map<string, PdfObject>([['Size', size]]);
  for (const key of DOCUMENT_KEYS) {
    const value = latest.trailer.get(key);
    if (value !== undefined) trailer.set(key, value);
  }
  const [permanent] = latest.array(trailer.get('ID')) ?? [];
  if (permanent !== undefined) trailer.set('ID', [permanent, { kind: 'string', bytes: id, hex: true }]);
  sink.text('trailer\n');
  writeObject(sink, trailer, new Map(), 0);
  sink.text(`\nstartxref\n${place}\n%%EOF\n`);
  return sink.done();
}

/** `n 0 obj … endobj` of each object from the first on: from its offset to the last `endobj` before the next offset that is used. */
function objectBytes({ bytes, revisions, latest }: PdfFile): Uint8Array[] {
  const size = latest.trailer.get('Size');
  if (!isInteger(size)) throw new AppError('PDF_SYNTAX');
  const used = revisions.flatMap(({ startXref, entries }) => [
    startXref,
    ...[...entries.values()].flatMap((entry) => (entry.kind === 'offset' ? [entry.offset] : [])),
  ]);
  const sorted = [...new Set(used)].sort((a, b) => a - b);
  const nextOf = new Map(sorted.map((offset, index) => [offset, sorted[index + 1] ?? bytes.length]));
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: size - 1 }, (_, index) => {
    const entry = latest.entry(index + 1);
    const start = entry?.kind === 'offset' && entry.gen === 0 ? entry.offset : undefined;
    const end = start === undefined ? -1 : buffer.lastIndexOf('endobj', (nextOf.get(start) ?? 0) - 1, 'latin1');
    if (start === undefined || end < start) {
      throw new AppError('PDF_SYNTAX', { cause: `object ${index + 1} cannot be copied` });
    }
    return bytes.subarray(start, end + 'endobj'.length);
  });
}
