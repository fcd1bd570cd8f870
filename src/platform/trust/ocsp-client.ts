/** Asks OCSP responders about one certificate and believes only answers that check out (RFC 6960 §3.2). */
import { randomBytes } from 'node:crypto';
import {
  buildOcspRequest,
  type Certificate,
  checkOcsp,
  type OcspResponse,
  type OcspSingleResponse,
  parseOcspResponse,
  sameBytes,
} from '../../engines/crypto/index.ts';
import { AppError, type Clock } from '../../shared/index.ts';
import { isHttp } from './issuers.ts';
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
      vi: `Không có phản hồi OCSP dùng được cho chứng thư số ${certificate.serial}.`,
      en: `No usable OCSP answer for certificate ${certificate.serial}.`,
    },
    cause: new AggregateError(failures, 'OCSP'),
  });
}

/**
 * POST with a nonce first (RFC 9654); then GET without one (RFC 6960 appendix A.1), for responders that serve only
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
  return accepted(parsed(answer), certificate, issuer, nonce, clock.now());
}

/** The answer, if it is to our question, current, and signed by one who may (RFC 6960 §3.2). Throws OCSP_UNAVAILABLE saying what is wrong. */
function accepted(
  response: OcspResponse,
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array | undefined,
  now: Date,
): OcspAnswer {
  const { producedAt } = response;
  const { single, responder, problems } = checkOcsp(response, certificate, issuer, now);
  if (producedAt === undefined) throw unusable(`status ${response.status}`);
  if (problems.length > 0 || single === undefined || responder === undefined) throw unusable(problems.join(', '));
  // A responder may leave the nonce out (RFC 9654 §2.1), but not answer another question's.
  if (nonce !== undefined && response.nonce !== undefined && !sameBytes(nonce, response.nonce)) {
    throw unusable('wrong nonce');
  }
  const latest = now.getTime() + CLOCK_TOLERANCE_MS;
  if (producedAt.getTime() > latest || single.thisUpdate.getTime() > latest) throw unusable('from the future');
  return { response, single, responder, producedAt };
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
    detail: { vi: `Phản hồi OCSP không dùng được (${what}).`, en: `The OCSP answer cannot be used: ${what}.` },
    cause,
  });
}
