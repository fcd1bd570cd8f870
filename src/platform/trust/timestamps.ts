/**
 * Time-stamps from other people's authorities (RFC 3161). A token is handed on only when it answers our question and leads to
 * a trusted anchor. Our own clock is never passed off as a time-stamp.
 */
import { randomBytes } from 'node:crypto';
import {
  buildTimestampRequest,
  type Certificate,
  checkTimestampToken,
  findPath,
  OID,
  parseTimestampResponse,
  parseTimestampToken,
  sameBytes,
  sameNonce,
  type TimestampToken,
} from '../../engines/crypto/index.ts';
import { AppError, type BilingualText, type Clock, type DigestName } from '../../shared/index.ts';
import { type BreakerLimits, createCircuitBreaker } from './circuit-breaker.ts';
import { createIssuerFinder, type IssuerFinder } from './issuers.ts';
import { createRequestQuota, type RequestLimit } from './request-quota.ts';
import type { MeteredTimestampSource, TimestampUsage, Transport } from './types.ts';

/** An authority that allows only so many requests. */
export interface LimitedAuthority {
  readonly url: string;
  readonly limit: RequestLimit;
}

export interface TimestampSourceOptions {
  /** Tried in this order; `https://user:password@…` where the authority wants it. */
  readonly urls: readonly (string | LimitedAuthority)[];
  readonly transport: Transport;
  /** Only to judge genTime, to rest failing authorities and to date failures. */
  readonly clock: Clock;
  readonly anchors: readonly Certificate[];
  /** Policy to ask for and insist on. */
  readonly policy?: string;
  /** One exchange, default 10 s. */
  readonly timeoutMs?: number;
  /** How far genTime may lie outside the exchange; default 5 minutes. */
  readonly toleranceMs?: number;
  /** When an authority rests; default: after 3 failures in a row, for 2 s, then twice as long each time, at most 60 s. */
  readonly rest?: BreakerLimits;
}

/** RFC 3161 replies are a few kilobytes; a chain of large certificates stays below this. */
const MAX_REPLY_BYTES = 128 * 1024;

const REST: BreakerLimits = { failures: 3, firstRestMs: 2_000, longestRestMs: 60_000 };

/** Throws TSA_UNAVAILABLE, naming what each authority did wrong, when none gives an acceptable token. */
export function createTimestampSource(options: TimestampSourceOptions): MeteredTimestampSource {
  const issuers = createIssuerFinder(options);
  const addresses = options.urls.map((entry) => (typeof entry === 'string' ? { url: entry, limit: undefined } : entry));
  const authorities = addresses.map(({ url, limit }) => ({
    url,
    quota: createRequestQuota(options.clock, limit),
    breaker: createCircuitBreaker(options.clock, options.rest ?? REST),
    tokens: 0,
    failures: 0,
    lastFailure: undefined as BilingualText | undefined,
    certificateEnds: undefined as Date | undefined,
  }));

  async function source(imprint: Uint8Array, digest: DigestName): Promise<Uint8Array> {
    const causes: BilingualText[] = [];
    const failures: AppError[] = [];
    for (const authority of authorities) {
      const name = nameOf(authority.url);
      if (!authority.breaker.mayTry()) {
        causes.push({ vi: `${name}: đang tạm nghỉ sau nhiều lần lỗi`, en: `${name}: resting after repeated failures` });
        continue;
      }
      if (!authority.quota.take()) {
        causes.push({ vi: `${name}: đã hết hạn mức`, en: `${name}: quota used up` });
        continue;
      }
      try {
        const { token, signer } = await obtain(authority.url, imprint, digest, options, issuers);
        authority.breaker.succeeded();
        authority.tokens += 1;
        authority.certificateEnds = signer.notAfter;
        return token.raw;
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
        authority.breaker.failed();
        authority.failures += 1;
        authority.lastFailure = thrown.detail;
        causes.push({ vi: `${name}: ${thrown.detail.vi}`, en: `${name}: ${thrown.detail.en}` });
        failures.push(thrown);
      }
    }
    throw new AppError('TSA_UNAVAILABLE', { detail: allFailed(causes), cause: new AggregateError(failures, 'TSA') });
  }

  const usage = (): readonly TimestampUsage[] =>
    authorities.map(({ url, breaker, tokens, failures, lastFailure, certificateEnds }) => ({
      url: nameOf(url),
      tokens,
      failures,
      restingUntil: breaker.restingUntil(),
      lastFailure,
      certificateEnds,
    }));
  return Object.assign(source, { usage });
}

/** One exchange with one authority, and every check of RFC 3161 §2.4.2 on its answer. */
async function obtain(
  url: string,
  imprint: Uint8Array,
  digest: DigestName,
  options: TimestampSourceOptions,
  issuers: IssuerFinder,
): Promise<{ readonly token: TimestampToken; readonly signer: Certificate }> {
  const { transport, clock, policy, timeoutMs = 10_000, toleranceMs = 5 * 60_000 } = options;
  const nonce = new Uint8Array(randomBytes(16));
  const sentAt = clock.now();
  const answer = await transport({
    url,
    method: 'POST',
    body: buildTimestampRequest({ digest, imprint, nonce, certReq: true, ...(policy === undefined ? {} : { policy }) }),
    contentType: 'application/timestamp-query',
    accept: 'application/timestamp-reply',
    maxBytes: MAX_REPLY_BYTES,
    timeoutMs,
  });
  const receivedAt = clock.now();
  if (answer.status !== 200) throw refused(`trả lời HTTP ${answer.status}`, `HTTP ${answer.status}`);
  const token = readToken(answer.body);
  if (token.imprint.digest !== digest || !sameBytes(token.imprint.value, imprint))
    throw refused('dấu thời gian cho dữ liệu khác', 'wrong imprint');
  if (!sameNonce(token, nonce)) throw refused('sai số ngẫu nhiên (nonce)', 'wrong nonce');
  if (policy !== undefined && token.policy !== policy)
    throw refused(`sai chính sách ${token.policy}, cần ${policy}`, `policy ${token.policy} instead of ${policy}`);
  const earliest = sentAt.getTime() - toleranceMs;
  const latest = receivedAt.getTime() + toleranceMs;
  if (token.time.getTime() < earliest || token.time.getTime() > latest) {
    const time = token.time.toISOString();
    throw refused(`thời gian ${time} lệch quá mức cho phép`, `genTime ${time} outside the window`);
  }
  return { token, signer: await checkSigner(token, imprint, options.anchors, issuers) };
}

function readToken(body: Uint8Array): TimestampToken {
  let reply: ReturnType<typeof parseTimestampResponse>;
  try {
    reply = parseTimestampResponse(body);
  } catch (cause) {
    throw refused('không phải là phản hồi dấu thời gian', 'not a time-stamp reply', cause);
  }
  if (reply.token === undefined) {
    const why = [reply.status, reply.failInfo].filter((part) => part !== undefined).join(' ');
    throw refused(`từ chối (${why})`, `status ${why}`);
  }
  try {
    return parseTimestampToken(reply.token);
  } catch (cause) {
    throw refused('không đọc được dấu thời gian', 'token cannot be read', cause);
  }
}

/** The signature holds, the certificate is for time-stamping only (RFC 3161 §2.3) and leads to an anchor at genTime. */
async function checkSigner(
  token: TimestampToken,
  imprint: Uint8Array,
  anchors: readonly Certificate[],
  issuers: IssuerFinder,
): Promise<Certificate> {
  const check = checkTimestampToken(token, imprint);
  const { signer } = check;
  if (signer === undefined) throw refused('thiếu chứng thư số của TSA', 'certificate missing');
  if (!check.intact || !check.signatureValid || check.reasons.length > 0) {
    const why = check.reasons.join(', ');
    throw refused(`dấu thời gian hỏng (${why})`, `broken token (${why})`);
  }
  const intermediates = await issuers.complete(signer, token.signedData.certificates);
  const path = findPath(signer, { anchors, intermediates, at: token.time, extendedKeyUsage: OID.timeStamping });
  if (path.path === undefined || path.problems.length > 0) {
    const why = path.problems.join(', ');
    throw refused(`chứng thư số của TSA không được tin cậy (${why})`, `certificate not trusted (${why})`);
  }
  return signer;
}

/** The address without its password. */
function nameOf(url: string): string {
  return URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : url;
}

function allFailed(causes: readonly BilingualText[]): BilingualText {
  if (causes.length === 0) {
    return { vi: 'Chưa cấu hình máy chủ cấp dấu thời gian nào.', en: 'No time-stamp authority is configured.' };
  }
  return {
    vi: `Không máy chủ cấp dấu thời gian nào đáp ứng được: ${causes.map(({ vi }) => vi).join('; ')}.`,
    en: `No time-stamp authority answered well: ${causes.map(({ en }) => en).join('; ')}.`,
  };
}

/** Why one authority's answer is not accepted; becomes part of `allFailed`. */
function refused(vi: string, en: string, cause?: unknown): AppError {
  return new AppError('TSA_UNAVAILABLE', { detail: { vi, en }, cause });
}
