/** A complete certification authority in memory: root, issuing CA, OCSP responder, time-stamp authority, people. */
import { randomInt } from 'node:crypto';
import { buildCrl, rawSigner, schemeFor } from '../../../engines/crypto/index.ts';
import { type Clock, fold } from '../../../shared/index.ts';
import { answerRequest } from './answers.ts';
import { issueCertificate, wholeSecond } from './certificates.ts';
import { generateKey } from './keys.ts';
import { createOcspResponder } from './ocsp-responder.ts';
import { createTimestampAuthority } from './timestamp-authority.ts';
import type {
  Authority,
  AuthorityFaults,
  AuthorityNames,
  AuthorityOptions,
  AuthoritySnapshot,
  Holder,
  Identity,
  IssueOptions,
  Revocation,
  RevocationReason,
} from './types.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_MS = 365 * DAY_MS;
const DEFAULT_BASE_URL = 'http://127.0.0.1:9480';

/** CRLReason (RFC 5280 §5.3.1). */
const REASON_CODES = {
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const satisfies Record<Exclude<RevocationReason, 'unspecified'>, number>;

/** Names of files: lower-case ASCII words. */
export const SLUG = /^[a-z0-9][a-z0-9-]*$/;

const NAMES: AuthorityNames = {
  organization: 'Ấn Tín PKI thử',
  root: 'Ấn Tín Root CA (thử)',
  issuing: 'Ấn Tín Issuing CA (thử)',
  ocsp: 'Ấn Tín OCSP (thử)',
  tsa: 'Ấn Tín TSA (thử)',
};

/**
 * Makes root, issuing CA, OCSP responder and TSA, all with P-256 keys (made in milliseconds, verified ten times as fast as P-384,
 * accepted by every judge), valid from a day before the clock's now so that what is signed at once verifies at once. Lifetimes stay below those of Decree
 * 23/2025 Art 7 (root 25 years, CA 10, TSA 5, subscriber 3). No people yet. Nothing is stored.
 */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const names = { ...NAMES, ...options.names };
  const baseUrl = (options.baseUrl ?? DEFAULT_BASE_URL).replace(/\/+$/, '');
  const from = new Date(options.clock.now().getTime() - DAY_MS);
  const years = (count: number) => new Date(from.getTime() + count * YEAR_MS);
  const subject = (commonName: string) => ({ commonName, organization: names.organization });

  const rootKey = await generateKey('P-256');
  const root = await issueCertificate({
    subject: subject(names.root),
    profile: { kind: 'root' },
    privateKey: rootKey,
    from,
    to: years(20),
    whereabouts: {},
  });
  const rootHolder = { certificate: root, privateKey: rootKey };
  const issuingKey = await generateKey('P-256');
  const issuing = await issueCertificate({
    subject: subject(names.issuing),
    profile: { kind: 'issuing-ca' },
    privateKey: issuingKey,
    issuer: rootHolder,
    from,
    to: years(10),
    whereabouts: { crl: `${baseUrl}/crl/root.crl`, caIssuers: `${baseUrl}/ca/root.cer` },
  });
  const issuingHolder = { certificate: issuing, privateKey: issuingKey };

  const service = async (kind: 'ocsp-responder' | 'tsa', commonName: string): Promise<Holder> => {
    const privateKey = await generateKey('P-256');
    const certificate = await issueCertificate({
      subject: subject(commonName),
      profile: { kind },
      privateKey,
      issuer: issuingHolder,
      from,
      to: years(5),
      whereabouts: kind === 'tsa' ? whereaboutsUnder(baseUrl) : { caIssuers: `${baseUrl}/ca/issuing.cer` },
    });
    return { certificate, privateKey };
  };
  return restoreAuthority(
    {
      baseUrl,
      root: rootHolder,
      issuing: issuingHolder,
      ocsp: await service('ocsp-responder', names.ocsp),
      tsa: await service('tsa', names.tsa),
      identities: [],
      revocations: [],
    },
    options.clock,
  );
}

/** Where relying parties ask about certificates of the issuing CA. */
function whereaboutsUnder(baseUrl: string) {
  return {
    ocsp: `${baseUrl}/ocsp`,
    crl: `${baseUrl}/crl/issuing.crl`,
    caIssuers: `${baseUrl}/ca/issuing.cer`,
  };
}

/** The authority that a snapshot describes, going on under the given clock. */
export function restoreAuthority(snapshot: AuthoritySnapshot, clock: Clock): Authority {
  const { baseUrl, root, issuing, ocsp, tsa } = snapshot;
  const identities = [...snapshot.identities];
  const revocations = new Map(snapshot.revocations.map((revocation) => [revocation.serial, revocation]));
  const faults: { current: AuthorityFaults } = { current: {} };
  const whereabouts = whereaboutsUnder(baseUrl);

  /** Serial → by whom it was issued. */
  function issuerOf(serial: string): 'root' | 'issuing' | undefined {
    if (serial === issuing.certificate.serial) return 'root';
    const known = [tsa, ocsp, ...identities].some(({ certificate }) => certificate.serial === serial);
    return known ? 'issuing' : undefined;
  }

  async function issuePerson(options: IssueOptions): Promise<Identity> {
    if (options.slug !== undefined && !SLUG.test(options.slug)) throw new RangeError(`not a slug: ${options.slug}`);
    const now = clock.now().getTime();
    const validity = options.validity ?? {
      from: new Date(now - DAY_MS),
      to: new Date(Math.min(now + 3 * YEAR_MS - 2 * DAY_MS, issuing.certificate.notAfter.getTime())),
    };
    const privateKey = await generateKey(options.keyType ?? 'RSA-2048');
    const certificate = await issueCertificate({
      subject: {
        commonName: options.commonName,
        uids: typeof options.uid === 'string' ? [options.uid] : options.uid,
        ...(options.organization === undefined ? {} : { organization: options.organization }),
      },
      profile: { kind: 'person', keyUsage: options.keyUsage ?? ['digitalSignature', 'nonRepudiation'] },
      privateKey,
      issuer: issuing,
      from: validity.from,
      to: validity.to,
      whereabouts,
    });
    const identity = {
      slug: uniqueSlug(options.slug ?? slugOf(options.commonName), identities),
      certificate,
      chain: [issuing.certificate, root.certificate],
      privateKey,
      scheme: schemeFor(certificate),
      pin: randomPin(),
    };
    identities.push(identity);
    return identity;
  }

  function revoke(serial: string, at: Date, reason: Revocation['reason'] = 'unspecified'): void {
    if (issuerOf(serial) === undefined) throw new RangeError(`no certificate with serial ${serial} was issued here`);
    revocations.set(serial, { serial, at: wholeSecond(at), reason });
  }

  const crls = new Map<string, Promise<Uint8Array>>();

  /** One list a second is enough: the same state at the same second gives the same bytes. */
  function crl(issuer: 'root' | 'issuing'): Promise<Uint8Array> {
    const thisUpdate = wholeSecond(new Date(clock.now().getTime() - (faults.current.crlAgeMs ?? 0)));
    const entries = [...revocations.values()].filter(
      ({ serial, at }) => issuerOf(serial) === issuer && at <= thisUpdate,
    );
    const key = JSON.stringify([issuer, thisUpdate, entries]);
    const known = crls.get(key);
    if (known !== undefined) return known;
    if (crls.size > 16) crls.clear();
    const made = issueCrl(issuer === 'root' ? root : issuing, entries, thisUpdate, issuer === 'root' ? 30 : 7);
    crls.set(key, made);
    return made;
  }

  const currentFaults = () => faults.current;
  const responder = createOcspResponder({
    clock,
    issuer: issuing,
    responder: ocsp,
    faults: currentFaults,
    statusOf: (serial, at) => {
      if (issuerOf(serial) !== 'issuing') return { kind: 'unknown' };
      const revocation = revocations.get(serial);
      if (revocation === undefined || revocation.at > at) return { kind: 'good' };
      return { kind: 'revoked', at: revocation.at, reason: reasonCode(revocation.reason) };
    },
  });
  const timestamps = createTimestampAuthority({ clock, issuer: issuing, tsa, whereabouts, faults: currentFaults });

  const authority: Authority = {
    clock,
    baseUrl,
    timestampUrl: `${baseUrl}/tsa`,
    root: root.certificate,
    issuing: issuing.certificate,
    tsa: tsa.certificate,
    ocspResponder: ocsp.certificate,
    identities: () => [...identities],
    identity: (slug) => {
      const found = identities.find((identity) => identity.slug === slug);
      if (found === undefined) throw new RangeError(`nobody here is called ${slug}`);
      return found;
    },
    issuePerson,
    revoke,
    timestamp: timestamps,
    ocsp: responder,
    crl,
    setFaults: (wanted) => {
      faults.current = wanted;
    },
    answer: (request) => answerRequest(authority, faults.current, request),
    snapshot: () => ({
      baseUrl,
      root,
      issuing,
      tsa,
      ocsp,
      identities: [...identities],
      revocations: [...revocations.values()],
    }),
  };
  return authority;
}

/** A complete list; its number is the second of `thisUpdate`, so that it grows without any memory (RFC 5280 §5.2.3). */
function issueCrl(
  { certificate, privateKey }: Holder,
  revocations: readonly Revocation[],
  thisUpdate: Date,
  days: number,
): Promise<Uint8Array> {
  const scheme = schemeFor(certificate);
  return buildCrl({
    issuer: certificate,
    thisUpdate,
    nextUpdate: new Date(thisUpdate.getTime() + days * DAY_MS),
    crlNumber: BigInt(thisUpdate.getTime() / 1000),
    revoked: revocations.map(({ serial, at, reason }) => {
      const code = reasonCode(reason);
      return { serial, at, ...(code === undefined ? {} : { reason: code }) };
    }),
    scheme,
    sign: rawSigner(privateKey, scheme),
  });
}

/** RFC 5280 §5.3.1: the reason "unspecified" is left out. */
function reasonCode(reason: RevocationReason): number | undefined {
  return reason === 'unspecified' ? undefined : REASON_CODES[reason];
}

function slugOf(commonName: string): string {
  return (
    fold(commonName)
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'person'
  );
}

function uniqueSlug(wanted: string, taken: readonly Identity[]): string {
  for (let number = 1; ; number += 1) {
    const slug = number === 1 ? wanted : `${wanted}-${number}`;
    if (!taken.some((identity) => identity.slug === slug)) return slug;
  }
}

/** Eight digits. */
function randomPin(): string {
  return String(randomInt(100_000_000)).padStart(8, '0');
}
