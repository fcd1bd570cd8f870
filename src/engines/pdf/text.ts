/** Text strings and dates (ISO 32000-2 §7.9.2, §7.9.4). */
import type { PdfString } from './objects.ts';

/** PDFDocEncoding (ISO 32000-2 annex D.3) where it differs from Latin-1; U+FFFD where undefined. */
const DOC_ENCODING = new Map<number, number>([
  ...[0x02d8, 0x02c7, 0x02c6, 0x02d9, 0x02dd, 0x02db, 0x02da, 0x02dc].map((code, at) => [0x18 + at, code] as const),
  ...[
    0x2022, 0x2020, 0x2021, 0x2026, 0x2014, 0x2013, 0x0192, 0x2044, 0x2039, 0x203a, 0x2212, 0x2030, 0x201e, 0x201c,
    0x201d, 0x2018, 0x2019, 0x201a, 0x2122, 0xfb01, 0xfb02, 0x0141, 0x0152, 0x0160, 0x0178, 0x017d, 0x0131, 0x0142,
    0x0153, 0x0161, 0x017e, 0xfffd, 0x20ac,
  ].map((code, at) => [0x80 + at, code] as const),
  [0x7f, 0xfffd],
  [0xad, 0xfffd],
]);

const UTF16BE = new TextDecoder('utf-16be');
const UTF8 = new TextDecoder('utf-8');

/** A text string's characters: UTF-16BE or UTF-8 by its mark, else PDFDocEncoding. Language escapes are dropped. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    return UTF16BE.decode(bytes.subarray(2)).replace(/\u001b[^\u001b]*\u001b/g, '');
  }
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return UTF8.decode(bytes.subarray(3));
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(DOC_ENCODING.get(byte) ?? byte);
  return text;
}

/** A text string: ASCII as it is, anything else as UTF-16BE with its mark. */
export function textString(text: string): PdfString {
  if (/^[\x20-\x7e]*$/.test(text)) return { kind: 'string', bytes: Buffer.from(text, 'latin1'), hex: false };
  const units = Buffer.from(`\ufeff${text}`, 'utf16le');
  return { kind: 'string', bytes: units.swap16(), hex: true };
}

const DATE =
  /^D:(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d))?)?)?)?)?(?:Z(?:00'?(?:00'?)?)?|([+-])(\d\d)'?(?:(\d\d)'?)?)?$/;

/** The instant of a date string; undefined if it does not parse. Without a zone it is taken as UTC. */
export function parseDate(text: string | undefined): Date | undefined {
  const match = text === undefined ? null : DATE.exec(text.trim());
  if (match === null) return undefined;
  const part = (index: number, fallback: number): number => Number(match[index] ?? fallback);
  const [month, day, hour, minute, second] = [part(2, 1), part(3, 1), part(4, 0), part(5, 0), part(6, 0)];
  const possible = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 59;
  if (!possible) return undefined;
  const wall = Date.UTC(part(1, 0), month - 1, day, hour, minute, second);
  if (new Date(wall).getUTCDate() !== day) return undefined;
  const offset = (part(8, 0) * 60 + part(9, 0)) * 60_000;
  return new Date(match[7] === '-' ? wall + offset : wall - offset);
}

/** `D:20261127080509+07'00'`: the Vietnamese wall clock, as /M is written. */
export function dateString(instant: Date): string {
  const shifted = new Date(instant.getTime() + 7 * 3_600_000);
  return `D:${shifted.toISOString().slice(0, 19).replace(/[-:T]/g, '')}+07'00'`;
}
