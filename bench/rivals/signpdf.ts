import { readFile } from 'node:fs/promises';
import { plainAddPlaceholder } from '@signpdf/placeholder-plain';
import { P12Signer } from '@signpdf/signer-p12';
import { SignPdf } from '@signpdf/signpdf';
import { measure, orMissing, type Rate } from './measure.ts';
import type { SigningKey } from './raw.ts';

/** @signpdf with a PKCS#12. One signer object signs once, so opening the PKCS#12 is part of each signature; RSA only. */
export function rateSignpdf(file: string, key: SigningKey, seconds: number): Promise<Rate[]> {
  return orMissing('@signpdf 3.3.0', () => rate(file, key, seconds));
}

async function rate(file: string, key: SigningKey, seconds: number): Promise<Rate[]> {
  const pdfBuffer = await readFile(file);
  const p12 = await readFile(key.alone);
  const work = () => {
    const prepared = plainAddPlaceholder({
      pdfBuffer,
      reason: 'Bench',
      contactInfo: '-',
      name: 'Bench',
      location: '-',
      signatureLength: 8192,
      subFilter: 'ETSI.CAdES.detached',
    });
    return new SignPdf().sign(prepared, new P12Signer(p12, { passphrase: key.passphrase }));
  };
  return [await measure('@signpdf 3.3.0 RSA-2048', seconds, work)];
}
