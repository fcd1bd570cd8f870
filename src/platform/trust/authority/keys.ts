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

/** The algorithm with which a CA key signs certificates and CRLs. */
export function issuingAlgorithm(privateKey: KeyObject): EcdsaParams {
  return { name: 'ECDSA', hash: isP384(privateKey) ? 'SHA-384' : 'SHA-256' };
}

/** A CA key (always EC here) for @peculiar/x509. */
export function signingCryptoKey(privateKey: KeyObject): CryptoKey {
  const algorithm = { name: 'ECDSA', namedCurve: isP384(privateKey) ? 'P-384' : 'P-256' };
  // Node's own type of the same object knows key usages that the browser's does not.
  return privateKey.toCryptoKey(algorithm, false, ['sign']) as CryptoKey;
}

/** SubjectPublicKeyInfo in DER. */
export function spkiOf(privateKey: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
}

function isP384(privateKey: KeyObject): boolean {
  return privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1';
}
