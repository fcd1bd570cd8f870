/**
 * An authority as a licensed one looks from a hospital: nothing in its root says "throw-away", its time-stamps come by TLS. Real
 * cryptography, made anew for each test; the one that `antin dev-pki` makes is marked and legal mode refuses it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { encode, OID, toPem } from '../../src/engines/crypto/index.ts';
import { restoreAuthority } from '../../src/platform/trust/authority/authority.ts';
import { type Authority, serveAuthority } from '../../src/platform/trust/authority/index.ts';
import { type Clock, systemClock } from '../../src/shared/index.ts';
import { extension, issue, type Party } from '../engines/crypto/support/pki.ts';
import { serverIdentity } from './tls.ts';

const AUTHORITY_INFO_ACCESS = '1.3.6.1.5.5.7.1.1';
const CRL_DISTRIBUTION_POINTS = '2.5.29.31';
const OCSP_METHOD = '1.3.6.1.5.5.7.48.1';

const address = (url: string) => encode.contextPrimitive(6, new TextEncoder().encode(url));
const ocspAt = (url: string) =>
  extension(AUTHORITY_INFO_ACCESS, encode.sequence(encode.sequence(encode.oid(OCSP_METHOD), address(url))));
const crlAt = (url: string) =>
  extension(
    CRL_DISTRIBUTION_POINTS,
    encode.sequence(encode.sequence(encode.context(0, encode.context(0, address(url))))),
  );

export interface LicensedAuthority {
  readonly authority: Authority;
  /** `https://…/tsa`. */
  readonly tsaUrl: string;
  /** `host:port` of its services inside the own network of the test. */
  readonly hosts: readonly string[];
  /** For TRUST_DIR and UPSTREAM_CA_DIR. */
  readonly trustDir: string;
  readonly caDir: string;
  close(): Promise<void>;
}

/** Its files lie below `folder`. Who opens it closes it. */
export async function openLicensedAuthority(folder: string, clock: Clock = systemClock): Promise<LicensedAuthority> {
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  const day = 86_400_000;
  const validity = { notBefore: new Date(Date.now() - 30 * day), notAfter: new Date(Date.now() + 3000 * day) };
  const root = await issue({ subject: 'Tổ chức chứng thực Thí Dụ', ...validity });
  const issuing = await issue({
    subject: 'Chứng thực Thí Dụ cấp 2',
    issuer: root,
    ca: true,
    pathLength: 0,
    extensions: [crlAt(`${baseUrl}/crl/root.crl`)],
    ...validity,
  });
  const asked = [ocspAt(`${baseUrl}/ocsp`), crlAt(`${baseUrl}/crl/issuing.crl`)];
  const tsa = await issue({
    subject: 'Dấu thời gian Thí Dụ',
    issuer: issuing,
    extendedKeyUsage: { oids: [OID.timeStamping], critical: true },
    extensions: asked,
    ...validity,
  });
  const ocsp = await issue({
    subject: 'OCSP Thí Dụ',
    issuer: issuing,
    keyUsage: [0],
    extendedKeyUsage: { oids: [OID.ocspSigning], critical: false },
    extensions: [extension(OID.ocspNoCheck, encode.null())],
    ...validity,
  });
  const holder = ({ certificate, keys }: Party) => ({ certificate, privateKey: keys.privateKey });
  const authority = restoreAuthority(
    {
      baseUrl,
      root: holder(root),
      issuing: holder(issuing),
      tsa: holder(tsa),
      ocsp: holder(ocsp),
      identities: [],
      revocations: [],
    },
    clock,
  );
  const plain = await serveAuthority(authority);
  const identity = await serverIdentity();
  const secure = createServer(identity, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      const body = new Uint8Array(Buffer.concat(parts));
      const answer = await authority.answer({ method: request.method ?? '', path: request.url ?? '', body });
      response.writeHead(answer.status, { 'content-type': answer.contentType ?? '' }).end(answer.body);
    });
  });
  await new Promise<void>((ready) => secure.listen(0, '127.0.0.1', ready));
  const { port } = secure.address() as AddressInfo;
  const [trustDir, caDir] = [join(folder, 'trust'), join(folder, 'upstream-ca')];
  for (const purpose of ['signers', 'tsa']) {
    mkdirSync(join(trustDir, purpose), { recursive: true });
    writeFileSync(join(trustDir, purpose, 'root.pem'), toPem(root.certificate));
  }
  mkdirSync(caDir, { recursive: true });
  writeFileSync(join(caDir, `127.0.0.1_${port}.pem`), identity.ca);
  return {
    authority,
    tsaUrl: `https://127.0.0.1:${port}/tsa`,
    hosts: [`127.0.0.1:${port}`, new URL(baseUrl).host],
    trustDir,
    caDir,
    close: async () => {
      secure.closeAllConnections();
      await new Promise((done) => secure.close(done));
      await plain.close();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
