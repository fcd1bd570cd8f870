/** Key derivation of PKCS#12 (RFC 7292 Appendix B) and its password encodings. */
import { hash } from 'node:crypto';

export type Pkcs12Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** What the derived bytes are for (RFC 7292 B.3). */
export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

/** BMPString with its two closing zero octets (RFC 7292 B.1). */
export function bmpPassword(password: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${password}\0`, 'utf16le').swap16());
}

/** RFC 7292 B.2. `password` as `bmpPassword` makes it, or no octets at all for the other reading of an empty one. */
export function deriveBytes(
  digest: Pkcs12Digest,
  password: Uint8Array,
  salt: Uint8Array,
  purpose: 1 | 2 | 3,
  iterations: number,
  length: number,
): Uint8Array {
  const block = digest === 'sha1' || digest === 'sha256' ? 64 : 128;
  const filled = (source: Uint8Array): Uint8Array => {
    const size = Math.ceil(source.length / block) * block;
    return Uint8Array.from({ length: size }, (_, i) => source[i % source.length] ?? 0);
  };
  const input = Buffer.concat([filled(salt), filled(password)]);
  const diversifier = Buffer.alloc(block, purpose);
  const out = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const part = hash(digest, Buffer.concat([diversifier, input]), 'buffer');
    // As text written over the last one: a new buffer each time would cost twice what the digest does.
    for (let i = 1; i < iterations; i++) part.write(hash(digest, part, 'binary'), 'latin1');
    out.set(part.subarray(0, length - done), done);
    done += part.length;
    // B.2 step 6 C: every block of the input plus (the hash repeated) plus one, modulo 2^(8·block).
    for (let start = 0; start < input.length; start += block) {
      let carry = 1;
      for (let i = block - 1; i >= 0; i--) {
        const sum = (input[start + i] ?? 0) + (part[i % part.length] ?? 0) + carry;
        input[start + i] = sum & 0xff;
        carry = sum >> 8;
      }
    }
  }
  return out;
}
