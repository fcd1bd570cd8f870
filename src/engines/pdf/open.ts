/** Opening a file by its cross-reference, never by scanning for objects. */
import { AppError } from '../../shared/index.ts';
import type { PdfFile, PdfLimits, PdfView } from './file.ts';
import { isDecodable } from './filters.ts';
import { takeObjectHeader } from './indirect.ts';
import { isArray, isStream, type PdfObject } from './objects.ts';
import { isKept, keep, type Opened, openedBefore, openedBeginning } from './opened.ts';
import { pageRefs } from './pages.ts';
import { tooLarge, xrefBroken } from './refusal.ts';
import { cursorAt } from './syntax.ts';
import { createView, type ObjectCache } from './view.ts';
import { readRevisions } from './xref.ts';

/** Greatest file taken anywhere. */
const MAX_PDF_BYTES = 200 * 1024 * 1024;

const DEFAULT_LIMITS: PdfLimits = {
  maxDepth: 100,
  maxObjects: 1_000_000,
  maxDecodedBytes: 64 * 1024 * 1024,
  maxRevisions: 1_000,
};

/**
 * Opens a PDF 1.0 to 2.0. Reads cross-reference and trailers of all revisions; objects are parsed when asked for.
 * Never repairs: throws PDF_NOT_A_PDF, PDF_XREF_BROKEN, PDF_SYNTAX, PDF_FILTER, PDF_TOO_LARGE, PDF_TOO_DEEP.
 * An encrypted file opens with `encrypted: true`; its strings and streams are not decrypted.
 */
export function openPdf(bytes: Uint8Array, limits?: Partial<PdfLimits>): PdfFile {
  if (bytes.length > MAX_PDF_BYTES) throw tooLarge('Tệp lớn hơn 200 MB', 'The file is larger than 200 MB');
  if (limits !== undefined || !isKept(bytes.length)) {
    return read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), bytes, { ...DEFAULT_LIMITS, ...limits })
      .file;
  }
  const known = openedBefore(bytes);
  if (known !== undefined) return known.file;
  // A copy: nobody can change what is remembered.
  const own = new Uint8Array(bytes);
  const opened = read(Buffer.from(own.buffer), own, DEFAULT_LIMITS, openedBeginning);
  keep(opened);
  return opened.file;
}

function read(
  buffer: Buffer,
  bytes: Uint8Array,
  limits: PdfLimits,
  beginning: typeof openedBeginning = () => undefined,
): Opened {
  checkHeader(bytes);
  const { revisions, base } = readRevisions(buffer, limits, beginning);
  const cache: ObjectCache = {
    bytes: buffer,
    limits,
    base: base?.cache,
    objects: new Map(),
    containers: new Map(),
    busy: new Set(),
    failed: false,
  };
  const views: PdfView[] = [];
  const view = (index: number): PdfView => {
    if (revisions[index - 1] === undefined) throw new RangeError(`No revision ${index}`);
    const known = views[index];
    if (known !== undefined) return known;
    const made = createView(revisions.slice(0, index), cache);
    views[index] = made;
    return made;
  };
  const latest = view(revisions.length);
  const encrypted = revisions.some(({ trailer }) => trailer.has('Encrypt'));
  // Without a catalog there is no document; an encrypted one may hide it in an object stream.
  if (!encrypted) void latest.root;
  const offset = revisions.at(-1)?.end ?? bytes.length;
  const tail = bytes.subarray(offset);
  const file: PdfFile = {
    bytes,
    revisions,
    latest,
    trailing: {
      offset,
      length: tail.length,
      significant: tail.some((byte) => byte !== 10 && byte !== 13 && byte !== 0),
    },
    encrypted,
    base: base?.file,
    get isSound() {
      return !cache.failed;
    },
    view,
  };
  return { file, cache };
}

function checkHeader(bytes: Uint8Array): void {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  const at = head.indexOf('%PDF-');
  if (at < 0) throw new AppError('PDF_NOT_A_PDF');
  if (at > 0) {
    // Some readers count offsets from the header, others from the first byte: they would see two documents.
    throw xrefBroken(`Có ${at} byte lạ trước %PDF-`, `${at} bytes stand before %PDF-`);
  }
  if (!/^%PDF-[12]\.\d/.test(head)) throw new AppError('PDF_NOT_A_PDF');
}

const placed = new WeakSet<PdfFile>();

/**
 * Checks that every object of the latest revision stands where the cross-reference says. Cheap: reads only headers.
 * Throws PDF_XREF_BROKEN with the number of the first that does not.
 */
export function checkPlaces(file: PdfFile): void {
  if (placed.has(file)) return;
  const before = file.base !== undefined && placed.has(file.base) ? file.base.latest : undefined;
  const cursor = cursorAt(file.bytes, 0, 1);
  for (const num of file.latest.objectNumbers()) {
    const place = file.latest.entry(num);
    if (place?.kind === 'offset') {
      if (before?.entry(num) === place) continue;
      cursor.pos = place.offset;
      const header = takeObjectHeader(cursor);
      if (header?.num === num && header.gen === place.gen) continue;
      throw xrefBroken(`Đối tượng ${num} không nằm ở vị trí đã khai`, `Object ${num} is not at its stated offset`);
    }
    if (place?.kind === 'compressed' && file.latest.entry(place.stream)?.kind !== 'offset') {
      throw xrefBroken(`Đối tượng ${num} nằm trong luồng không có thật`, `Object ${num} lies in a missing stream`);
    }
  }
  placed.add(file);
}

/**
 * Parses every object of the latest revision, undoes the filters this engine knows, and asks that it knows those of all page contents:
 * what intake asks of a file made elsewhere before anybody signs it. Throws as `openPdf`, and PDF_FILTER on data that cannot be decoded.
 */
export function checkObjects(file: PdfFile): void {
  const { latest } = file;
  const contents = new Set<PdfObject>();
  for (const page of pageRefs(latest)) {
    const entry = latest.resolve(latest.dict(page)?.get('Contents'));
    for (const part of isArray(entry) ? entry : [entry]) contents.add(latest.resolve(part));
  }
  for (const num of latest.objectNumbers()) {
    const place = latest.entry(num);
    const object = latest.resolve({ kind: 'ref', num, gen: place?.kind === 'offset' ? place.gen : 0 });
    if (isStream(object) && (contents.has(object) || isDecodable(object.dict, latest.resolve)))
      latest.streamBytes(object);
  }
}
