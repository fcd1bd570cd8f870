import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainAddPlaceholder } from '@signpdf/placeholder-plain';
import { P12Signer } from '@signpdf/signer-p12';
import { SignPdf } from '@signpdf/signpdf';
import { measure, orMissing, type Rate } from './measure.ts';
import { run } from './place.ts';
import type { SigningKey } from './raw.ts';

/** @signpdf with a PKCS#12. One signer object signs once, so opening the PKCS#12 is part of each signature; RSA only. */
export function rateSignpdf(file: string, key: SigningKey, seconds: number): Promise<Rate[]> {
  return orMissing('@signpdf 3.3.0', () => rate(file, key, seconds));
}

async function rate(file: string, key: SigningKey, seconds: number): Promise<Rate[]> {
  const pdfBuffer = await readFile(file);
  const p12 = await selfSigned(key);
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

/** The same key under a certificate of its own: node-forge reads none that an elliptic-curve authority has signed. */
async function selfSigned({ p12, passphrase }: SigningKey): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'antin-signpdf-'));
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const both = join(folder, 'both.p12');
  const password = `pass:${passphrase}`;
  try {
    await run('openssl', ['pkcs12', '-in', p12, '-nocerts', '-nodes', '-passin', password, '-out', key]);
    await run('openssl', ['req', '-x509', '-key', key, '-subj', '/CN=Bench', '-days', '2', '-out', certificate]);
    const whole = ['-inkey', key, '-in', certificate, '-iter', '1', '-passout', password, '-out', both];
    await run('openssl', ['pkcs12', '-export', ...whole]);
    return await readFile(both);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
