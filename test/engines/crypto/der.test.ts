/** The ground everything stands on: what is written reads back, what is not DER is seen, and garbage ends in a typed error. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readBigInteger,
  readIntegerHex,
  readNamedBits,
  readOid,
  readText,
  readTime,
} from '../../../src/engines/crypto/der.ts';
import { children, encode, fields, readDer, TAG, toDer } from '../../../src/engines/crypto/index.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('DER', () => {
  it('writes integers of any size and sign in their shortest form', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 300n), max: 1n << 300n }), (value) => {
        const node = readDer(encode.integer(value));
        expect(readBigInteger(node)).toBe(value);
        expect(
          BigInt(readIntegerHex(node).replace(/^(-?)/, '$10x').replace('-0x', '0x')) * (value < 0n ? -1n : 1n),
        ).toBe(value);
        const [first = 0, second = 0] = node.content;
        if (node.content.length > 1) expect(first === 0 ? second >= 0x80 : first !== 0xff || second < 0x80).toBe(true);
      }),
    );
  });

  it('names the serial numbers of certificates in hex', () => {
    expect(readIntegerHex(readDer(hex('02 01 00')))).toBe('0');
    expect(readIntegerHex(readDer(hex('02 02 00ff')))).toBe('ff');
    expect(readIntegerHex(readDer(hex('02 01 ff')))).toBe('-1');
    expect(encode.integerHex('-1')).toEqual(hex('0201ff'));
  });

  it('reads and writes object identifiers, large arcs too', () => {
    for (const oid of [
      '1.2.840.113549.1.1.11',
      '2.5.29.15',
      '0.9.2342.19200300.100.1.1',
      '2.999.1',
      '2.25.329800735698586629295641978511506172918',
    ])
      expect(readOid(readDer(encode.oid(oid)))).toBe(oid);
    expect(() => readOid(readDer(hex('06 02 8001')))).toThrow('DER_MALFORMED');
    expect(() => readOid(readDer(hex('06 02 2a86')))).toThrow('DER_MALFORMED');
  });

  it('keeps Vietnamese text in every string type that can hold it', () => {
    const name = 'Bệnh viện Đa khoa Minh Hoạ';
    expect(readText(readDer(encode.utf8(name)))).toBe(name);
    expect(
      readText(readDer(encode.element(TAG.bmpString, new Uint8Array(Buffer.from(name, 'utf16le').swap16())))),
    ).toBe(name);
    expect(() => readText(readDer(hex('0c 01 ff')))).toThrow('DER_MALFORMED');
  });

  it('writes UTCTime until 2049 and GeneralizedTime after it', () => {
    for (const time of [
      '1950-01-01T00:00:00Z',
      '2049-12-31T23:59:59Z',
      '2050-01-01T00:00:00Z',
      '2126-11-25T08:00:00Z',
    ]) {
      const node = readDer(encode.time(new Date(time)));
      expect(readTime(node)).toEqual(new Date(time));
      expect(node.tag).toBe(time < '2050' ? TAG.utcTime : TAG.generalizedTime);
    }
  });

  it('allows fractions of a second only where the standard does', () => {
    const node = readDer(encode.generalizedTime(new Date('2026-11-25T08:00:00.250Z'), true));
    expect(Buffer.from(node.content).toString()).toBe('20261125080000.25Z');
    expect(readTime(node, true)).toEqual(new Date('2026-11-25T08:00:00.250Z'));
    expect(() => readTime(node)).toThrow('DER_MALFORMED');
  });

  it('refuses times that no calendar has', () => {
    const time = (text: string) => readDer(encode.element(TAG.generalizedTime, new TextEncoder().encode(text)));
    for (const text of [
      '20260230000000Z',
      '20261301000000Z',
      '20260101240000Z',
      '20260101000060Z',
      '20260101000000',
      'abc',
    ])
      expect(() => readTime(time(text))).toThrow('DER_MALFORMED');
  });

  it('writes and reads named bits', () => {
    expect(encode.namedBits([0, 1])).toEqual(hex('03 02 06 c0'));
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 24 })), (bits) => {
        expect([...readNamedBits(readDer(encode.namedBits(bits)))].sort()).toEqual([...bits].sort());
      }),
    );
  });

  it('gives views of the original bytes', () => {
    const bytes = encode.sequence(encode.integer(7), encode.utf8('x'));
    const [seven] = children(readDer(bytes));
    expect(seven?.raw.buffer).toBe(bytes.buffer);
    expect(seven?.raw).toEqual(encode.integer(7));
  });

  it('insists on the right element at the right place', () => {
    const parts = fields(readDer(encode.sequence(encode.integer(1), encode.null())), 'Example');
    expect(parts.optional(TAG.boolean)).toBeUndefined();
    expect(readBigInteger(parts.take('number', TAG.integer))).toBe(1n);
    expect(() => parts.end('number')).toThrow('DER_MALFORMED');
    expect(() => parts.take('text', TAG.utf8String)).toThrow('DER_MALFORMED');
  });
});

describe('BER', () => {
  const cases: [name: string, ber: string, der: string][] = [
    ['an indefinite length', '30 80 02 01 05 00 00', '30 03 02 01 05'],
    ['a long form where the short one fits', '30 81 03 02 01 05', '30 03 02 01 05'],
    ['a length with leading zeros', '30 82 00 03 02 01 05', '30 03 02 01 05'],
    ['an octet string in pieces', '24 80 04 01 aa 04 01 bb 00 00', '04 02 aa bb'],
    ['a bit string in pieces', '23 08 03 02 00 aa 03 02 04 b0', '03 03 04 aa b0'],
    ['TRUE that is not FF', '30 03 01 01 01', '30 03 01 01 ff'],
  ];
  for (const [name, ber, der] of cases) {
    it(`is refused, or read with a mark and rewritten: ${name}`, () => {
      expect(() => readDer(hex(ber))).toThrow('DER_MALFORMED');
      expect(readDer(hex(ber), { ber: true }).ber).toBe(true);
      expect(toDer(hex(ber))).toEqual(hex(der));
    });
  }

  it('sorts the elements of a set', () => {
    expect(toDer(hex('31 06 02 01 09 02 01 03'))).toEqual(hex('31 06 02 01 03 02 01 09'));
  });

  it('leaves DER as it is', () => {
    const der = encode.sequence(
      encode.integer(5),
      encode.setOf([encode.utf8('b'), encode.utf8('a')]),
      encode.boolean(true),
    );
    expect(readDer(der, { ber: true }).ber).toBe(false);
    expect(toDer(der)).toEqual(der);
  });
});

describe('hostile bytes', () => {
  it('end in DER_MALFORMED whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const node = readDer(bytes, { ber: true, trailing: true });
          expect(readDer(toDer(node)).ber).toBe(false);
        } catch (error) {
          expect(error).toMatchObject({ code: 'DER_MALFORMED' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('cannot nest deeper than the limit', () => {
    expect(() => readDer(new Uint8Array(100_000).fill(0x30).fill(0x80, 1, 2), { ber: true })).toThrow('DER_MALFORMED');
    const indefinite = Uint8Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 0x30 : 0x80));
    expect(() => readDer(indefinite, { ber: true })).toThrow('DER_MALFORMED');
  });

  it('cannot claim more than is there', () => {
    for (const text of ['30 05 02 01 01', '30 84 ff ff ff ff', '04 87 01 00 00 00 00 00 00', '1f 81 01 00', '30', ''])
      expect(() => readDer(hex(text))).toThrow('DER_MALFORMED');
    expect(() => readDer(hex('02 01 05 00'))).toThrow('DER_MALFORMED');
  });
});
