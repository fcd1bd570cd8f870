/** Distinguished names: RFC 4514 text for people, RFC 5280 §7.1 keys for comparison, and a writer for our own authority. */
import { children, expectOid, fields, isTextTag, malformed, readDer, readText, TAG } from './der.ts';
import { encode } from './der-writer.ts';
import type { DerNode, DistinguishedName } from './types.ts';

/** Short names of attribute types: RFC 4514 §3, RFC 4519, X.520, EN 319 412-1; `UID` is where Vietnamese CAs put CCCD and MST. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.17': 'postalCode',
  '2.5.4.20': 'telephoneNumber',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};
const OIDS_BY_NAME = new Map(Object.entries(SHORT_NAMES).map(([oid, name]) => [name, oid]));

interface Attribute {
  readonly oid: string;
  readonly value: DerNode;
}

function readRdns(name: DerNode): Attribute[][] {
  return fields(name, 'Name')
    .rest()
    .map((rdn) => {
      const attributes = fields(rdn, 'RelativeDistinguishedName', TAG.set)
        .rest()
        .map((pair) => {
          const [type, value, ...more] = children(pair);
          if (type === undefined || value === undefined || more.length > 0) malformed('AttributeTypeAndValue');
          return { oid: expectOid(type, 'AttributeType'), value };
        });
      return attributes.length === 0 ? malformed('RelativeDistinguishedName') : attributes;
    });
}

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

/** RFC 4514 §2.4. */
function escapeValue(value: string): string {
  return value
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replace(/\0/g, '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}

function attributeText({ oid, value }: Attribute): string {
  const name = SHORT_NAMES[oid];
  if (name === undefined || !isTextTag(value.tag)) return `${name ?? oid}=#${hex(value.raw)}`;
  return `${name}=${escapeValue(readText(value))}`;
}

/** RFC 5280 §7.1: compare without case, with white space compressed; other types by their bytes. */
function attributeKey({ oid, value }: Attribute): string {
  if (!isTextTag(value.tag)) return `${oid}=#${hex(value.raw)}`;
  return `${oid}=${readText(value).normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()}`;
}

/** One key a relative name; several attributes of one relative name in any order. */
function rdnKey(rdn: readonly Attribute[]): string {
  return rdn.map(attributeKey).sort().join('\u0001');
}

/** Reads a Name (RFC 5280 §4.1.2.4). Throws `DER_MALFORMED`. */
export function readName(node: DerNode): DistinguishedName {
  const rdns = readRdns(node);
  const attributes = new Map<string, string[]>();
  for (const attribute of rdns.flat()) {
    const key = SHORT_NAMES[attribute.oid] ?? attribute.oid;
    const text = isTextTag(attribute.value.tag) ? readText(attribute.value) : `#${hex(attribute.value.raw)}`;
    attributes.set(key, [...(attributes.get(key) ?? []), text.normalize('NFC')]);
  }
  return {
    der: node.raw,
    text: rdns
      .toReversed()
      .map((rdn) => rdn.map(attributeText).join('+'))
      .join(','),
    attributes,
    rdnKeys: rdns.map(rdnKey),
  };
}

/** Reads a Name from its DER. Throws `DER_MALFORMED`. */
export function parseName(der: Uint8Array): DistinguishedName {
  return readName(readDer(der));
}

/** RFC 5280 §7.1: same names, whatever string types and letter case they use. */
export function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return a.rdnKeys.length === b.rdnKeys.length && isWithin(a, b);
}

/** True if `name` equals `tree` or lies below it (RFC 5280 §4.2.1.10, directoryName). */
export function isWithin(name: DistinguishedName, tree: DistinguishedName): boolean {
  return tree.rdnKeys.length <= name.rdnKeys.length && tree.rdnKeys.every((key, i) => key === name.rdnKeys[i]);
}

/**
 * DER of a name from attributes, least specific first: `[['C','VN'],['O','…'],['UID','CCCD:…'],['CN','…']]`. Types by short name or OID.
 * Country and serial number as PrintableString, domain and e-mail as IA5String, the rest as UTF8String (RFC 5280 §4.1.2.4).
 */
export function encodeName(attributes: readonly (readonly [type: string, value: string])[]): Uint8Array {
  return encode.sequenceOf(
    attributes.map(([type, value]) => {
      const oid = OIDS_BY_NAME.get(type) ?? type;
      const write = ['C', 'serialNumber', 'dnQualifier'].includes(type)
        ? encode.printable
        : ['DC', 'emailAddress'].includes(type)
          ? encode.ia5
          : encode.utf8;
      return encode.setOf([encode.sequence(encode.oid(oid), write(value.normalize('NFC')))]);
    }),
  );
}
