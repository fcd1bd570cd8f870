/**
 * An authority as a directory:
 *
 *   trust/signers/root.pem, trust/tsa/root.pem   what to trust (`--trust DIR/trust`)
 *   people/<slug>.p12, .pin, .pem                key and chain under the PIN; the PIN; the certificate
 *   ca/root.{pem,key}, ca/issuing.{pem,key}      the CAs
 *   tsa/tsa.{pem,key}, ocsp/ocsp.{pem,key}       the services
 *   authority.json                               base URL, people in order, revocations
 *
 * Keys and PINs are readable by the owner only. Keys of the CAs lie open: the whole thing is for throwing away.
 */
import { createPrivateKey } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Certificate,
  createPkcs12,
  openPkcs12,
  parsePem,
  schemeFor,
  toPem,
} from '../../../engines/crypto/index.ts';
import { AppError, type Clock } from '../../../shared/index.ts';
import { restoreAuthority, SLUG } from './authority.ts';
import type { Authority, Holder, Identity } from './types.ts';

const REASONS = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const;

const stateSchema = z.object({
  version: z.literal(1),
  baseUrl: z.url(),
  people: z.array(z.string().regex(SLUG)),
  revocations: z.array(z.object({ serial: z.string(), at: z.coerce.date(), reason: z.enum(REASONS) })),
});

/** Writes the authority, people and revocations included; an earlier state in `dir` is replaced. `authority.json` comes last: without it nothing loads. */
export async function saveAuthority(authority: Authority, dir: string): Promise<void> {
  const { baseUrl, root, issuing, tsa, ocsp, identities, revocations } = authority.snapshot();
  await saveHolder(join(dir, 'ca'), 'root', root);
  await saveHolder(join(dir, 'ca'), 'issuing', issuing);
  await saveHolder(join(dir, 'tsa'), 'tsa', tsa);
  await saveHolder(join(dir, 'ocsp'), 'ocsp', ocsp);
  for (const identity of identities) await saveIdentity(join(dir, 'people'), identity);
  for (const purpose of ['signers', 'tsa']) {
    await put(join(dir, 'trust', purpose), 'root.pem', toPem(root.certificate), 0o644);
  }
  const state = {
    version: 1,
    baseUrl,
    people: identities.map(({ slug }) => slug),
    revocations: revocations.map((revocation) => ({ ...revocation, at: revocation.at.toISOString() })),
  };
  await put(dir, 'authority.json', `${JSON.stringify(state, undefined, 2)}\n`, 0o644);
}

/** Reads what `saveAuthority` wrote; it goes on under the given clock. Throws AUTHORITY_DIR_INVALID. */
export async function loadAuthority(dir: string, { clock }: { readonly clock: Clock }): Promise<Authority> {
  try {
    const state = stateSchema.parse(JSON.parse(await readFile(join(dir, 'authority.json'), 'utf8')));
    const [root, issuing, tsa, ocsp] = await Promise.all([
      loadHolder(join(dir, 'ca'), 'root'),
      loadHolder(join(dir, 'ca'), 'issuing'),
      loadHolder(join(dir, 'tsa'), 'tsa'),
      loadHolder(join(dir, 'ocsp'), 'ocsp'),
    ]);
    const chain = [issuing.certificate, root.certificate];
    const identities = await Promise.all(state.people.map((slug) => loadIdentity(join(dir, 'people'), slug, chain)));
    const { baseUrl, revocations } = state;
    return restoreAuthority({ baseUrl, root, issuing, tsa, ocsp, identities, revocations }, clock);
  } catch (cause) {
    throw new AppError('AUTHORITY_DIR_INVALID', {
      detail: { vi: `Không đọc được PKI dùng thử trong ${dir}.`, en: `The authority in ${dir} cannot be read.` },
      cause,
    });
  }
}

async function saveHolder(dir: string, name: string, { certificate, privateKey }: Holder): Promise<void> {
  await put(dir, `${name}.pem`, toPem(certificate), 0o644);
  await put(dir, `${name}.key`, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
}

async function loadHolder(dir: string, name: string): Promise<Holder> {
  const certificate = only(parsePem(await readFile(join(dir, `${name}.pem`), 'utf8')));
  const privateKey = createPrivateKey(await readFile(join(dir, `${name}.key`)));
  return { certificate, privateKey };
}

async function saveIdentity(dir: string, identity: Identity): Promise<void> {
  const { slug, pin, certificate, chain, privateKey } = identity;
  await put(dir, `${slug}.pem`, toPem(certificate, ...chain), 0o644);
  const friendlyName = certificate.subject.attributes.get('CN')?.[0] ?? slug;
  const file = createPkcs12({ privateKey, certificate, chain, password: pin, friendlyName });
  await put(dir, `${slug}.p12`, file, 0o600);
  await put(dir, `${slug}.pin`, pin, 0o600);
}

async function loadIdentity(dir: string, slug: string, chain: readonly Certificate[]): Promise<Identity> {
  const pin = (await readFile(join(dir, `${slug}.pin`), 'utf8')).trim();
  const { privateKey, certificate } = await openPkcs12(await readFile(join(dir, `${slug}.p12`)), pin);
  return { slug, certificate, chain, privateKey, scheme: schemeFor(certificate), pin };
}

/** Whole or not at all: written beside, then renamed. */
async function put(dir: string, name: string, content: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, name);
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}

function only(certificates: readonly Certificate[]): Certificate {
  const [certificate, ...more] = certificates;
  if (certificate === undefined || more.length > 0) throw new RangeError('expected exactly one certificate');
  return certificate;
}
