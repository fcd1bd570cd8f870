import { readFile } from 'node:fs/promises';
import { P12Signer, PDF } from '@libpdf/core';
import { measure, orMissing, type Rate } from './measure.ts';
import type { Algorithm, SigningKeys } from './raw.ts';

/** @libpdf/core, its key opened once. Its B-B carries a signing-time, so validators call it PAdES-BES, not BASELINE-B. */
export function rateLibpdf(file: string, keys: SigningKeys, seconds: number): Promise<Rate[]> {
  return orMissing('@libpdf/core 0.4.2', () => rate(file, keys, seconds));
}

async function rate(file: string, keys: SigningKeys, seconds: number): Promise<Rate[]> {
  const pdf = new Uint8Array(await readFile(file));
  const rates: Rate[] = [];
  for (const algorithm of Object.keys(keys) as Algorithm[]) {
    const { p12, passphrase } = keys[algorithm];
    const signer = await P12Signer.create(new Uint8Array(await readFile(p12)), passphrase);
    const work = async () => (await PDF.load(pdf.slice())).sign({ signer, level: 'B-B', reason: 'Bench' });
    rates.push(await measure(`@libpdf/core 0.4.2 ${algorithm}`, seconds, work));
  }
  return rates;
}
