import { rateDss, rateDssValidation } from './dss.ts';
import { rateLibpdf } from './libpdf.ts';
import type { Rate } from './measure.ts';
import { ratePyhanko, ratePyhankoValidation } from './pyhanko.ts';
import { rateOpenssl, rateRawSigning, type SigningKeys } from './raw.ts';
import { rateSignpdf } from './signpdf.ts';

export { measure, type Rate } from './measure.ts';
export { type Algorithm, rateRawSigning, type SigningKey, type SigningKeys } from './raw.ts';

export interface RivalsOptions {
  /** The unsigned PDF that everybody signs (about 50 kB). */
  file: string;
  keys: SigningKeys;
  /** How long each is measured; each also warms up, a virtual machine twice that long. */
  seconds: number;
  /** A signed file and the folder of its anchors, for validation. All it needs must be inside: nothing is fetched. */
  validation?: { file: string; trust: string };
}

export interface RivalRates {
  /** Signatures without a PDF around them: the floor. */
  raw: Rate[];
  /** PDF in, signed PDF out, PAdES B-B with SHA-256, no appearance. */
  signing: Rate[];
  /** Whole file to verdict. */
  validation: Rate[];
}

/**
 * Measures other people's signers and validators on the same files, one after the other. A rival that is not installed yields an
 * entry with `missing`; a validator that does not accept the file is missing too, since a refusal is quicker than a validation.
 */
export async function runRivals({ file, keys, seconds, validation }: RivalsOptions): Promise<RivalRates> {
  const raw = [...(await rateRawSigning(keys, seconds)), ...(await rateOpenssl(seconds))];
  const signing = [
    ...(await rateLibpdf(file, keys, seconds)),
    ...(await rateSignpdf(file, keys['RSA-2048'], seconds)),
    ...(await ratePyhanko(file, keys, seconds)),
    ...(await rateDss(file, keys, seconds)),
  ];
  if (validation === undefined) return { raw, signing, validation: [] };
  const validating = [
    ...(await ratePyhankoValidation(validation.file, validation.trust, seconds)),
    ...(await rateDssValidation(validation.file, validation.trust, seconds)),
  ];
  return { raw, signing, validation: validating };
}
