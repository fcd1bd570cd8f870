/** What may be printed. Asked before Typst, so that a person learns field and character instead of a compiler message. */
import { AppError, codePointName, type InputMistake, nfc, unprintableCharacters } from '../../shared/index.ts';
import type { Json } from './contract.ts';
import { openFace } from './fontkit.ts';

export interface Printable {
  /**
   * Every character that cannot be printed, with its place: `CHARACTER_FORBIDDEN` for control and invisible characters,
   * `GLYPH_UNKNOWN` for characters that a face lacks. `path` is the JSON pointer of `value` itself.
   */
  mistakes(value: Json, path: string): InputMistake[];
}

/** Faces are parsed once; a character counts as printable if every face has it (a value may be set bold or italic). */
export function createPrintable(faces: readonly Uint8Array[]): Printable {
  const repertoires = faces.map((face) => new Set(openFace(face).characterSet));
  const hasGlyph = (character: string): boolean => {
    const codePoint = character.codePointAt(0) ?? 0;
    return repertoires.every((repertoire) => repertoire.has(codePoint));
  };

  /** UTF-16 units that were found to be printable characters; few texts hold another. */
  const plain = new Set<number>();
  const isPlain = (unit: number): boolean => {
    if (plain.has(unit)) return true;
    const character = String.fromCharCode(unit);
    const found = character === '\n' || (unprintableCharacters(character).length === 0 && hasGlyph(character));
    if (found) plain.add(unit);
    return found;
  };
  /** A text that is composed and of such characters only has no mistake. */
  const isPlainText = (text: string): boolean => {
    for (let at = 0; at < text.length; at++) if (!isPlain(text.charCodeAt(at))) return false;
    return text === nfc(text);
  };

  function inText(text: string, path: string): InputMistake[] {
    if (isPlainText(text)) return [];
    const forbidden = unprintableCharacters(text);
    const mistakes = forbidden.map((name) => forbiddenCharacter(path, name));
    for (const character of new Set(nfc(text))) {
      const name = codePointName(character);
      if (character === '\n' || forbidden.includes(name) || hasGlyph(character)) continue;
      if (text.isWellFormed() && unprintableCharacters(character).length === 0) {
        mistakes.push(unknownGlyph(path, character, name));
      }
    }
    return mistakes;
  }

  function mistakes(value: Json, path: string): InputMistake[] {
    if (typeof value === 'string') return inText(value, path);
    if (value === null || typeof value !== 'object') return [];
    return Object.entries(value).flatMap(([key, member]: [string, Json]) =>
      mistakes(member, `${path}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`),
    );
  }

  return { mistakes };
}

/** Throws the first kind of mistake found, with all of them listed. */
export function refuseUnprintable(mistakes: readonly InputMistake[]): void {
  const [first] = mistakes;
  if (first === undefined) return;
  const code = first.code === 'GLYPH_UNKNOWN' ? 'GLYPH_UNKNOWN' : 'CHARACTER_FORBIDDEN';
  throw new AppError(code, { detail: { vi: first.vi, en: first.en }, mistakes });
}

function forbiddenCharacter(path: string, name: string): InputMistake {
  return {
    path,
    code: 'CHARACTER_FORBIDDEN',
    vi: `Ký tự điều khiển hoặc ký tự ẩn ${name} không được phép`,
    en: `The control or invisible character ${name} is not allowed`,
  };
}

function unknownGlyph(path: string, character: string, name: string): InputMistake {
  return {
    path,
    code: 'GLYPH_UNKNOWN',
    vi: `Phông chữ không có ký tự “${character}” (${name})`,
    en: `The font has no character “${character}” (${name})`,
  };
}
