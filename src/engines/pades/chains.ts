/**
 * Was a certificate good when it was used? Path, dates and revocation at a proven moment (EN 319 102-1 §5.2.6, §5.6.2.1, §5.6.2.2).
 *
 * Past certificate validation is asked as one question: with a proof that the signature existed at `proven`, every certificate of the
 * path must have been within its dates and not revoked then, and the answers that say so must be proven to be older than the end of
 * whoever signed them (validation time sliding).
 */
import {
  type Certificate,
  type CertificateList,
  findPath,
  type OcspResponse,
  OID,
  type PathResult,
  type RevocationFinding,
} from '../crypto/index.ts';
import type { Reason } from './verdicts.ts';

export interface ChainQuestion {
  readonly certificate: Certificate;
  /** When the certificate was used, as far as proven: genTime of a time-stamp, best signature time of a signature. */
  readonly used: Date;
  /** The earliest moment at which the signature is proven to exist; the moment of validation if there is no proof. */
  readonly proven: Date;
  /** A moment before which the signature cannot have been made, if one is proven. */
  readonly notBefore?: Date | undefined;
  readonly purpose: 'signer' | 'time-stamps';
}

export interface ChainAnswer {
  readonly question: ChainQuestion;
  readonly reasons: readonly Reason[];
  /** Signer first, anchor last; empty if no anchor was reached. */
  readonly path: readonly Certificate[];
  readonly anchor: Certificate | undefined;
  readonly findings: readonly RevocationFinding[];
}

export interface ChainMaterial {
  readonly anchors: readonly Certificate[];
  readonly timestampAnchors: readonly Certificate[];
  readonly certificates: readonly Certificate[];
  readonly ocsps: readonly OcspResponse[];
  readonly crls: readonly CertificateList[];
  /** Earliest moment at which a revocation answer is proven to exist; the moment of validation if unproven. */
  readonly provenSince: (evidence: Uint8Array) => Date;
}

/**
 * Answers questions with one set of material. A path that was found valid is used again for other moments at which its certificates and
 * the same answers count: a time-stamp authority signs many time-stamps of a file.
 */
export function createChainJudge(material: ChainMaterial): (question: ChainQuestion) => ChainAnswer {
  const known = new Map<string, PathResult>();
  return (question) => {
    const { certificate, used, purpose } = question;
    // Outside its dates a certificate still has a path, which the report shows.
    const at = within(used, certificate);
    const key = `${purpose}:${certificate.fingerprint}`;
    const earlier = known.get(key);
    if (earlier !== undefined && countsAt(earlier, at)) return answer(question, earlier, material);
    const result = findPath(certificate, {
      anchors: purpose === 'signer' ? material.anchors : material.timestampAnchors,
      intermediates: material.certificates,
      at,
      revocation: { ocsps: material.ocsps, crls: material.crls },
      ...(purpose === 'time-stamps' ? { extendedKeyUsage: OID.timeStamping } : {}),
    });
    known.set(key, result);
    return answer(question, result, material);
  };
}

/** Valid then, and so at this moment too: dates include it, and every answer is younger than it or still current. */
function countsAt({ path, problems, revocation }: PathResult, at: Date): boolean {
  if (path === undefined || problems.length > 0) return false;
  return (
    path.slice(0, -1).every(({ notBefore, notAfter }) => notBefore <= at && at <= notAfter) &&
    revocation.every(
      ({ source, revokedAt, producedAt, nextUpdate }) =>
        source === 'anchor' ||
        source === 'no-check' ||
        (revokedAt === undefined &&
          ((producedAt !== undefined && at <= producedAt) || (nextUpdate !== undefined && at <= nextUpdate))),
    )
  );
}

function answer(question: ChainQuestion, result: PathResult, material: ChainMaterial): ChainAnswer {
  const { certificate, purpose } = question;
  const reasons = new Set<Reason>();
  if (result.path === undefined) {
    reasons.add('NO_CERTIFICATE_CHAIN_FOUND');
    return { question, reasons: [...reasons], path: [], anchor: undefined, findings: result.revocation };
  }
  const { path } = result;
  for (const reason of [
    ...pathReasons(result),
    ...dateReasons(path, question),
    ...revocationReasons(result.revocation, question, material),
  ]) {
    reasons.add(reason);
  }
  if (purpose === 'signer' && !maySign(certificate)) reasons.add('KEY_USAGE');
  return { question, reasons: [...reasons], path, anchor: result.anchor, findings: result.revocation };
}

function within(moment: Date, { notBefore, notAfter }: Certificate): Date {
  return moment < notBefore ? notBefore : moment > notAfter ? notAfter : moment;
}

/** What findPath says of dates and revocation is judged here over again, at the proven moment. */
const JUDGED_HERE: ReadonlySet<string> = new Set(['EXPIRED', 'NOT_YET_VALID', 'REVOKED', 'REVOCATION_UNKNOWN']);

function pathReasons({ problems, weak }: PathResult): Reason[] {
  const reasons: Reason[] = weak.length > 0 ? ['WEAK_ALGORITHM'] : [];
  if (problems.some((problem) => !JUDGED_HERE.has(problem))) reasons.push('CHAIN_CONSTRAINTS_FAILURE');
  return reasons;
}

function dateReasons(path: readonly Certificate[], { certificate, proven, notBefore }: ChainQuestion): Reason[] {
  if (notBefore !== undefined && notBefore > certificate.notAfter) return ['EXPIRED'];
  if (proven < certificate.notBefore) return ['NOT_YET_VALID'];
  // The anchor's own dates do not count (RFC 5280 §6.1.1 (d)).
  const links = path.length > 1 ? path.slice(0, -1) : path;
  return links.some((link) => proven > link.notAfter) ? ['OUT_OF_BOUNDS_NO_POE'] : [];
}

function revocationReasons(
  findings: readonly RevocationFinding[],
  question: ChainQuestion,
  material: ChainMaterial,
): Reason[] {
  return findings.flatMap((finding): Reason[] => {
    const isEnd = finding.certificate.fingerprint === question.certificate.fingerprint;
    if (finding.source === 'anchor' || finding.source === 'no-check') return [];
    const { revokedAt } = finding;
    if (revokedAt !== undefined) {
      if (question.proven < revokedAt) return [];
      if (isEnd && question.notBefore !== undefined && question.notBefore >= revokedAt) return ['REVOKED'];
      return [isEnd ? 'REVOKED_NO_POE' : 'REVOKED_CA_NO_POE'];
    }
    if (finding.status === 'unknown') {
      // Nobody can be asked about everybody who vouches: findPath leaves out those known to be revoked.
      if (finding.vouchesFor !== undefined) return [];
      return [hasStaleAnswer(finding.certificate, material) ? 'TRY_LATER' : 'NO_REVOCATION_DATA'];
    }
    // The answer itself must be older than the end of those who vouch for it.
    const since = finding.evidence === undefined ? question.proven : material.provenSince(finding.evidence);
    return (finding.evidenceCertificates ?? []).some(({ notAfter }) => since > notAfter) ? ['NO_POE'] : [];
  });
}

/** An answer about the certificate exists, but it was too old for the moment in question. */
function hasStaleAnswer(certificate: Certificate, { ocsps, crls }: ChainMaterial): boolean {
  return (
    ocsps.some(({ responses }) => responses.some(({ certId }) => certId.serial === certificate.serial)) ||
    crls.some(({ issuer }) => Buffer.compare(issuer.der, certificate.issuer.der) === 0)
  );
}

/**
 * EN 319 142-1 names no key usage; Decree 23/2025 wants signing certificates. A certificate without the extension may do anything, one
 * whose purposes are all those of machines signs no documents (RFC 5280 §4.2.1.12).
 */
function maySign({ keyUsage, extendedKeyUsage }: Certificate): boolean {
  if (extendedKeyUsage?.oids.every((purpose) => PURPOSES_OF_MACHINES.has(purpose)) === true) return false;
  return keyUsage === undefined || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation');
}

/** Time-stamps, OCSP answers, TLS servers. */
const PURPOSES_OF_MACHINES: ReadonlySet<string> = new Set([OID.timeStamping, OID.ocspSigning, '1.3.6.1.5.5.7.3.1']);
