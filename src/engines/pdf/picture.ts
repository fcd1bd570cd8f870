/** PNG and JPEG as image XObjects (ISO 32000-2 §8.9.5): no recompression where the format allows it. */
import { deflateSync, inflateSync } from 'node:zlib';
import { AppError } from '../../shared/index.ts';
import type { PdfUpdate } from './file.ts';
import { unfilter } from './filters.ts';
import { name, type PdfDict, type PdfObject, type PdfRef, type PdfStream } from './objects.ts';

export interface Picture {
  readonly ref: PdfRef;
  readonly width: number;
  readonly height: number;
}

const MAX_PIXELS = 4_000_000;

/**
 * Adds a PNG (8 bits or a palette, not interlaced; alpha becomes a soft mask) or a grey or RGB JPEG to an update.
 * Throws PICTURE_UNREADABLE.
 */
export function addPicture(update: PdfUpdate, bytes: Uint8Array): Picture {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const { image, mask, width, height } = buffer.readUInt32BE(0) === 0x89504e47 ? readPng(buffer) : readJpeg(buffer);
    if (mask !== undefined) image.dict.set('SMask', update.add(mask));
    return { ref: update.add(image), width, height };
  } catch (cause) {
    throw cause instanceof AppError ? cause : unreadable(cause);
  }
}

interface Decoded {
  readonly image: PdfStream;
  readonly mask?: PdfStream;
  readonly width: number;
  readonly height: number;
}

const unreadable = (cause?: unknown): AppError =>
  new AppError('PICTURE_UNREADABLE', cause === undefined ? {} : { cause });

function imageDict(
  width: number,
  height: number,
  bits: number,
  space: PdfObject,
  rest: readonly (readonly [string, PdfObject])[],
): PdfDict {
  if (width < 1 || height < 1 || width * height > MAX_PIXELS) throw unreadable();
  return new Map<string, PdfObject>([
    ['Type', name('XObject')],
    ['Subtype', name('Image')],
    ['Width', width],
    ['Height', height],
    ['ColorSpace', space],
    ['BitsPerComponent', bits],
    ...rest,
  ]);
}

/** Frame headers of baseline, extended and progressive JPEG. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2]);

function readJpeg(bytes: Buffer): Decoded {
  if (bytes.readUInt16BE(0) !== 0xffd8) throw unreadable();
  for (let pos = 2; ; ) {
    if (bytes[pos] !== 0xff) throw unreadable();
    const marker = bytes.readUInt8(pos + 1);
    if (marker === 0xff) {
      pos++;
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) throw unreadable();
    if (FRAMES.has(marker)) {
      const bits = bytes.readUInt8(pos + 4);
      const height = bytes.readUInt16BE(pos + 5);
      const width = bytes.readUInt16BE(pos + 7);
      const components = bytes.readUInt8(pos + 9);
      if (bits !== 8 || (components !== 1 && components !== 3)) throw unreadable();
      const space = name(components === 1 ? 'DeviceGray' : 'DeviceRGB');
      const dict = imageDict(width, height, 8, space, [['Filter', name('DCTDecode')]]);
      return { image: { kind: 'stream', dict, raw: new Uint8Array(bytes) }, width, height };
    }
    pos += 2 + bytes.readUInt16BE(pos + 2);
  }
}

function readPng(bytes: Buffer): Decoded {
  let palette: Buffer | undefined;
  let transparency: Buffer | undefined;
  const data: Buffer[] = [];
  for (let pos = 8; pos + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(pos);
    const chunk = bytes.subarray(pos + 8, pos + 8 + length);
    const type = bytes.toString('latin1', pos + 4, pos + 8);
    if (type === 'PLTE') palette = chunk;
    else if (type === 'tRNS') transparency = chunk;
    else if (type === 'IDAT') data.push(chunk);
    else if (type === 'IEND') break;
    pos += 12 + length;
  }
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const [bits = 0, color = 0, , , interlaced] = bytes.subarray(24, 29);
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[color];
  const known = color === 3 ? [1, 2, 4, 8].includes(bits) && palette !== undefined : bits === 8;
  if (channels === undefined || !known || interlaced !== 0 || width * height > MAX_PIXELS) throw unreadable();
  const packed = Buffer.concat(data);
  const row = Math.ceil((width * channels * bits) / 8);
  const rows = inflateSync(packed, { maxOutputLength: (row + 1) * height + 1 });
  if (rows.length !== (row + 1) * height) throw unreadable();
  const flate: readonly [string, PdfObject] = ['Filter', name('FlateDecode')];
  const space: PdfObject =
    color === 3 && palette !== undefined
      ? [
          name('Indexed'),
          name('DeviceRGB'),
          palette.length / 3 - 1,
          { kind: 'string', bytes: new Uint8Array(palette), hex: true },
        ]
      : name(channels <= 2 ? 'DeviceGray' : 'DeviceRGB');
  const hasAlpha = color === 4 || color === 6;
  if (!hasAlpha) {
    const parameters = new Map<string, PdfObject>([
      ['Predictor', 15],
      ['Colors', channels],
      ['BitsPerComponent', bits],
      ['Columns', width],
    ]);
    const dict = imageDict(width, height, bits, space, [flate, ['DecodeParms', parameters]]);
    const image: PdfStream = { kind: 'stream', dict, raw: new Uint8Array(packed) };
    if (transparency === undefined || color !== 3) return { image, width, height };
    const alpha = paletteAlpha(unfilter(rows, row, 1), transparency, width, height, bits);
    return { image, mask: maskOf(alpha, width, height), width, height };
  }
  const pixels = unfilter(rows, row, channels);
  const colors = Buffer.alloc(width * height * (channels - 1));
  const alpha = Buffer.alloc(width * height);
  for (let from = 0, to = 0, pixel = 0; from < pixels.length; pixel++) {
    for (let channel = 1; channel < channels; channel++) colors[to++] = pixels[from++] as number;
    alpha[pixel] = pixels[from++] as number;
  }
  const dict = imageDict(width, height, 8, space, [flate]);
  return {
    image: { kind: 'stream', dict, raw: deflateSync(colors) },
    mask: maskOf(alpha, width, height),
    width,
    height,
  };
}

function maskOf(alpha: Uint8Array, width: number, height: number): PdfStream {
  const dict = imageDict(width, height, 8, name('DeviceGray'), [['Filter', name('FlateDecode')]]);
  return { kind: 'stream', dict, raw: deflateSync(alpha) };
}

function paletteAlpha(pixels: Uint8Array, table: Buffer, width: number, height: number, bits: number): Uint8Array {
  const row = Math.ceil((width * bits) / 8);
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      const byte = pixels[y * row + (bit >> 3)] as number;
      const index = (byte >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
      alpha[y * width + x] = table[index] ?? 255;
    }
  }
  return alpha;
}
