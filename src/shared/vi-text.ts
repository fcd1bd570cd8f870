/** Vietnamese text: NFC at the door, folding for search, and what may not be printed at all. */

export interface BilingualText {
  readonly vi: string;
  readonly en: string;
}

/** Control, format, private-use, surrogate and unassigned characters: they would be lost or would lie on paper. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\u2028\u2029\ufffd]/u;

/** The text in Unicode normal form C, the only form stored, printed and searched. */
export function nfc(text: string): string {
  return text.normalize('NFC');
}

/** Lower case without diacritics, for search (`NGUYỄN` → `nguyen`, `Đ` → `d`). Never for display. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase();
}

/** Names of the characters in `text` that may not be printed (`U+202E`), each once; line feeds are allowed. */
export function unprintableCharacters(text: string): string[] {
  if (!text.isWellFormed()) return ['U+D800'];
  const found = new Set<string>();
  for (const character of text) {
    if (character !== '\n' && UNPRINTABLE.test(character)) found.add(codePointName(character));
  }
  return [...found];
}

/** `"A"` → `U+0041`. */
export function codePointName(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}
