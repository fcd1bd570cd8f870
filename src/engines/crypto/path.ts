/** Certification paths: the search for one and its validation (RFC 5280 §6.1), bounded against hostile heaps of certificates. */
import { sameBytes } from './der.ts';
import { inheritKeyParameters, isWeak, verifySignature } from './keys.ts';
import { createNameConstraints } from './name-constraints.ts';
import { sameName } from './names.ts';
import { OID } from './oids.ts';
import { createPolicyProcess } from './policies.ts';
import { judgeRevocation } from './revocation.ts';
import type { Certificate, PathOptions, PathProblem, PathResult, RevocationFinding } from './types.ts';

const MAX_PATH = 12;
/** Signatures verified and whole paths judged in one search. */
const MAX_SIGNATURES = 500;
const MAX_PATHS = 50;
const REMEMBERED_SIGNATURES = 5000;

/** Extensions whose meaning is observed here, in `certificate.ts` or by the callers; others must not be critical. */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.basicConstraints,
  OID.subjectAltName,
  OID.issuerAltName,
  OID.nameConstraints,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.policyConstraints,
  OID.inhibitAnyPolicy,
  OID.crlDistributionPoints,
  OID.freshestCrl,
  OID.authorityInfoAccess,
  OID.ocspNoCheck,
  OID.qcStatements,
]);

const verified = new Map<string, boolean>();

/** True if `issuer`'s key signed `certificate`. Remembered: both are named by the digest of all their bytes. */
function signedBy(certificate: Certificate, issuer: Certificate, issuerSpki: Uint8Array): boolean {
  const check = (key: Certificate | Uint8Array) =>
    verifySignature(key, certificate.signatureAlgorithm, certificate.tbs, certificate.signature);
  if (issuerSpki !== issuer.spki) return check(issuerSpki);
  const name = certificate.fingerprint + issuer.fingerprint;
  let valid = verified.get(name);
  if (valid === undefined) {
    valid = check(issuer);
    if (verified.size >= REMEMBERED_SIGNATURES) verified.clear();
    verified.set(name, valid);
  }
  return valid;
}

interface Search {
  readonly options: PathOptions;
  /** Anchors and intermediates by the keys of their subject. */
  readonly bySubject: ReadonlyMap<string, readonly Certificate[]>;
  readonly anchors: ReadonlySet<string>;
  readonly everyone: readonly Certificate[];
  /** Signers of lists whose own path is being judged: their own list may name them. */
  readonly vouching: Set<string>;
  /** What has been spent, also by the searches for signers of lists. */
  readonly spent: { signatures: number; paths: number };
}

const nameKey = (certificate: Certificate, which: 'subject' | 'issuer'): string =>
  certificate[which].rdnKeys.join('\u0002');

/**
 * Finds the best path from `certificate` to an anchor and judges it at `options.at`. Never throws because a certificate is bad.
 *
 * `problems` is empty for a valid path. Without a path: `NO_CHAIN` (no issuer known), `BAD_SIGNATURE` (an issuer of that name is known,
 * its key did not sign) or `SEARCH_LIMIT`. With a path: what RFC 5280 §6.1 objects to, `REVOKED`, or `REVOCATION_UNKNOWN` (material was
 * given but says nothing trustworthy about some certificate). An anchor is trusted as it is: its dates and signature are not looked at,
 * unless it is itself the certificate asked about.
 *
 * `revocation` has a finding for each certificate of the path when `options.revocation` is given, the anchor with source `anchor`, then
 * those about responders and list signers; a responder without nocheck whose own status is unknown is reported, not refused.
 */
export function findPath(certificate: Certificate, options: PathOptions): PathResult {
  const everyone = [
    ...new Map([...options.anchors, ...options.intermediates].map((one) => [one.fingerprint, one])).values(),
  ];
  const search: Search = {
    options,
    bySubject: Map.groupBy(everyone, (one) => nameKey(one, 'subject')),
    anchors: new Set(options.anchors.map(({ fingerprint }) => fingerprint)),
    everyone,
    vouching: new Set(),
    spent: { signatures: 0, paths: 0 },
  };
  return bestPath(certificate, search);
}

function bestPath(certificate: Certificate, search: Search): PathResult {
  let best: PathResult | undefined;
  const dead = { badSignature: false };
  for (const path of paths([certificate], search, dead)) {
    if (search.spent.paths++ >= MAX_PATHS) break;
    const result = judge(path, search);
    if (result.problems.length === 0) return result;
    if (best === undefined || severity(result) < severity(best)) best = result;
  }
  if (best !== undefined) return best;
  const limited = search.spent.signatures >= MAX_SIGNATURES || search.spent.paths >= MAX_PATHS;
  const problem: PathProblem = limited ? 'SEARCH_LIMIT' : dead.badSignature ? 'BAD_SIGNATURE' : 'NO_CHAIN';
  return { path: undefined, anchor: undefined, problems: [problem], weak: [], revocation: [] };
}

/** A path that lacks only revocation data is better than a revoked one, which is better than a wrong one. */
function severity({ problems }: PathResult): number {
  const wrong = problems.filter((problem) => problem !== 'REVOKED' && problem !== 'REVOCATION_UNKNOWN').length;
  return wrong * 100 + (problems.includes('REVOKED') ? 10 : 0) + (problems.includes('REVOCATION_UNKNOWN') ? 1 : 0);
}

/** All paths that end at an anchor, depth first, the likeliest issuers first. */
function* paths(
  path: readonly Certificate[],
  search: Search,
  dead: { badSignature: boolean },
): Generator<readonly Certificate[]> {
  const last = path[path.length - 1];
  if (last === undefined) return;
  if (search.anchors.has(last.fingerprint)) {
    yield path;
    return;
  }
  if (path.length >= MAX_PATH) return;
  for (const issuer of issuersOf(last, search)) {
    // RFC 4158 §2.4.2: the same name with the same key a second time is a loop.
    if (path.some((one) => sameBytes(one.spki, issuer.spki) && sameName(one.subject, issuer.subject))) continue;
    if (search.spent.signatures++ >= MAX_SIGNATURES) return;
    // A DSA key may lack parameters that only the path above it tells: `judge` verifies under the completed key.
    if (issuer.keyAlgorithm.kind !== 'other' && !signedBy(last, issuer, issuer.spki)) {
      dead.badSignature = true;
      continue;
    }
    yield* paths([...path, issuer], search, dead);
  }
}

/** Certificates with the right name: matching key identifiers first, anchors before others. Identifiers are hints only. */
function issuersOf(certificate: Certificate, { bySubject, anchors }: Search): Certificate[] {
  const wanted = certificate.authorityKeyIdentifier;
  const rank = (issuer: Certificate): number => {
    const known = wanted !== undefined && issuer.subjectKeyIdentifier !== undefined;
    const match = !known ? 1 : sameBytes(wanted, issuer.subjectKeyIdentifier) ? 0 : 2;
    return match * 2 + (anchors.has(issuer.fingerprint) ? 0 : 1);
  };
  return [...(bySubject.get(nameKey(certificate, 'issuer')) ?? [])].sort((a, b) => rank(a) - rank(b));
}

function judge(path: readonly Certificate[], search: Search): PathResult {
  const { options } = search;
  const anchor = path[path.length - 1];
  const problems = validate(path, options);
  const revocation = options.revocation === undefined ? [] : judgePath(path, search);
  const own = revocation.filter(({ vouchesFor }) => vouchesFor === undefined);
  if (own.some(({ status }) => status === 'revoked')) problems.add('REVOKED');
  if (own.some(({ status }) => status === 'unknown')) problems.add('REVOCATION_UNKNOWN');
  const weak = path.filter((certificate, i) => {
    const issuer = path[i + 1];
    const unsigned = { scheme: 'other', oid: '' } as const;
    return (
      isWeak(certificate.keyAlgorithm, unsigned) ||
      (issuer !== undefined && isWeak(issuer.keyAlgorithm, certificate.signatureAlgorithm))
    );
  });
  return { path, anchor, problems: [...problems], weak, revocation };
}

/** RFC 5280 §6.1.2–§6.1.5, from the anchor down. */
function validate(path: readonly Certificate[], options: PathOptions): Set<PathProblem> {
  const problems = new Set<PathProblem>();
  const [end] = path;
  const anchor = path[path.length - 1];
  if (end === undefined || anchor === undefined) return problems;
  const length = path.length - 1;
  if (length === 0) checkDates(end, options.at, problems);
  if (!hasPurpose(end, options.extendedKeyUsage)) problems.add('EXTENDED_KEY_USAGE');

  const names = createNameConstraints();
  const policies = createPolicyProcess(length, {
    initialPolicies: options.initialPolicies,
    requireExplicitPolicy: options.requireExplicitPolicy ?? false,
    inhibitPolicyMapping: options.inhibitPolicyMapping ?? false,
    inhibitAnyPolicy: options.inhibitAnyPolicy ?? false,
  });
  let issuer = anchor;
  let issuerSpki = anchor.spki;
  let pathLength = length;
  for (let i = length - 1; i >= 0; i--) {
    const certificate = path[i];
    if (certificate === undefined) continue;
    const last = i === 0;
    const selfIssued = sameName(certificate.subject, certificate.issuer);
    if (!signedBy(certificate, issuer, issuerSpki)) problems.add('BAD_SIGNATURE');
    checkDates(certificate, options.at, problems);
    if (certificate.extensions.some(({ oid, critical }) => critical && !KNOWN_EXTENSIONS.has(oid)))
      problems.add('UNKNOWN_CRITICAL_EXTENSION');
    try {
      if ((last || !selfIssued) && !names.allow(certificate)) problems.add('NAME_CONSTRAINTS');
      if (!policies.step(certificate, selfIssued, last)) problems.add('POLICY');
      if (!last) names.add(certificate);
      issuerSpki = inheritKeyParameters(certificate, issuerSpki);
    } catch {
      problems.add('EXTENSION_MALFORMED');
    }
    if (!last) pathLength = checkAuthority(certificate, selfIssued, pathLength, problems);
    issuer = certificate;
  }
  return problems;
}

function checkDates(certificate: Certificate, at: Date, problems: Set<PathProblem>): void {
  if (at < certificate.notBefore) problems.add('NOT_YET_VALID');
  if (at > certificate.notAfter) problems.add('EXPIRED');
}

/** §6.1.4 (k)–(n); returns the path length left below this authority. */
function checkAuthority(
  certificate: Certificate,
  selfIssued: boolean,
  pathLength: number,
  problems: Set<PathProblem>,
): number {
  if (certificate.version !== 3 || certificate.basicConstraints?.ca !== true) problems.add('NOT_A_CA');
  if (certificate.keyUsage?.has('keyCertSign') === false) problems.add('KEY_USAGE');
  if (!selfIssued && pathLength === 0) problems.add('PATH_LENGTH');
  const left = selfIssued ? pathLength : Math.max(0, pathLength - 1);
  return Math.min(left, certificate.basicConstraints?.pathLength ?? left);
}

/** The purpose must be stated; anyExtendedKeyUsage is not enough for an authority's special purposes. */
function hasPurpose({ extendedKeyUsage }: Certificate, purpose: string | undefined): boolean {
  if (purpose === undefined) return true;
  const special = purpose === OID.timeStamping || purpose === OID.ocspSigning;
  const oids = extendedKeyUsage?.oids ?? [];
  return oids.includes(purpose) || (!special && oids.includes(OID.anyExtendedKeyUsage));
}

/** Revocation of every certificate of a path but its anchor. */
function judgePath(path: readonly Certificate[], search: Search): RevocationFinding[] {
  const { revocation, at } = search.options;
  if (revocation === undefined) return [];
  const context = {
    material: revocation,
    at,
    certificates: search.everyone,
    validateCrlSigner: (signer: Certificate, vouchesFor: Certificate) => validateSigner(signer, vouchesFor, search),
  };
  const findings: RevocationFinding[] = [];
  const vouched: RevocationFinding[] = [];
  for (const [i, certificate] of path.entries()) {
    const issuer = path[i + 1];
    if (issuer === undefined) {
      findings.push({ certificate, source: 'anchor', status: 'good' });
      continue;
    }
    const [own, ...others] = judgeRevocation(certificate, issuer, context);
    if (own !== undefined) findings.push(own);
    vouched.push(...others);
  }
  return [...findings, ...vouched];
}

/** A signer of lists needs a valid path of its own (RFC 5280 §6.3.3 f). One already being judged is met in its own list: no circle. */
function validateSigner(
  signer: Certificate,
  vouchesFor: Certificate,
  search: Search,
): readonly RevocationFinding[] | undefined {
  if (search.vouching.has(signer.fingerprint)) return [];
  search.vouching.add(signer.fingerprint);
  try {
    const { extendedKeyUsage: _, ...options } = search.options;
    const result = bestPath(signer, { ...search, options });
    if (result.problems.length > 0) return undefined;
    return result.revocation
      .filter(({ certificate, source }) => source !== 'anchor' && certificate.fingerprint === signer.fingerprint)
      .map((finding) => ({ ...finding, vouchesFor }));
  } finally {
    search.vouching.delete(signer.fingerprint);
  }
}
