/**
 * Was a certificate revoked at a moment? Answers of OCSP (RFC 6960) and lists (RFC 5280 §6.3) are judged with what the caller has;
 * nothing is fetched.
 */
import { extensionValue } from './certificate.ts';
import { type CrlScope, crlScope } from './crl.ts';
import { children, readDer, readNamedBits, sameBytes } from './der.ts';
import { encode } from './der-writer.ts';
import { type DistributionPoint, type GeneralName, readDistributionPoints } from './general-names.ts';
import { verifySignature } from './keys.ts';
import { parseName, sameName } from './names.ts';
import { checkOcsp, isTimely } from './ocsp-check.ts';
import { OID } from './oids.ts';
import type {
  Certificate,
  CertificateList,
  DerNode,
  DistinguishedName,
  RevocationFinding,
  RevocationMaterial,
} from './types.ts';

const REASON_HOLD = 6;
const REASON_REMOVE_FROM_CRL = 8;
/** ReasonFlags 1 to 8 (RFC 5280 §4.2.1.13). */
const ALL_REASONS = 0b1_1111_1110;

export interface RevocationContext {
  readonly material: RevocationMaterial;
  readonly at: Date;
  /** Certificates among which responders and signers of lists may be. */
  readonly certificates: readonly Certificate[];
  /** Findings about a signer of lists that is not the issuer, if a valid path leads to it; undefined if none does. */
  validateCrlSigner(signer: Certificate, vouchesFor: Certificate): readonly RevocationFinding[] | undefined;
}

interface Evidence {
  readonly finding: RevocationFinding;
  readonly thisUpdate: Date;
  /** Findings about who vouches. */
  readonly about: readonly RevocationFinding[];
}

/**
 * Findings about `certificate`, its own first, then those about responders and signers of lists that vouch for it. A revocation other
 * than a hold is final, whichever evidence names it; otherwise the newest evidence decides.
 */
export function judgeRevocation(
  certificate: Certificate,
  issuer: Certificate,
  context: RevocationContext,
): readonly RevocationFinding[] {
  const evidence = [...ocspEvidence(certificate, issuer, context), ...crlEvidence(certificate, issuer, context)];
  evidence.sort((a, b) => b.thisUpdate.getTime() - a.thisUpdate.getTime());
  const final = evidence.find(({ finding }) => finding.status === 'revoked' && finding.reason !== REASON_HOLD);
  const decisive = final ?? evidence[0];
  if (decisive === undefined) return [{ certificate, source: 'none', status: 'unknown' }];
  return [decisive.finding, ...decisive.about];
}

/** `revoked` only if it had happened by then. */
function statusAt(revokedAt: Date | undefined, at: Date): 'good' | 'revoked' {
  return revokedAt !== undefined && revokedAt <= at ? 'revoked' : 'good';
}

function ocspEvidence(certificate: Certificate, issuer: Certificate, context: RevocationContext): Evidence[] {
  const { material, at, certificates } = context;
  return material.ocsps.flatMap((response): Evidence[] => {
    const { single, responder, problems } = checkOcsp(response, certificate, issuer, at, certificates);
    if (single === undefined || responder === undefined || problems.length > 0 || single.status.kind === 'unknown')
      return [];
    const about = responderFindings(responder, certificate, issuer, context);
    if (about.some(({ status }) => status === 'revoked')) return [];
    const revoked = single.status.kind === 'revoked' ? single.status : undefined;
    const finding: RevocationFinding = {
      certificate,
      source: 'ocsp',
      status: statusAt(revoked?.at, at),
      ...(revoked === undefined ? {} : { revokedAt: revoked.at }),
      ...(revoked?.reason === undefined ? {} : { reason: revoked.reason }),
      ...(response.producedAt === undefined ? {} : { producedAt: response.producedAt }),
      ...(single.nextUpdate === undefined ? {} : { nextUpdate: single.nextUpdate }),
      evidence: response.raw,
      evidenceCertificates: responder.fingerprint === issuer.fingerprint ? [] : [responder],
    };
    return [{ finding, thisUpdate: single.thisUpdate, about }];
  });
}

/** A delegated responder must not be revoked itself, unless its issuer says that nobody need ask (RFC 6960 §4.2.2.2.1). */
function responderFindings(
  responder: Certificate,
  vouchesFor: Certificate,
  issuer: Certificate,
  context: RevocationContext,
): RevocationFinding[] {
  if (sameBytes(responder.spki, issuer.spki)) return [];
  if (responder.ocspNoCheck) return [{ certificate: responder, vouchesFor, source: 'no-check', status: 'good' }];
  // Its own answers do not count: a responder cannot vouch for itself.
  const others = context.material.ocsps.filter(
    (response) => checkOcsp(response, responder, issuer, context.at).responder?.fingerprint !== responder.fingerprint,
  );
  const material = { ocsps: others, crls: context.material.crls };
  return judgeRevocation(responder, issuer, { ...context, material, certificates: [] }).map((finding) => ({
    ...finding,
    vouchesFor,
  }));
}

// ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 5280 §6.3.3: the distribution points of the certificate, then the list its issuer publishes without one. */
function crlEvidence(certificate: Certificate, issuer: Certificate, context: RevocationContext): Evidence[] {
  if (context.material.crls.length === 0) return [];
  const implicit: DistributionPoint = {
    fullName: [{ kind: 'directory', name: certificate.issuer }],
    relative: undefined,
    reasons: undefined,
    crlIssuer: undefined,
  };
  const lists = context.material.crls.filter(({ deltaBase }) => deltaBase === undefined);
  const found = [...distributionPoints(certificate), implicit].flatMap((point) =>
    lists.flatMap((list) => judgeList(list, point, certificate, issuer, context) ?? []),
  );
  const covered = found.reduce((mask, { reasons }) => mask | reasons, 0);
  const revoked = found.filter(({ evidence }) => evidence.finding.revokedAt !== undefined);
  // Without every reason covered, silence proves nothing (§6.3.3 end); whether a hold ended, only a list of holds can say.
  const speaking = covered === ALL_REASONS ? found.filter(({ reasons }) => (reasons >> REASON_HOLD) & 1) : [];
  return [...new Set([...revoked, ...speaking])].map(({ evidence }) => evidence);
}

function distributionPoints(certificate: Certificate): DistributionPoint[] {
  try {
    const node = extensionValue(certificate.extensions, OID.crlDistributionPoints);
    return node === undefined ? [] : readDistributionPoints(node);
  } catch {
    return [];
  }
}

function reasonMask(flags: DerNode | undefined): number {
  if (flags === undefined) return ALL_REASONS;
  let mask = 0;
  for (const bit of readNamedBits(flags)) mask |= 1 << bit;
  return mask & ALL_REASONS;
}

/** Steps (b)–(l) for one list; undefined if it does not speak about this certificate, or nobody trustworthy signed it. */
function judgeList(
  list: CertificateList,
  point: DistributionPoint,
  certificate: Certificate,
  issuer: Certificate,
  context: RevocationContext,
): { reasons: number; evidence: Evidence } | undefined {
  try {
    const scope = crlScope(list.issuingDistributionPoint);
    if (!isInScope(list, scope, point, certificate)) return undefined;
    const reasons = reasonMask(point.reasons) & reasonMask(scope?.reasons);
    const signed = findListSigner(list, certificate, issuer, context);
    if (signed === undefined || list.unknownCriticalExtension) return undefined;
    const delta = newestDelta(list, signed.signer, context);
    const certificateIssuer = scope?.indirect === true ? certificate.issuer.der : undefined;
    const entry =
      delta?.find(certificate.serial, certificateIssuer) ?? list.find(certificate.serial, certificateIssuer);
    const revoked = entry === undefined || entry.reason === REASON_REMOVE_FROM_CRL ? undefined : entry;
    const newest = delta ?? list;
    const timely = isTimely({ ...newest, remembersSince: newest.expiredCertificatesSince }, certificate, context.at);
    if (!timely && (revoked === undefined || revoked.reason === REASON_HOLD)) return undefined;
    const finding: RevocationFinding = {
      certificate,
      source: 'crl',
      status: statusAt(revoked?.at, context.at),
      ...(revoked === undefined ? {} : { revokedAt: revoked.at }),
      ...(revoked?.reason === undefined ? {} : { reason: revoked.reason }),
      producedAt: newest.thisUpdate,
      ...(newest.nextUpdate === undefined ? {} : { nextUpdate: newest.nextUpdate }),
      evidence: list.raw,
      evidenceCertificates: signed.signer.fingerprint === issuer.fingerprint ? [] : [signed.signer],
    };
    return { reasons, evidence: { finding, thisUpdate: newest.thisUpdate, about: signed.about } };
  } catch {
    // A malformed scope or entry: the list proves nothing.
    return undefined;
  }
}

/** §6.3.3 (b): issuer, indirection, names, kinds of certificates. A cRLIssuer that is the issuer itself changes nothing. */
function isInScope(
  list: CertificateList,
  scope: CrlScope | undefined,
  point: DistributionPoint,
  certificate: Certificate,
): boolean {
  const own = sameName(list.issuer, certificate.issuer);
  if (point.crlIssuer !== undefined) {
    const named = point.crlIssuer.some((name) => name.kind === 'directory' && sameName(name.name, list.issuer));
    if (!named || (!own && scope?.indirect !== true)) return false;
  } else if (!own) return false;
  if (scope === undefined) return true;

  const listNames = absoluteNames(scope, list.issuer);
  if (listNames !== undefined) {
    const crlIssuer = point.crlIssuer?.find((name) => name.kind === 'directory');
    const base = crlIssuer?.kind === 'directory' ? crlIssuer.name : certificate.issuer;
    const pointNames = absoluteNames(point, base) ?? point.crlIssuer ?? [];
    if (!listNames.some((name) => pointNames.some((other) => sameGeneralName(name, other)))) return false;
  }
  const isCa = certificate.basicConstraints?.ca === true;
  return !scope.onlyAttribute && !(scope.onlyUser && isCa) && !(scope.onlyCa && !isCa);
}

/** Names of a distribution point; one named relative to `base` (RFC 5280 §4.2.1.13) is completed. */
function absoluteNames(
  {
    fullName,
    relative,
  }: { readonly fullName: readonly GeneralName[] | undefined; readonly relative: DerNode | undefined },
  base: DistinguishedName,
): readonly GeneralName[] | undefined {
  if (relative === undefined) return fullName;
  const rdns = children(readDer(base.der)).map(({ raw }) => raw);
  const last = encode.setOf(children(relative).map(({ raw }) => raw));
  return [{ kind: 'directory', name: parseName(encode.sequence(...rdns, last)) }];
}

function sameGeneralName(a: GeneralName, b: GeneralName): boolean {
  if (a.kind === 'directory' && b.kind === 'directory') return sameName(a.name, b.name);
  if (a.kind === 'ip' && b.kind === 'ip') return sameBytes(a.bytes, b.bytes);
  if (a.kind === 'other' && b.kind === 'other') return sameBytes(a.raw, b.raw);
  return 'value' in a && 'value' in b && a.kind === b.kind && a.value === b.value;
}

/** §6.3.3 (f)–(g): the issuer itself, or another certificate of the list's issuer that a valid path leads to. */
function findListSigner(
  list: CertificateList,
  certificate: Certificate,
  issuer: Certificate,
  context: RevocationContext,
): { signer: Certificate; about: readonly RevocationFinding[] } | undefined {
  for (const signer of [issuer, ...context.certificates]) {
    if (!sameName(signer.subject, list.issuer) || !signedBy(list, signer)) continue;
    if (sameBytes(signer.spki, issuer.spki)) return { signer, about: [] };
    const about = context.validateCrlSigner(signer, certificate);
    if (about !== undefined) return { signer, about };
  }
  return undefined;
}

/** Who is known to have signed a list; lists may be long, and the same one is met for every certificate it is about. */
const signers = new WeakMap<CertificateList, WeakSet<Certificate>>();

function signedBy(list: CertificateList, signer: Certificate): boolean {
  if (signer.keyUsage !== undefined && !signer.keyUsage.has('cRLSign')) return false;
  const known = signers.get(list) ?? new WeakSet();
  if (known.has(signer)) return true;
  if (!verifySignature(signer, list.signatureAlgorithm, list.tbs, list.signature)) return false;
  signers.set(list, known.add(signer));
  return true;
}

/** §5.2.4, §6.3.3 (c): a delta of the same scope and key, based on this list or an older one, and not older than it. */
function newestDelta(
  list: CertificateList,
  signer: Certificate,
  { material, at }: RevocationContext,
): CertificateList | undefined {
  const { crlNumber } = list;
  if (crlNumber === undefined) return undefined;
  const sameOrAbsent = (a: Uint8Array | undefined, b: Uint8Array | undefined) => a === b || sameBytes(a, b);
  return material.crls
    .filter(
      (delta) =>
        delta.deltaBase !== undefined &&
        delta.deltaBase <= crlNumber &&
        delta.crlNumber !== undefined &&
        delta.crlNumber >= crlNumber &&
        (delta.nextUpdate === undefined || delta.nextUpdate >= at) &&
        sameName(delta.issuer, list.issuer) &&
        sameOrAbsent(delta.issuingDistributionPoint, list.issuingDistributionPoint) &&
        sameOrAbsent(delta.authorityKeyIdentifier, list.authorityKeyIdentifier) &&
        signedBy(delta, signer) &&
        !delta.unknownCriticalExtension,
    )
    .reduce<CertificateList | undefined>(
      (newest, delta) => (newest === undefined || delta.thisUpdate > newest.thisUpdate ? delta : newest),
      undefined,
    );
}
