/** What a signature looks like: a form XObject of its own, fitted into the field's rectangle (ISO 32000-2 §12.5.5). */
import { AppError, codePointName, nfc } from '../../shared/index.ts';
import {
  addPicture,
  embedFont,
  findStampFont,
  name,
  type PdfDict,
  type PdfObject,
  type PdfRef,
  type PdfUpdate,
  type Picture,
  STAMP_FONT,
  subsetTrueType,
  type Typeface,
} from '../pdf/index.ts';
import type { Appearance } from './types.ts';

export interface StampPlace {
  /** Size of the field's rectangle, points. */
  readonly width: number;
  readonly height: number;
  /** Clockwise turn of the page, a multiple of 90: the stamp is turned back so that it stands upright. */
  readonly rotation: number;
}

export interface Stamp {
  /** The form XObject. */
  readonly ref: PdfRef;
  /** A font embedded for this stamp because the file carried none: to be shared through /DR while nothing is signed. */
  readonly newFont: PdfRef | undefined;
}

const PADDING = 3;
const MAX_SIZE = 11;
const MIN_SIZE = 5;
/** Down to this size lines are rather set smaller than wrapped. */
const WHOLE_LINES_SIZE = 8;
const LEADING = 1.22;
/** Greatest part of the width that a picture beside text takes. */
const PICTURE_PART = 0.36;
/** Resource name of a font that has what the stamp font lacks. */
const EXTRA_FONT = 'VnExtra';

/** An empty appearance: what invisible and not yet decorated fields show (ISO 19005-3 §6.3.3). */
export function emptyAppearance(update: PdfUpdate, width: number, height: number): PdfRef {
  return addForm(update, width, height, 0, new Map(), '');
}

/**
 * Adds the stamp to the update. Text is wrapped and shrunk to fit, never cut. Throws STAMP_FONT_MISSING naming the characters that
 * no font has, STAMP_TOO_SMALL if the text does not fit at 5 points, PICTURE_UNREADABLE.
 */
export function addStamp(update: PdfUpdate, place: StampPlace, what: Appearance, font?: Uint8Array): Stamp {
  const turned = place.rotation % 180 !== 0;
  const width = turned ? place.height : place.width;
  const height = turned ? place.width : place.height;
  const resources: PdfDict = new Map();
  const operators = ['q 0.5 w 0.35 G', `0.75 0.75 ${num(width - 1.5)} ${num(height - 1.5)} re S Q`];
  const lines = what.lines.map((line) => nfc(line).replace(/\s+/g, ' ').trim()).filter((line) => line !== '');

  let left = PADDING;
  if (what.picture !== undefined) {
    const picture = addPicture(update, what.picture);
    const room = lines.length === 0 ? width - 2 * PADDING : (width - 3 * PADDING) * PICTURE_PART;
    const box = fitPicture(picture, room, height - 2 * PADDING);
    const x = PADDING + (room - box.width) / 2;
    const y = (height - box.height) / 2;
    operators.push(`q ${num(box.width)} 0 0 ${num(box.height)} ${num(x)} ${num(y)} cm /Picture Do Q`);
    resources.set('XObject', new Map<string, PdfObject>([['Picture', picture.ref]]));
    if (lines.length > 0) left = 2 * PADDING + room;
  }

  let newFont: PdfRef | undefined;
  if (lines.length > 0) {
    const fonts = chooseFonts(update, lines.join(''), font);
    newFont = fonts.embedded;
    resources.set('Font', fonts.resources);
    operators.push(setText(lines, fonts, left, width - left - PADDING, height));
  }
  return { ref: addForm(update, width, height, place.rotation, resources, operators.join('\n')), newFont };
}

function fitPicture(picture: Picture, width: number, height: number): { width: number; height: number } {
  const scale = Math.max(0, Math.min(width / picture.width, height / picture.height));
  return { width: picture.width * scale, height: picture.height * scale };
}

/** Resources are always there: without them viewers draw no text although validators are content. */
function addForm(
  update: PdfUpdate,
  width: number,
  height: number,
  rotation: number,
  resources: PdfDict,
  content: string,
): PdfRef {
  const dict: PdfDict = new Map<string, PdfObject>([
    ['Type', name('XObject')],
    ['Subtype', name('Form')],
    ['BBox', [0, 0, width, height]],
    ['Resources', resources],
  ]);
  const turns = (((rotation / 90) % 4) + 4) % 4;
  const [cos, sin] = (
    [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ] as const
  )[turns] ?? [1, 0];
  if (turns !== 0) dict.set('Matrix', [cos, sin, -sin, cos, 0, 0]);
  return update.add({ kind: 'stream', dict, raw: Buffer.from(content, 'latin1') });
}

interface Fonts {
  readonly resources: PdfDict;
  readonly main: Typeface;
  readonly extra: Typeface | undefined;
  readonly embedded: PdfRef | undefined;
}

/** What a stamp font made here holds besides the text at hand: ASCII, Latin-1, Vietnamese, marks. */
const REPERTOIRE: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0xa0, 0xac],
  [0xae, 0xff],
  [0x102, 0x103],
  [0x110, 0x111],
  [0x128, 0x129],
  [0x168, 0x169],
  [0x1a0, 0x1a1],
  [0x1af, 0x1b0],
  [0x1ea0, 0x1ef9],
  [0x2013, 0x2014],
  [0x2018, 0x2019],
  [0x201c, 0x201d],
  [0x2026, 0x2026],
];

/** The file's stamp font; the caller's font where it has glyphs the former lacks, or instead of it. */
function chooseFonts(update: PdfUpdate, text: string, ttf: Uint8Array | undefined): Fonts {
  const own = findStampFont(update.view);
  const wanted = new Set(Array.from(text, (character) => character.codePointAt(0) ?? 0));
  const lacking = (face: Typeface | undefined, codePoints: Iterable<number>): number[] =>
    [...codePoints].filter((codePoint) => (face?.gid(codePoint) ?? 0) === 0);
  const unknown = lacking(own?.face, wanted);
  const resources: PdfDict = new Map();
  if (own !== undefined) resources.set(STAMP_FONT, own.ref);
  if (own !== undefined && unknown.length === 0)
    return { resources, main: own.face, extra: undefined, embedded: undefined };
  if (ttf === undefined) throw noGlyphs(own === undefined ? [] : unknown);
  const repertoire = REPERTOIRE.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  const font = subsetTrueType(
    ttf,
    own === undefined ? [...repertoire, ...unknown] : unknown,
    own ? 'VNEXTR' : 'VNSTMP',
  );
  const missing = lacking(font, unknown);
  if (missing.length > 0) throw noGlyphs(missing);
  const embedded = embedFont(update, font);
  resources.set(own === undefined ? STAMP_FONT : EXTRA_FONT, embedded);
  return own === undefined
    ? { resources, main: font, extra: undefined, embedded }
    : { resources, main: own.face, extra: font, embedded: undefined };
}

function noGlyphs(missing: readonly number[]): AppError {
  const listed = missing.map((codePoint) => codePointName(String.fromCodePoint(codePoint))).join(', ');
  return new AppError('STAMP_FONT_MISSING', {
    ...(listed !== '' && {
      detail: { vi: `Phông chữ thiếu ký tự: ${listed}.`, en: `No font has these characters: ${listed}.` },
    }),
  });
}

/** Characters of one font, as glyph numbers. */
interface Run {
  readonly extra: boolean;
  readonly hex: string;
}

/** A word with its width in font sizes; measured once, wrapped at many sizes. */
interface Word {
  readonly width: number;
  readonly runs: readonly Run[];
}

function setText(lines: readonly string[], fonts: Fonts, left: number, width: number, height: number): string {
  const blank = measure(' ', fonts);
  const measured = lines.map((line) => line.split(' ').map((word) => measure(word, fonts)));
  /** The greatest size from `least` on that fits, with the lines wrapped or each in one row. */
  const setFrom = (least: number, mayWrap: boolean): { size: number; rows: Run[][][] } | undefined => {
    for (let size = MAX_SIZE; size >= least; size -= 0.5) {
      const rows = measured.map((words) => wrap(words, blank, width / size) ?? []);
      const total = rows.reduce((sum, { length }) => sum + length, 0);
      const complete = rows.every(({ length }) => (mayWrap ? length > 0 : length === 1));
      if (complete && total * size * LEADING <= height - 2 * PADDING) return { size, rows };
    }
    return undefined;
  };
  const fitted = setFrom(WHOLE_LINES_SIZE, false) ?? setFrom(MIN_SIZE, true);
  if (fitted === undefined) throw new AppError('STAMP_TOO_SMALL');
  const { size, rows } = fitted;
  let y = (height + rows.flat().length * size * LEADING) / 2 - size;
  const out = ['BT', `0 g 0 G ${num(size * 0.028)} w`];
  rows.forEach((line, index) => {
    // The strongest line is filled and thinly outlined: bold without a second font.
    if (index <= 1) out.push(`${index === 0 ? 2 : 0} Tr`);
    for (const row of line) {
      out.push(`1 0 0 1 ${num(left)} ${num(y)} Tm`);
      for (const { extra, hex } of row) out.push(`/${extra ? EXTRA_FONT : STAMP_FONT} ${num(size)} Tf <${hex}> Tj`);
      y -= size * LEADING;
    }
  });
  out.push('ET');
  return out.join('\n');
}

function measure(text: string, { main, extra }: Fonts): Word {
  let width = 0;
  const runs: { extra: boolean; hex: string }[] = [];
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    const own = main.gid(codePoint) ?? 0;
    const gid = own !== 0 ? own : (extra?.gid(codePoint) ?? 0);
    width += (own !== 0 ? main : (extra ?? main)).width(gid);
    const hex = gid.toString(16).padStart(4, '0');
    const last = runs.at(-1);
    if (last?.extra === (own === 0)) last.hex += hex;
    else runs.push({ extra: own === 0, hex });
  }
  return { width: width / 1000, runs };
}

/** Words in rows of at most `width` (in font sizes), each row as runs; undefined if one word is wider. */
function wrap(words: readonly Word[], blank: Word, width: number): Run[][] | undefined {
  const rows: Word[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const word of words) {
    if (word.width > width) return undefined;
    if (used + blank.width + word.width <= width) {
      rows.at(-1)?.push(blank, word);
      used += blank.width + word.width;
    } else {
      rows.push([word]);
      used = word.width;
    }
  }
  return rows.map(joinRuns);
}

function joinRuns(words: readonly Word[]): Run[] {
  const runs: { extra: boolean; hex: string }[] = [];
  for (const { extra, hex } of words.flatMap((word) => word.runs)) {
    const last = runs.at(-1);
    if (last?.extra === extra) last.hex += hex;
    else runs.push({ extra, hex });
  }
  return runs;
}

/** A number as content streams take it. */
function num(value: number): string {
  return String(Math.round(value * 100) / 100);
}
