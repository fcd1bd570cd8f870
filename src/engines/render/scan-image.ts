/** Reads just enough of a JPEG or PNG to refuse what cannot become a page, and to lay the page upright or across. */
import { AppError } from '../../shared/index.ts';

export interface ScanImage {
  readonly extension: 'jpg' | 'png';
  /** Wider than high, after the turn that EXIF asks for. */
  readonly landscape: boolean;
}

/** More pixels than an A3 sheet at 600 dpi: a decompression bomb, or a wrong file. */
const MAX_PIXELS = 75_000_000;

/** `number` is the page's, from 1, for the message. Throws `SCAN_UNREADABLE`, `SCAN_CMYK`. */
export function readScanImage(bytes: Uint8Array, number: number): ScanImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.byteLength > 24 && view.getUint32(0) === 0x89504e47) return readPng(view, number);
    if (view.byteLength > 4 && view.getUint16(0) === 0xffd8) return readJpeg(view, number);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw unreadable(number, cause);
  }
  throw unreadable(number);
}

export function unreadable(number: number, cause?: unknown): AppError {
  return new AppError('SCAN_UNREADABLE', {
    detail: { vi: `Không đọc được trang quét ${number}`, en: `Scanned page ${number} cannot be read` },
    cause,
  });
}

/** PNG (ISO/IEC 15948 §11.2.2): the header chunk comes first. */
function readPng(view: DataView, number: number): ScanImage {
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  return { extension: 'png', landscape: isLandscape(width, height, number) };
}

/** JPEG (ITU-T T.81 §B.1): walks the marker segments up to the frame header. */
function readJpeg(view: DataView, number: number): ScanImage {
  let turned = false;
  let offset = 2;
  for (;;) {
    if (view.getUint8(offset) !== 0xff) throw unreadable(number);
    const marker = view.getUint8(offset + 1);
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    const length = view.getUint16(offset + 2);
    if (marker === 0xe1) turned ||= exifOrientation(view, offset + 4, length - 2) >= 5;
    if (isFrameHeader(marker)) {
      const height = view.getUint16(offset + 5);
      const width = view.getUint16(offset + 7);
      if (view.getUint8(offset + 9) === 4) {
        throw new AppError('SCAN_CMYK', {
          detail: { vi: `Trang quét ${number} dùng hệ màu CMYK`, en: `Scanned page ${number} uses CMYK colours` },
        });
      }
      return { extension: 'jpg', landscape: isLandscape(width, height, number) !== turned };
    }
    offset += 2 + length;
  }
}

/** SOF0 … SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function isLandscape(width: number, height: number, number: number): boolean {
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) throw unreadable(number);
  return width > height;
}

/** Orientation tag 0x0112 of the first image directory (Exif 2.3 §4.6.4); 1 if there is none. 5 … 8 lie on their side. */
function exifOrientation(view: DataView, start: number, length: number): number {
  if (length < 14 || view.getUint32(start) !== 0x45786966) return 1;
  const tiff = start + 6;
  const littleEndian = view.getUint16(tiff) === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, littleEndian);
  const entries = view.getUint16(directory, littleEndian);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    if (entry + 12 > start + length) return 1;
    if (view.getUint16(entry, littleEndian) === 0x0112) return view.getUint16(entry + 8, littleEndian);
  }
  return 1;
}
