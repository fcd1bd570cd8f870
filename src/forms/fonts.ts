/** The font of official papers: Tinos, metrically equal to Times New Roman, with every Vietnamese letter. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface FormFonts {
  readonly family: 'Tinos';
  /** Regular, italic, bold, bold italic: TTF. */
  readonly faces: readonly Uint8Array[];
  /** The face that stamps are made of. */
  readonly regular: Uint8Array;
}

const FACES = ['400Regular', '400Regular_Italic', '700Bold', '700Bold_Italic'];

/** Reads the faces from the npm package that ships them. */
export async function loadFonts(): Promise<FormFonts> {
  const folder = dirname(createRequire(import.meta.url).resolve('@expo-google-fonts/tinos/package.json'));
  const [regular, ...others] = await Promise.all(
    FACES.map(async (face) => new Uint8Array(await readFile(join(folder, face, `Tinos_${face}.ttf`)))),
  );
  if (regular === undefined) throw new TypeError('no font faces');
  return { family: 'Tinos', faces: [regular, ...others], regular };
}
