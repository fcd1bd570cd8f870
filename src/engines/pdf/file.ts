/** What an opened PDF file offers: its revisions, and a view of the objects at each of them. */
import type { PdfArray, PdfDict, PdfObject, PdfRef } from './objects.ts';

export interface PdfLimits {
  /** Greatest nesting of arrays and dictionaries. */
  readonly maxDepth: number;
  readonly maxObjects: number;
  /** Greatest size of one decoded stream, bytes. */
  readonly maxDecodedBytes: number;
  readonly maxRevisions: number;
}

export type XrefEntry =
  | { readonly kind: 'free' }
  | { readonly kind: 'offset'; readonly offset: number; readonly gen: number }
  | { readonly kind: 'compressed'; readonly stream: number; readonly index: number };

export interface Revision {
  /** 1 for the first. A linearized file's two sections are one revision. */
  readonly index: number;
  readonly startXref: number;
  /** Offset just past this revision's `%%EOF` and one line end after it. */
  readonly end: number;
  /** Offset just past this revision's `%%EOF`, without the line end. */
  readonly endOfMarker: number;
  readonly xrefKind: 'table' | 'stream' | 'hybrid';
  /** Objects that this revision defines, overrides or frees. */
  readonly entries: ReadonlyMap<number, XrefEntry>;
  readonly trailer: PdfDict;
}

/** The objects as a reader of one revision sees them. Objects are parsed when first asked for. */
export interface PdfView {
  readonly revision: number;
  readonly trailer: PdfDict;
  /** The document catalog. */
  readonly root: PdfDict;
  entry(num: number): XrefEntry | undefined;
  /** Numbers of all objects in use. */
  objectNumbers(): Iterable<number>;
  /** Follows references; a missing object is null (ISO 32000-2 §7.3.10). Throws AppError PDF_SYNTAX on broken syntax. */
  resolve(value: PdfObject | undefined): PdfObject;
  /** The resolved value if it has that type, else undefined. */
  dict(value: PdfObject | undefined): PdfDict | undefined;
  array(value: PdfObject | undefined): PdfArray | undefined;
  name(value: PdfObject | undefined): string | undefined;
  number(value: PdfObject | undefined): number | undefined;
  /** A text string, decoded (UTF-16BE, UTF-8 or PDFDocEncoding). */
  text(value: PdfObject | undefined): string | undefined;
  /** Decoded bytes of a stream; throws AppError PDF_FILTER for filters that cannot be undone here, PDF_TOO_LARGE at the limit. */
  streamBytes(value: PdfObject | undefined): Uint8Array | undefined;
  /** The file's bytes from an indirect object to its first `endobj`, unparsed: for recognising it. Undefined inside object streams. */
  source(num: number): Uint8Array | undefined;
  /** Byte range in the file of the indirect object `n g obj … endobj`; undefined inside object streams. */
  span(num: number): { readonly start: number; readonly end: number } | undefined;
}

export interface PdfFile {
  /** Equal to what was opened; never to be changed. */
  readonly bytes: Uint8Array;
  /** Oldest first; at least one. */
  readonly revisions: readonly Revision[];
  readonly latest: PdfView;
  /** Bytes after the last revision's `%%EOF` line; `significant` if other than line ends and NULs. */
  readonly trailing: { readonly offset: number; readonly length: number; readonly significant: boolean };
  readonly encrypted: boolean;
  /** A file opened before that this one begins with: its revisions are the first ones here. Undefined if none is remembered. */
  readonly base: PdfFile | undefined;
  /** Nothing that was asked of this file so far failed to be read: all of it reads the same in a file that begins with this one. */
  readonly isSound: boolean;
  /** View at revision `index` (1-based). Views are cached. */
  view(index: number): PdfView;
}

/** A signature field (ISO 32000-2 §12.7.5.5) as seen in one view. */
export interface SignatureField {
  /** Fully qualified name. */
  readonly name: string;
  readonly ref: PdfRef;
  readonly dict: PdfDict;
  /** Widget annotations of the field (often the field itself). */
  readonly widgets: readonly PdfRef[];
  /** 0-based page of the first widget, if it is found on one. */
  readonly page: number | undefined;
  readonly rect: readonly [number, number, number, number] | undefined;
  /** Reference of the signature dictionary when signed (undefined when the dictionary is direct). */
  readonly valueRef: PdfRef | undefined;
  readonly value: PdfDict | undefined;
  readonly lock: PdfDict | undefined;
}

/** A signature dictionary (ISO 32000-2 §12.8.1 table 255) with the place of its tokens in the file. */
export interface SignatureDictionary {
  /** All fields that point at this dictionary, most often one. */
  readonly fields: readonly string[];
  readonly ref: PdfRef | undefined;
  readonly dict: PdfDict;
  /** Revision in which its object is (last) defined. */
  readonly definedIn: number;
  readonly type: 'signature' | 'document-timestamp';
  readonly filter: string | undefined;
  readonly subFilter: string | undefined;
  readonly byteRange: readonly number[] | undefined;
  /** Bytes of /Contents, with its zero padding. */
  readonly contents: Uint8Array | undefined;
  /** Place of the `<…>` token of /Contents in the file, delimiters included; undefined if not a direct hexadecimal string of this object. */
  readonly contentsSpan: { readonly start: number; readonly end: number } | undefined;
  /** What is wrong with ByteRange, empty if it is the whole file but exactly the /Contents token. */
  readonly byteRangeProblems: readonly string[];
  /** Revision that ByteRange ends with, undefined if it ends nowhere. */
  readonly coversRevision: number | undefined;
  readonly coversWholeFile: boolean;
  /** /M as an instant, if it parses. */
  readonly claimedTime: Date | undefined;
  readonly reason: string | undefined;
  readonly signerName: string | undefined;
  readonly location: string | undefined;
  /** DocMDP permission, if this is a certification signature. */
  readonly docMdp: 1 | 2 | 3 | undefined;
  /** FieldMDP transform parameters, if any. */
  readonly fieldMdp: { readonly action: 'All' | 'Include' | 'Exclude'; readonly fields: readonly string[] } | undefined;
}

/** An incremental update in the making. Its input stays an exact prefix of its output. */
export interface PdfUpdate {
  /** The latest view, without the changes of this update. */
  readonly view: PdfView;
  /** A new indirect object. */
  add(object: PdfObject): PdfRef;
  /** Replaces an object. */
  set(target: PdfRef, object: PdfObject): void;
  /** The object as this update sees it now. */
  get(target: PdfRef): PdfObject;
  /** A copy of the dictionary behind `target` that may be changed in place and is written with the update. */
  edit(target: PdfRef): PdfDict;
  /** Reference of the catalog, editable through `edit`. */
  readonly rootRef: PdfRef;
  /** Writes objects, cross-reference of the same kind as the last section, trailer. `marks` are the places of `PdfRaw` tokens in the new file. */
  finish(): {
    /** The whole new file; put together when first asked for. */
    readonly bytes: Uint8Array;
    /** Only what follows the input. */
    readonly appended: Uint8Array;
    readonly marks: ReadonlyMap<string, { readonly start: number; readonly end: number }>;
  };
}
