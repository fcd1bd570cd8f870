/** Keys of the authority: made by node:crypto, lent to @peculiar/x509 as WebCrypto keys. */
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyType } from './types.ts';

const generate = promisify(generateKeyPair);

/** A new private key. */
export async function generateKey(keyType: KeyType): Promise<KeyObject> {
  switch (keyType) {
    case 'RSA-2048':
    case 'RSA-3072':
      return (await generate('rsa', { modulusLength: keyType === 'RSA-2048' ? 2048 : 3072 })).privateKey;
    case 'P-256':
    case 'P-384':
      return (await generate('ec', { namedCurve: keyType })).privateKey;
  }
}

/** How the CAs of the authority sign certificates; their keys are P-256. */
export const CA_ALGORITHM: EcdsaParams = { name: 'ECDSA', hash: 'SHA-256' };

/** A CA key for @peculiar/x509. */
export function caCryptoKey(privateKey: KeyObject): CryptoKey {
  // Node's own type of the same object knows key usages that the browser's does not.
  return privateKey.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']) as CryptoKey;
}

/** SubjectPublicKeyInfo in DER. */
export function spkiOf(privateKey: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
}
