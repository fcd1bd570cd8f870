/** Asks OCSP responders about one certificate and believes only answers that check out (RFC 6960 §3.2). */
import { randomBytes } from 'node:crypto';
import {
  buildOcspRequest,
  type Certificate,
  children,
  digestOf,
  type OcspResponse,
  type OcspSingleResponse,
  OID,
  parseOcspResponse,
  readDer,
  sameBytes,
  verifySignature,
} from '../../engines/crypto/index.ts';
import { AppError, type Clock } from '../../shared/index.ts';
import { isHttp, isIssuedBy } from './issuers.ts';
import type { Transport, TransportAnswer } from './types.ts';

const MAX_OCSP_BYTES = 256 * 1024;
/** How far the responder's clock may be ahead of ours. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

export interface OcspAnswer {
  readonly response: OcspResponse;
  readonly single: OcspSingleResponse;
  /** Who signed: the issuer itself or its delegate. */
  readonly responder: Certificate;
  readonly producedAt: Date;
}

export interface OcspClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Tries the responders that the certificate names, in order. Throws OCSP_UNAVAILABLE with every cause. */
export async function askOcsp(
  certificate: Certificate,
  issuer: Certificate,
  options: OcspClientOptions,
): Promise<OcspAnswer> {
  const failures: unknown[] = [];
  for (const url of certificate.ocspUrls.filter(isHttp)) {
    for (const form of ['post-with-nonce', 'get'] as const) {
      try {
        return await askOne(url, form, certificate, issuer, options);
      } catch (failure) {
        failures.push(failure);
        if (!(failure instanceof AppError) || failure.code !== 'OCSP_UNAVAILABLE') break;
      }
    }
  }
  throw new AppError('OCSP_UNAVAILABLE', {
    detail: {
      vi: `Không có câu trả lời OCSP dùng được cho chứng thư ${certificate.serial}.`,
      en: `No usable OCSP answer for certificate ${certificate.serial}.`,
    },
    cause: new AggregateError(failures, 'OCSP'),
  });
}

/**
 * POST with a nonce first (RFC 8954); then GET without one (RFC 6960 appendix A.1), for responders that serve only
 * prepared answers.
 */
async function askOne(
  url: string,
  form: 'post-with-nonce' | 'get',
  certificate: Certificate,
  issuer: Certificate,
  { transport, clock, timeoutMs }: OcspClientOptions,
): Promise<OcspAnswer> {
  const nonce = form === 'get' ? undefined : new Uint8Array(randomBytes(16));
  const request = buildOcspRequest(certificate, issuer, nonce === undefined ? {} : { nonce });
  const common = { accept: 'application/ocsp-response', maxBytes: MAX_OCSP_BYTES, timeoutMs };
  const answer = await transport(
    form === 'get'
      ? { ...common, method: 'GET', url: getUrl(url, request) }
      : { ...common, method: 'POST', url, body: request, contentType: 'application/ocsp-request' },
  );
  return checkOcspAnswer(parsed(answer), certificate, issuer, nonce, clock.now());
}

/** RFC 6960 §3.2: right certificate, authorised and signed by the responder, current. Throws OCSP_UNAVAILABLE saying what is wrong. */
function checkOcspAnswer(
  response: OcspResponse,
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array | undefined,
  now: Date,
): OcspAnswer {
  const { producedAt } = response;
  if (response.status !== 'successful' || producedAt === undefined) throw unusable(`status ${response.status}`);
  // A responder may leave the nonce out (RFC 8954 §2.1), but not answer another question's.
  if (nonce !== undefined && response.nonce !== undefined && !sameBytes(nonce, response.nonce)) {
    throw unusable('wrong nonce');
  }
  const single = response.responses.find((candidate) => isAbout(candidate.certId, certificate, issuer));
  if (single === undefined) throw unusable('about another certificate');
  const latest = now.getTime() + CLOCK_TOLERANCE_MS;
  if (producedAt.getTime() > latest || single.thisUpdate.getTime() > latest) throw unusable('from the future');
  if (single.nextUpdate !== undefined && single.nextUpdate.getTime() < now.getTime()) throw unusable('out of date');
  const responder = responderOf(response, issuer, producedAt);
  if (responder === undefined) throw unusable('responder not authorised');
  if (!verifySignature(responder, response.signatureAlgorithm, response.tbs, response.signature)) {
    throw unusable('signature does not verify');
  }
  return { response, single, responder, producedAt };
}

/** RFC 6960 §4.2.2.2: the issuer, or a certificate that the issuer gave for this purpose. */
function responderOf(response: OcspResponse, issuer: Certificate, at: Date): Certificate | undefined {
  return [issuer, ...response.certificates].find((candidate) => {
    if (!isNamed(response.responder, candidate)) return false;
    if (candidate.fingerprint === issuer.fingerprint) return true;
    return (
      candidate.extendedKeyUsage?.oids.includes(OID.ocspSigning) === true &&
      candidate.notBefore <= at &&
      at <= candidate.notAfter &&
      isIssuedBy(candidate, issuer)
    );
  });
}

function isNamed(responder: OcspResponse['responder'], candidate: Certificate): boolean {
  if (responder === undefined) return false;
  if ('name' in responder) return sameBytes(responder.name, candidate.subject.der);
  return sameBytes(responder.keyHash, digestOf('SHA-1', publicKeyBits(candidate)));
}

function isAbout(certId: OcspSingleResponse['certId'], certificate: Certificate, issuer: Certificate): boolean {
  return (
    certId.serial === certificate.serial &&
    sameBytes(certId.issuerNameHash, digestOf(certId.digest, issuer.subject.der)) &&
    sameBytes(certId.issuerKeyHash, digestOf(certId.digest, publicKeyBits(issuer)))
  );
}

function publicKeyBits(certificate: Certificate): Uint8Array {
  const [, bits] = children(readDer(certificate.spki));
  return bits === undefined ? new Uint8Array() : bits.content.subarray(1);
}

function parsed(answer: TransportAnswer): OcspResponse {
  if (answer.status !== 200) throw unusable(`HTTP ${answer.status}`);
  try {
    return parseOcspResponse(answer.body);
  } catch (cause) {
    throw unusable('not an OCSP response', cause);
  }
}

function getUrl(url: string, request: Uint8Array): string {
  return `${url.replace(/\/$/, '')}/${encodeURIComponent(Buffer.from(request).toString('base64'))}`;
}

function unusable(what: string, cause?: unknown): AppError {
  return new AppError('OCSP_UNAVAILABLE', {
    detail: { vi: `Câu trả lời OCSP không dùng được (${what}).`, en: `The OCSP answer cannot be used: ${what}.` },
    cause,
  });
}
