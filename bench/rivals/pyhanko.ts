import { join } from 'node:path';
import { orMissing, type Rate } from './measure.ts';
import { checkout, readTools, run } from './place.ts';
import type { SigningKeys } from './raw.ts';

const script = join(checkout, 'bench', 'rivals', 'pyhanko', 'rates.py');

const readRates = (output: string): Rate[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Rate);

/** pyHanko signing B-B with its own signer, and with one that keeps its key open (its own reads the key twice a signature). */
export function ratePyhanko(file: string, keys: SigningKeys, seconds: number): Promise<Rate[]> {
  return orMissing('pyHanko 0.38.0', async () => {
    const { python } = (await readTools()).pyhanko;
    const named = Object.entries(keys).flatMap(([algorithm, { p12, passphrase }]) => [algorithm, p12, passphrase]);
    return readRates(await run(python, [script, 'sign', file, String(seconds), ...named]));
  });
}

/** pyHanko's AdES validation of a file, offline. */
export function ratePyhankoValidation(file: string, trust: string, seconds: number): Promise<Rate[]> {
  return orMissing('pyHanko 0.38.0 validate', async () => {
    const { python, scripts } = (await readTools()).pyhanko;
    return readRates(await run(python, [script, 'validate', file, String(seconds), trust, scripts]));
  });
}
