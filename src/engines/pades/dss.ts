/** The document security store (ISO 32000-2 §12.8.4.3, EN 319 142-1 §5.4.2): certificates and revocation answers inside the file. */
import {
  type Certificate,
  type CertificateList,
  type OcspResponse,
  parseCertificate,
  parseCrl,
  parseOcspResponse,
} from '../crypto/index.ts';
import {
  isRef,
  isStream,
  name,
  type PdfDict,
  type PdfFile,
  type PdfObject,
  type PdfRef,
  type PdfStream,
  type PdfUpdate,
  type PdfView,
} from '../pdf/index.ts';

/** Something found in the file, with the earliest revision that has it: a time-stamp over that revision proves that it existed. */
export interface Stored<T> {
  readonly value: T;
  readonly revision: number;
}

export interface SecurityStore {
  readonly certificates: readonly Stored<Certificate>[];
  readonly ocsps: readonly Stored<OcspResponse>[];
  readonly crls: readonly Stored<CertificateList>[];
  readonly notices: readonly string[];
}

/** Entries of one array that are looked at; a store with more is cut off with a notice. */
const MAX_ENTRIES = 5000;

/** Everything the latest DSS offers. Entries that cannot be read are passed over with a notice. */
export function readStore(file: PdfFile): SecurityStore {
  const notices = new Set<string>();
  const firstSeen = new Map<PdfObject, number>();
  for (const { index } of file.revisions) {
    for (const key of ['Certs', 'OCSPs', 'CRLs']) {
      for (const stream of streamsOf(file.view(index), key, notices)) {
        if (!firstSeen.has(stream)) firstSeen.set(stream, index);
      }
    }
  }
  const read = <T extends object>(key: string, parse: (bytes: Uint8Array) => T): Stored<T>[] =>
    streamsOf(file.latest, key, notices).flatMap((stream) => {
      try {
        const value = parsedOnce(file.latest, stream, parse);
        return [{ value, revision: firstSeen.get(stream) ?? file.revisions.length }];
      } catch {
        notices.add('DSS_ENTRY_UNREADABLE');
        return [];
      }
    });
  return {
    certificates: read('Certs', parseCertificate),
    ocsps: read('OCSPs', parseOcspResponse),
    crls: read('CRLs', parseCrl),
    notices: [...notices],
  };
}

/** By what they were parsed as: files that begin alike share their streams. */
const parsedStreams = new WeakMap<PdfStream, Map<(bytes: Uint8Array) => object, object>>();

function parsedOnce<T extends object>(view: PdfView, stream: PdfStream, parse: (bytes: Uint8Array) => T): T {
  const known = parsedStreams.get(stream) ?? new Map<(bytes: Uint8Array) => object, object>();
  const found = known.get(parse);
  if (found !== undefined) return found as T;
  const value = parse(view.streamBytes(stream) ?? new Uint8Array());
  // Filters that stand elsewhere may be others in another revision.
  if (![...stream.dict.values()].some(isRef)) parsedStreams.set(stream, known.set(parse, value));
  return value;
}

/** The streams of one array. Views share unchanged objects, so a stream is the same value in every revision that has it. */
function streamsOf(view: PdfView, key: string, notices: Set<string>): PdfStream[] {
  try {
    const entries = view.array(view.dict(view.root.get('DSS'))?.get(key)) ?? [];
    if (entries.length > MAX_ENTRIES) notices.add('DSS_TOO_LARGE');
    return entries
      .slice(0, MAX_ENTRIES)
      .map((entry) => view.resolve(entry))
      .filter(isStream);
  } catch {
    notices.add('DSS_ENTRY_UNREADABLE');
    return [];
  }
}

export interface StoreAddition {
  readonly certificates: readonly Uint8Array[];
  readonly ocsps: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
}

/**
 * Adds to the store what it does not have yet; nothing that is there is dropped. Returns false if there was nothing to add (then
 * nothing was written). No VRI: EN 319 142-1 §5.4.2.1 makes it optional, and validators search the whole store.
 */
export function addToStore(update: PdfUpdate, header: string, addition: StoreAddition): boolean {
  const { view, rootRef } = update;
  const old = view.dict(view.root.get('DSS'));
  const wanted: Record<string, readonly Uint8Array[]> = {
    Certs: addition.certificates,
    OCSPs: addition.ocsps,
    CRLs: addition.crls,
  };
  const store: PdfDict = new Map(old ?? []);
  let grown = false;
  for (const [key, items] of Object.entries(wanted)) {
    const entries = [...(view.array(old?.get(key)) ?? [])];
    const known = new Set(entries.map((entry) => keyOf(safeBytes(view, entry))));
    for (const der of items) {
      if (known.has(keyOf(der))) continue;
      known.add(keyOf(der));
      entries.push(addStream(update, der));
      grown = true;
    }
    if (entries.length > 0) store.set(key, entries);
  }
  if (!grown) return false;
  const target = view.root.get('DSS');
  if (isRef(target)) update.set(target, store);
  else update.edit(rootRef).set('DSS', update.add(store));
  declareExtensions(update, header);
  return true;
}

function addStream(update: PdfUpdate, der: Uint8Array): PdfRef {
  return update.add({ kind: 'stream', dict: new Map([['Length', der.length]]), raw: der });
}

function safeBytes(view: PdfView, entry: PdfObject): Uint8Array {
  try {
    return view.streamBytes(entry) ?? new Uint8Array();
  } catch {
    return new Uint8Array();
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/**
 * Says that a file below PDF 2.0 holds a DSS or document time-stamps: extension 1 of the prefix ESIC (EN 319 142-1 annex A), unless
 * an entry says at least as much.
 */
export function declareExtensions(update: PdfUpdate, header: string): void {
  const { view, rootRef } = update;
  if (Number(view.name(view.root.get('Version')) ?? header) >= 2) return;
  const current = update.edit(rootRef).get('Extensions');
  const extensions: PdfDict = new Map(view.dict(current));
  if (extensions.has('ESIC')) return;
  extensions.set(
    'ESIC',
    new Map<string, PdfObject>([
      ['BaseVersion', name('1.7')],
      ['ExtensionLevel', 1],
    ]),
  );
  if (isRef(current)) update.set(current, extensions);
  else update.edit(rootRef).set('Extensions', extensions);
}

/** Version in the header of a file, `1.7`. */
export function headerVersion(bytes: Uint8Array): string {
  const found = /%PDF-(\d\.\d)/.exec(Buffer.from(bytes.subarray(0, 1024)).toString('latin1'));
  return found?.[1] ?? '1.7';
}
