/** Throw-away certificates for the tests: real keys and signatures, any extension, also wrong ones. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signatureAlgorithm } from '../../../../src/engines/crypto/algorithms.ts';
import {
  type Certificate,
  encode,
  encodeName,
  OID,
  parseCertificate,
  rawSigner,
  type SigningScheme,
} from '../../../../src/engines/crypto/index.ts';

export const NOW = new Date('2026-11-25T08:00:00Z');
export const ECDSA: SigningScheme = { scheme: 'ecdsa', digest: 'SHA-256' };

export interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const ecKeys = (namedCurve = 'P-256'): Keys => generateKeyPairSync('ec', { namedCurve });
export const rsaKeys = (modulusLength = 2048): Keys => generateKeyPairSync('rsa', { modulusLength });

export interface Party {
  readonly certificate: Certificate;
  readonly keys: Keys;
  readonly scheme: SigningScheme;
}

export type NameInput = readonly (readonly [string, string])[];

export interface IssueOptions {
  readonly subject: string | NameInput;
  /** Absent: self-signed. */
  readonly issuer?: Party;
  readonly keys?: Keys;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Bits of KeyUsage. */
  readonly keyUsage?: readonly number[];
  readonly extendedKeyUsage?: { readonly oids: readonly string[]; readonly critical: boolean };
  readonly extensions?: readonly Uint8Array[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly serial?: string;
}

export function extension(oid: string, value: Uint8Array, critical = false): Uint8Array {
  return encode.sequence(encode.oid(oid), ...(critical ? [encode.boolean(true)] : []), encode.octetString(value));
}

function schemeOf(keys: Keys): SigningScheme {
  return keys.privateKey.asymmetricKeyType === 'ec' ? ECDSA : { scheme: 'rsa-pkcs1', digest: 'SHA-256' };
}

let nextSerial = 0x1000;

/** A certificate with its keys. Authorities get keyCertSign and cRLSign, people digitalSignature and nonRepudiation. */
export async function issue(options: IssueOptions): Promise<Party> {
  const keys = options.keys ?? ecKeys();
  const scheme = schemeOf(keys);
  const ca = options.ca ?? options.issuer === undefined;
  const name = (input: string | NameInput) =>
    encodeName(
      typeof input === 'string'
        ? [
            ['C', 'VN'],
            ['CN', input],
          ]
        : input,
    );
  const subject = name(options.subject);
  const signer = options.issuer ?? { keys, scheme };
  const constraints = encode.sequence(
    ...(ca ? [encode.boolean(true)] : []),
    ...(options.pathLength === undefined ? [] : [encode.integer(options.pathLength)]),
  );
  const extensions = [
    extension(OID.basicConstraints, constraints, true),
    extension(OID.keyUsage, encode.namedBits(options.keyUsage ?? (ca ? [5, 6] : [0, 1])), true),
    ...(options.extendedKeyUsage === undefined
      ? []
      : [
          extension(
            OID.extendedKeyUsage,
            encode.sequenceOf(options.extendedKeyUsage.oids.map(encode.oid)),
            options.extendedKeyUsage.critical,
          ),
        ]),
    ...(options.extensions ?? []),
  ];
  const algorithm = signatureAlgorithm(signer.scheme);
  const tbs = encode.sequence(
    encode.context(0, encode.integer(2)),
    encode.integerHex(options.serial ?? (nextSerial++).toString(16)),
    algorithm,
    options.issuer?.certificate.subject.der ?? subject,
    encode.sequence(
      encode.time(options.notBefore ?? new Date('2026-01-01T00:00:00Z')),
      encode.time(options.notAfter ?? new Date('2036-01-01T00:00:00Z')),
    ),
    subject,
    new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' })),
    encode.context(3, encode.sequenceOf(extensions)),
  );
  const signature = await rawSigner(signer.keys.privateKey, signer.scheme)(tbs);
  const certificate = parseCertificate(encode.sequence(tbs, algorithm, encode.bitString(signature)));
  return { certificate, keys, scheme };
}

/** Signer of the shape the builders of tokens, answers and lists want. */
export function signerOf(party: Party, ...chain: readonly Party[]) {
  return {
    certificate: party.certificate,
    chain: chain.map(({ certificate }) => certificate),
    scheme: party.scheme,
    sign: rawSigner(party.keys.privateKey, party.scheme),
  };
}
