/** Certificates for local TLS servers, made by throw-away authorities without a mark of ours. */
import { encode, toPem } from '../../src/engines/crypto/index.ts';
import { extension, type IssueOptions, issue, type Party, rsaKeys } from '../engines/crypto/support/pki.ts';

const SUBJECT_ALT_NAME = '2.5.29.17';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

export interface ServerIdentity {
  /** PEM of the authority: what a client must trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const pemKey = ({ keys }: Party): string => keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A server certificate for 127.0.0.1 and `localhost` below a new authority. */
export async function serverIdentity(
  validity: Pick<IssueOptions, 'notBefore' | 'notAfter'> = {},
): Promise<ServerIdentity> {
  const years = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000 * 365) };
  const authority = await issue({ subject: 'Inside Root', keys: rsaKeys(), ...years });
  const names = encode.sequence(
    encode.contextPrimitive(7, new Uint8Array([127, 0, 0, 1])),
    encode.contextPrimitive(2, new TextEncoder().encode('localhost')),
  );
  const server = await issue({
    subject: '127.0.0.1',
    issuer: authority,
    keys: rsaKeys(),
    keyUsage: [0, 2],
    extendedKeyUsage: { oids: [SERVER_AUTH], critical: false },
    extensions: [extension(SUBJECT_ALT_NAME, names)],
    ...years,
    ...validity,
  });
  return { ca: toPem(authority.certificate), cert: toPem(server.certificate), key: pemKey(server) };
}
