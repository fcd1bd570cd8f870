/** Seals sign unattended: what opens their keys lies in files that only the owner of the installation may read. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPkcs12Key, parseCertificate, type RawSigner, rawSigner } from '../engines/crypto/index.ts';
import { AppError } from '../shared/index.ts';
import type { SealKeys } from './seal.ts';

export interface SealKeyFolder {
  /** The opened key of a seal; it stays in memory. @throws SEAL_NOT_ENROLLED when there is no key or nothing that opens it. */
  readonly open: SealKeys;
  /** Keeps the PIN of a seal, readable by the owner only (0600). */
  keep(credentialId: string, pin: string): Promise<void>;
}

/** @param directory shared by all processes of the installation; made on first use. */
export function createSealKeys(directory: string): SealKeyFolder {
  const pinFile = (credentialId: string): string => join(directory, `seal-${credentialId}.pin`);
  const opened = new Map<string, RawSigner>();
  return {
    async open(seal) {
      const known = opened.get(seal.id);
      if (known !== undefined) return known;
      if (seal.pkcs12 === undefined) throw new AppError('SEAL_NOT_ENROLLED');
      let pin: string;
      try {
        pin = await readFile(pinFile(seal.id), 'utf8');
      } catch (cause) {
        throw new AppError('SEAL_NOT_ENROLLED', { cause });
      }
      const privateKey = await openPkcs12Key(seal.pkcs12, pin.trimEnd(), parseCertificate(seal.certificate));
      const sign = rawSigner(privateKey, seal.scheme);
      opened.set(seal.id, sign);
      return sign;
    },
    async keep(credentialId, pin) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(pinFile(credentialId), `${pin}\n`, { mode: 0o600 });
    },
  };
}
