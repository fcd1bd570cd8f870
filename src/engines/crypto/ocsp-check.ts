/** Judges OCSP answers: is it about the certificate, may its signer speak for the issuer, does it count at the moment asked for. */
import { sameBytes } from './der.ts';
import { verifySignature } from './keys.ts';
import { parseName, sameName } from './names.ts';
import { hashFor, type OcspCertId } from './ocsp.ts';
import { OID } from './oids.ts';
import type { Certificate, OcspResponse, OcspSingleResponse } from './types.ts';

/** Why an answer does not count. */
export type OcspProblem =
  | 'NOT_SUCCESSFUL'
  | 'NO_MATCHING_ANSWER'
  | 'RESPONDER_NOT_FOUND'
  | 'RESPONDER_NOT_AUTHORIZED'
  | 'BAD_SIGNATURE'
  | 'NOT_TIMELY';

export interface OcspCheck {
  /** The part about the certificate, if any matches. */
  readonly single: OcspSingleResponse | undefined;
  /** Who signed: the issuer itself, or a certificate it delegated to. */
  readonly responder: Certificate | undefined;
  /** Empty: the answer counts at the moment asked for. */
  readonly problems: readonly OcspProblem[];
}

/** A few minutes between two clocks are no forgery. */
export const CLOCK_SKEW_MS = 5 * 60_000;
const CERTIFICATE_HOLD = 6;
/** An answer that names no nextUpdate is relied on this long. */
const DEFAULT_LIFETIME_MS = 24 * 3_600_000;

/**
 * True if revocation data counts at a moment: still current then, or issued later. What was issued later knows more, but may have
 * forgotten certificates that had expired unless it says how far back it remembers.
 */
export function isTimely(
  data: { readonly thisUpdate: Date; readonly nextUpdate: Date | undefined; readonly remembersSince: Date | undefined },
  certificate: Certificate,
  at: Date,
): boolean {
  const until = data.nextUpdate?.getTime() ?? data.thisUpdate.getTime() + DEFAULT_LIFETIME_MS;
  if (until + CLOCK_SKEW_MS < at.getTime()) return false;
  if (data.thisUpdate <= certificate.notAfter) return true;
  return data.remembersSince !== undefined && data.remembersSince <= certificate.notAfter;
}

/**
 * Judges an answer about `certificate`, issued by `issuer`, for the moment `at` (RFC 6960 §3.2, §4.2.2.2): signed by the issuer itself,
 * or by a certificate with id-kp-OCSPSigning which that issuer signed and which was valid when the answer was produced. Whether a
 * delegated responder was revoked is the caller's question unless it carries id-pkix-ocsp-nocheck.
 */
export function checkOcsp(
  response: OcspResponse,
  certificate: Certificate,
  issuer: Certificate,
  at: Date,
  certificates: readonly Certificate[] = [],
): OcspCheck {
  const failed = (...problems: OcspProblem[]): OcspCheck => ({ single: undefined, responder: undefined, problems });
  if (response.status !== 'successful') return failed('NOT_SUCCESSFUL');
  const single = response.responses
    .filter(({ certId }) => isAbout(certId, certificate, issuer))
    .reduce<OcspSingleResponse | undefined>(
      (newest, next) => (newest === undefined || next.thisUpdate > newest.thisUpdate ? next : newest),
      undefined,
    );
  if (single === undefined) return failed('NO_MATCHING_ANSWER');

  const candidates = [issuer, ...response.certificates, ...certificates].filter((candidate) =>
    isResponder(response, candidate),
  );
  if (candidates.length === 0) return failed('RESPONDER_NOT_FOUND');
  const authorized = candidates.filter((candidate) => maySpeakFor(candidate, issuer, response.producedAt ?? at));
  if (authorized.length === 0) return failed('RESPONDER_NOT_AUTHORIZED');
  const responder = authorized.find((candidate) =>
    verifySignature(candidate, response.signatureAlgorithm, response.tbs, response.signature),
  );
  if (responder === undefined) return failed('BAD_SIGNATURE');
  const timely = isTimely({ ...single, remembersSince: single.archiveCutoff }, certificate, at);
  // A revocation stays true when it is old news; only a hold may have been lifted since.
  const final = single.status.kind === 'revoked' && single.status.reason !== CERTIFICATE_HOLD;
  return { single, responder, problems: timely || final ? [] : ['NOT_TIMELY'] };
}

function isAbout(certId: OcspCertId, certificate: Certificate, issuer: Certificate): boolean {
  return (
    certId.serial === certificate.serial &&
    sameBytes(certId.issuerNameHash, hashFor(certificate, certId.digest, 'issuer')) &&
    sameBytes(certId.issuerKeyHash, hashFor(issuer, certId.digest, 'key'))
  );
}

function isResponder({ responder }: OcspResponse, candidate: Certificate): boolean {
  if (responder === undefined) return false;
  if ('keyHash' in responder) return sameBytes(responder.keyHash, hashFor(candidate, 'SHA-1', 'key'));
  if (sameBytes(responder.name, candidate.subject.der)) return true;
  try {
    return sameName(parseName(responder.name), candidate.subject);
  } catch {
    return false;
  }
}

function maySpeakFor(candidate: Certificate, issuer: Certificate, producedAt: Date): boolean {
  if (candidate.fingerprint === issuer.fingerprint || sameBytes(candidate.spki, issuer.spki)) return true;
  return (
    candidate.extendedKeyUsage?.oids.includes(OID.ocspSigning) === true &&
    (candidate.keyUsage === undefined ||
      candidate.keyUsage.has('digitalSignature') ||
      candidate.keyUsage.has('nonRepudiation')) &&
    sameName(candidate.issuer, issuer.subject) &&
    candidate.notBefore.getTime() <= producedAt.getTime() + CLOCK_SKEW_MS &&
    candidate.notAfter.getTime() >= producedAt.getTime() - CLOCK_SKEW_MS &&
    verifySignature(issuer, candidate.signatureAlgorithm, candidate.tbs, candidate.signature)
  );
}
