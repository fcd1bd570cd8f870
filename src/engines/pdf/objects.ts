/** PDF objects as plain data (ISO 32000-2 §7.3). Names and strings keep their bytes; nothing is repaired. */

export interface PdfName {
  readonly kind: 'name';
  /** Bytes as Latin-1 after `#xx` decoding. */
  readonly name: string;
}

export interface PdfString {
  readonly kind: 'string';
  readonly bytes: Uint8Array;
  readonly hex: boolean;
}

export interface PdfRef {
  readonly kind: 'ref';
  readonly num: number;
  readonly gen: number;
}

export interface PdfStream {
  readonly kind: 'stream';
  readonly dict: PdfDict;
  /** The bytes between `stream` and `endstream`, still filtered. */
  readonly raw: Uint8Array;
}

/** Text put into the file as it is, for placeholders of fixed width. `mark` makes its place findable after writing. */
export interface PdfRaw {
  readonly kind: 'raw';
  readonly text: string;
  readonly mark?: string;
}

export type PdfArray = PdfObject[];
export type PdfDict = Map<string, PdfObject>;
export type PdfObject =
  | null
  | boolean
  | number
  | PdfName
  | PdfString
  | PdfRef
  | PdfStream
  | PdfRaw
  | PdfArray
  | PdfDict;

export const name = (text: string): PdfName => ({ kind: 'name', name: text });
export const ref = (num: number, gen = 0): PdfRef => ({ kind: 'ref', num, gen });

export const isDict = (value: PdfObject | undefined): value is PdfDict => value instanceof Map;
export const isArray = (value: PdfObject | undefined): value is PdfArray => Array.isArray(value);

const isKind = (value: PdfObject | undefined, kind: string): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;

export const isName = (value: PdfObject | undefined): value is PdfName => isKind(value, 'name');
export const isString = (value: PdfObject | undefined): value is PdfString => isKind(value, 'string');
export const isRef = (value: PdfObject | undefined): value is PdfRef => isKind(value, 'ref');
export const isStream = (value: PdfObject | undefined): value is PdfStream => isKind(value, 'stream');
export const isInteger = (value: PdfObject | undefined): value is number => Number.isSafeInteger(value);
