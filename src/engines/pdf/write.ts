/** Objects as bytes (ISO 32000-2 §7.3). */
import type { PdfDict, PdfObject, PdfString } from './objects.ts';

/** Takes what is written one after the other. Positions are relative to its start. */
export interface ByteSink {
  readonly length: number;
  text(latin1: string): void;
  bytes(bytes: Uint8Array): void;
  /** What was written so far, piece by piece. */
  parts(): readonly Uint8Array[];
  /** What was written so far, as a copy. */
  done(): Uint8Array;
}

/** Text that is worth a buffer of its own: gathering would copy it twice. */
const LONG = 1024;

export function createSink(): ByteSink {
  const parts: Uint8Array[] = [];
  let flushed = 0;
  // Text is gathered and encoded in one go: a write per token would cost more than all the rest.
  let pending = '';
  const flush = (): void => {
    if (pending === '') return;
    parts.push(Buffer.from(pending, 'latin1'));
    flushed += pending.length;
    pending = '';
  };
  return {
    get length() {
      return flushed + pending.length;
    },
    text(latin1) {
      if (latin1.length < LONG) pending += latin1;
      else this.bytes(Buffer.from(latin1, 'latin1'));
    },
    bytes(bytes) {
      flush();
      parts.push(bytes);
      flushed += bytes.length;
    },
    parts() {
      flush();
      return parts;
    },
    done() {
      flush();
      const whole = new Uint8Array(flushed);
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    },
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

const PLAIN_NAME = /^[!"$&'*+,\-.0-9:;=?@A-Z\\^_`a-z|~]*$/;

function nameText(name: string): string {
  if (PLAIN_NAME.test(name)) return `/${name}`;
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
