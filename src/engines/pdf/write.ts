/** Objects as bytes (ISO 32000-2 §7.3). */
import type { PdfDict, PdfObject, PdfString } from './objects.ts';

/** Grows as it is written to. Positions are relative to its start. */
export interface ByteSink {
  readonly length: number;
  text(latin1: string): void;
  bytes(bytes: Uint8Array): void;
  /** What was written, as a view. */
  done(): Uint8Array;
}

export function createSink(): ByteSink {
  let buffer = Buffer.allocUnsafe(32_768);
  let length = 0;
  const room = (more: number): void => {
    if (length + more <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + more));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  };
  return {
    get length() {
      return length;
    },
    text(latin1) {
      room(latin1.length);
      length += buffer.write(latin1, length, 'latin1');
    },
    bytes(bytes) {
      room(bytes.length);
      buffer.set(bytes, length);
      length += bytes.length;
    },
    done: () => new Uint8Array(buffer.buffer, buffer.byteOffset, length),
  };
}

export type Marks = Map<string, { start: number; end: number }>;

/** Writes one object. Places of marked raw tokens go into `marks`, shifted by `base`. */
export function writeObject(sink: ByteSink, value: PdfObject, marks: Marks, base: number): void {
  if (value === null) sink.text('null');
  else if (typeof value === 'boolean') sink.text(value ? 'true' : 'false');
  else if (typeof value === 'number') sink.text(numberText(value));
  else if (value instanceof Map) writeDict(sink, value, marks, base);
  else if (Array.isArray(value)) {
    sink.text('[');
    value.forEach((item, index) => {
      if (index > 0) sink.text(' ');
      writeObject(sink, item, marks, base);
    });
    sink.text(']');
  } else {
    switch (value.kind) {
      case 'name':
        sink.text(nameText(value.name));
        break;
      case 'string':
        sink.text(stringText(value));
        break;
      case 'ref':
        sink.text(`${value.num} ${value.gen} R`);
        break;
      case 'raw': {
        const start = base + sink.length;
        sink.text(value.text);
        if (value.mark !== undefined) marks.set(value.mark, { start, end: start + value.text.length });
        break;
      }
      case 'stream':
        writeDict(sink, new Map(value.dict).set('Length', value.raw.length), marks, base);
        sink.text('\nstream\n');
        sink.bytes(value.raw);
        sink.text('\nendstream');
    }
  }
}

function writeDict(sink: ByteSink, dict: PdfDict, marks: Marks, base: number): void {
  sink.text('<<');
  for (const [key, value] of dict) {
    sink.text(`${nameText(key)} `);
    writeObject(sink, value, marks, base);
    sink.text('\n');
  }
  sink.text('>>');
}

/** Decimal without exponent (ISO 32000-2 §7.3.3), five places. */
function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) throw new RangeError('Not a PDF number');
  return value.toFixed(5).replace(/\.?0+$/, '');
}

const PLAIN_NAME = /^[!"$&'*+,\-.0-9:;=?@A-Z[\\\]^_`a-z|~]*$/;

function nameText(name: string): string {
  if (PLAIN_NAME.test(name) && !/[[\]]/.test(name)) return `/${name}`;
  return `/${name.replace(/[^!"$&'*+,\-.0-9:;=?@A-Z\\^_`a-z|~]/g, (character) => `#${hex(character.charCodeAt(0))}`)}`;
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

const PLAIN_STRING = /^[\x20-\x7e]*$/;

function stringText({ bytes, hex: asHex }: PdfString): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (asHex) return `<${buffer.toString('hex')}>`;
  const text = buffer.toString('latin1');
  return PLAIN_STRING.test(text) ? `(${text.replace(/[\\()]/g, '\\$&')})` : `<${buffer.toString('hex')}>`;
}
