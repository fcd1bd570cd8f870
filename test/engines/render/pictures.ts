/** Small real pictures, made here so that no binary lies in the repository. */
import { crc32, deflateSync } from 'node:zlib';

/** A grey PNG (ISO/IEC 15948), 8 bits a pixel. */
export function greyPng(width: number, height: number): Uint8Array {
  const chunk = (type: string, body: Buffer): Buffer => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc32(typed), 4);
    return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const rows = Buffer.alloc((width + 1) * height, 0xc0);
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const segment = (marker: number, body: readonly number[]): number[] => [
  0xff,
  marker,
  (body.length + 2) >> 8,
  (body.length + 2) & 0xff,
  ...body,
];

export interface JpegLook {
  /** EXIF orientation 1 … 8; none if absent. */
  readonly orientation?: number;
  /** Components stated in the frame header; 4 is CMYK. Only 1 can be decoded. */
  readonly components?: number;
}

/** A baseline JPEG (ITU-T T.81): dark upper half, lighter lower half. Both sides are multiples of 8, the height of 16. */
export function twoToneJpeg(width: number, height: number, { orientation, components = 1 }: JpegLook = {}): Uint8Array {
  const blocksWide = width / 8;
  const blocksHigh = height / 8;
  const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0];
  // Huffman tables of two codes (DC: 0 → no change, 10 → seven bits follow) and of one (AC: 0 → end of block).
  let bits = '';
  for (let block = 0; block < blocksWide * blocksHigh; block++) {
    if (block === 0) bits += '100011011';
    else if (block === (blocksWide * blocksHigh) / 2) bits += '101111111';
    else bits += '0';
    bits += '0';
  }
  const data = (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '1'), 2));
  const lengths = (codes: readonly number[]): number[] => [...codes, ...Array<number>(16 - codes.length).fill(0)];
  return new Uint8Array([
    0xff,
    0xd8,
    ...(orientation === undefined ? [] : segment(0xe1, [...exif, orientation, 0, 0, 0, 0, 0, 0])),
    ...segment(0xdb, [0, ...Array<number>(64).fill(8)]),
    ...segment(0xc0, [
      8,
      height >> 8,
      height & 0xff,
      width >> 8,
      width & 0xff,
      components,
      ...Array(components).fill([1, 0x11, 0]).flat(),
    ]),
    ...segment(0xc4, [0x00, ...lengths([1, 1]), 0, 7]),
    ...segment(0xc4, [0x10, ...lengths([1]), 0]),
    ...segment(0xda, [1, 1, 0, 0, 63, 0]),
    ...data.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])),
    0xff,
    0xd9,
  ]);
}
