import { hash } from 'node:crypto';

export type DigestName = 'SHA-256' | 'SHA-384' | 'SHA-512';

const NODE_NAMES = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const;

/** Lower-case hexadecimal SHA-256. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

/** Raw digest. */
export function digest(name: DigestName, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash(NODE_NAMES[name], bytes, 'buffer'));
}

/** `SHA-256` → `sha256`, as `node:crypto` calls it. */
export function nodeDigestName(name: DigestName): 'sha256' | 'sha384' | 'sha512' {
  return NODE_NAMES[name];
}
