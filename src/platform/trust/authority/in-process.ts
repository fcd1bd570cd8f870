/** Reaches the authority of this very process without sockets. */
import { AppError } from '../../../shared/index.ts';
import type { Transport, TransportAnswer, TransportRequest } from '../types.ts';
import type { Authority } from './types.ts';

/**
 * A transport that answers everything under the authority's base URL itself and hands the rest to `fallback`; without one,
 * other addresses are refused (OUTGOING_REFUSED). Size and time limits hold as on the network.
 */
export function authorityTransport(authority: Authority, fallback?: Transport): Transport {
  return async (request) => {
    const path = pathUnder(authority.baseUrl, request.url);
    if (path !== undefined) return within(request, ask(authority, request, path));
    if (fallback !== undefined) return fallback(request);
    throw new AppError('OUTGOING_REFUSED', {
      detail: { vi: 'Không có kết nối ra ngoài.', en: 'There is no connection to the outside.' },
    });
  };
}

/** Path and query of `url` below `baseUrl`, or undefined if it lies elsewhere. */
function pathUnder(baseUrl: string, url: string): string | undefined {
  if (!url.startsWith(`${baseUrl}/`)) return undefined;
  return url.slice(baseUrl.length);
}

async function ask(authority: Authority, request: TransportRequest, path: string): Promise<TransportAnswer> {
  const { method, body, maxBytes } = request;
  const answer = await authority.answer({ method, path, ...(body === undefined ? {} : { body }) });
  if (answer.body.length > maxBytes) throw new AppError('OUTGOING_TOO_LARGE');
  return answer;
}

function within(request: TransportRequest, answer: Promise<TransportAnswer>): Promise<TransportAnswer> {
  const { timeoutMs } = request;
  if (timeoutMs === undefined) return answer;
  const { promise, resolve, reject } = Promise.withResolvers<TransportAnswer>();
  const timer = setTimeout(() => reject(new AppError('OUTGOING_TIMEOUT')), timeoutMs);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
