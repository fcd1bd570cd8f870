/** Opens a TTF that holds one face. */
import * as fontkit from '@cantoo/fontkit';

export type Face = Extract<ReturnType<typeof fontkit.create>, { characterSet: unknown }>;

/** Throws a TypeError if the bytes are no single-face TrueType or OpenType font. */
export function openFace(bytes: Uint8Array): Face {
  const font = fontkit.create(bytes);
  if (!('characterSet' in font)) throw new TypeError('a font collection, where one face is needed');
  return font;
}
