/** What the authority's HTTP server says to each path. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TransportAnswer } from '../types.ts';
import type { Authority, AuthorityFaults } from './types.ts';

interface AuthorityRequest {
  readonly method: string;
  /** Below the base URL: `/tsa`, `/ocsp`, `/crl/issuing.crl`, `/ca/issuing.cer`. */
  readonly path: string;
  readonly body?: Uint8Array;
}

/** Answers one request as the protocols want it (RFC 3161 §3.4, RFC 6960 appendix A, RFC 5280 §4.2.1.13 and §4.2.2.1). */
export async function answerRequest(
  authority: Authority,
  faults: AuthorityFaults,
  { method, path, body = new Uint8Array() }: AuthorityRequest,
): Promise<TransportAnswer> {
  switch (`${method} ${path}`) {
    case 'POST /tsa':
      if (faults.tsaDelayMs !== undefined) await sleep(faults.tsaDelayMs);
      if (faults.tsa === 'down') return unavailable;
      return ok('application/timestamp-reply', faults.tsa === 'garbage' ? garbage : await authority.timestamp(body));
    case 'POST /ocsp':
      return ocspAnswer(authority, faults, body);
    case 'GET /crl/root.crl':
    case 'GET /crl/issuing.crl':
      if (faults.crl === 'down') return unavailable;
      return ok('application/pkix-crl', await authority.crl(path === '/crl/root.crl' ? 'root' : 'issuing'));
    case 'GET /ca/root.cer':
      return ok('application/pkix-cert', authority.root.der);
    case 'GET /ca/issuing.cer':
      return ok('application/pkix-cert', authority.issuing.der);
    default:
      if (method === 'GET' && path.startsWith('/ocsp/')) {
        return ocspAnswer(authority, faults, fromGetPath(path.slice('/ocsp/'.length)));
      }
      return { status: 404, body: new TextEncoder().encode('not found\n'), contentType: 'text/plain' };
  }
}

async function ocspAnswer(authority: Authority, faults: AuthorityFaults, body: Uint8Array): Promise<TransportAnswer> {
  if (faults.ocsp === 'down') return unavailable;
  return ok('application/ocsp-response', faults.ocsp === 'garbage' ? garbage : await authority.ocsp(body));
}

/** RFC 6960 appendix A.1: base64 of the request, URL-encoded. What is not gives a malformed request. */
function fromGetPath(encoded: string): Uint8Array {
  try {
    return new Uint8Array(Buffer.from(decodeURIComponent(encoded), 'base64'));
  } catch {
    return new Uint8Array();
  }
}

function ok(contentType: string, body: Uint8Array): TransportAnswer {
  return { status: 200, body, contentType };
}

const unavailable: TransportAnswer = {
  status: 503,
  body: new TextEncoder().encode('unavailable\n'),
  contentType: 'text/plain',
};

const garbage = new TextEncoder().encode('<html>504 Gateway Time-out</html>');
