/** Identifiers: UUID version 7 (RFC 9562 §5.7), so that they sort by time; and the lookup code printed on paper. */
import { randomBytes } from 'node:crypto';

/** A new UUIDv7. `now` is milliseconds since 1970 (a clock is passed in, never read here). */
export function newId(now: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return ID.test(text);
}

/** Crockford's base 32 without I, L, O, U: can be read aloud and typed from paper. */
const LOOKUP_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LOOKUP_LENGTH = 26;

/** A new lookup code: 130 random bits as 26 characters, not derived from anything in the record. */
export function newLookupCode(): string {
  let code = '';
  for (const byte of randomBytes(LOOKUP_LENGTH)) code += LOOKUP_ALPHABET[byte & 31];
  return code;
}

/** A typed code as stored: upper case, no blanks or hyphens, `O`→`0`, `I`/`L`→`1`; `undefined` if it cannot be one. */
export function normalizeLookupCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return new RegExp(`^[${LOOKUP_ALPHABET}]{${LOOKUP_LENGTH}}$`).test(code) ? code : undefined;
}
