import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Every certificate of a folder's PEM and DER files, as PEM text, in the order of file names. */
export async function readCertificates(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(folder, entry.name)).sort();
  const contents = await Promise.all(files.map((file) => readFile(file)));
  return contents.flatMap((content) => {
    const blocks = content.toString('latin1').match(pemBlock);
    return blocks ?? [new X509Certificate(content).toString()];
  });
}
