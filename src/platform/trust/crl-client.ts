/** Fetches certificate revocation lists and believes only those that the issuer signed and that are current (RFC 5280 §6.3). */
import {
  type Certificate,
  type CertificateList,
  parseCrl,
  sameName,
  verifySignature,
} from '../../engines/crypto/index.ts';
import { AppError, type Clock } from '../../shared/index.ts';
import { isHttp } from './issuers.ts';
import type { Transport } from './types.ts';

export interface CrlClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** National CAs publish lists of tens of megabytes. */
  readonly maxBytes: number;
}

/** Tries the addresses that the certificate names, in order; LDAP is passed over. Throws OCSP_UNAVAILABLE with every cause. */
export async function fetchCrl(
  certificate: Certificate,
  issuer: Certificate,
  options: CrlClientOptions,
): Promise<CertificateList> {
  const failures: unknown[] = [];
  for (const url of certificate.crlUrls.filter(isHttp)) {
    try {
      return await fetchOne(url, issuer, options);
    } catch (failure) {
      failures.push(failure);
    }
  }
  throw new AppError('OCSP_UNAVAILABLE', {
    detail: {
      vi: `Không có danh sách thu hồi (CRL) dùng được cho chứng thư số ${certificate.serial}.`,
      en: `No usable revocation list (CRL) for certificate ${certificate.serial}.`,
    },
    cause: new AggregateError(failures, 'CRL'),
  });
}

async function fetchOne(url: string, issuer: Certificate, options: CrlClientOptions): Promise<CertificateList> {
  const { status, body } = await options.transport({
    url,
    method: 'GET',
    accept: 'application/pkix-crl',
    maxBytes: options.maxBytes,
    timeoutMs: options.timeoutMs,
  });
  if (status !== 200) throw unusable(`HTTP ${status}`);
  const list = parsed(body);
  const now = options.clock.now();
  // A delta alone says nothing about certificates revoked before its base (RFC 5280 §5.2.4).
  if (list.deltaBase !== undefined) throw unusable('only a delta');
  if (list.unknownCriticalExtension) throw unusable('unknown critical extension');
  if (!sameName(list.issuer, issuer.subject)) throw unusable('by another issuer');
  if (list.nextUpdate !== undefined && list.nextUpdate < now) throw unusable('out of date');
  if (!verifySignature(issuer, list.signatureAlgorithm, list.tbs, list.signature)) {
    throw unusable('signature does not verify');
  }
  return list;
}

function parsed(body: Uint8Array): CertificateList {
  try {
    return parseCrl(body);
  } catch (cause) {
    throw unusable('not a CRL', cause);
  }
}

function unusable(what: string, cause?: unknown): AppError {
  return new AppError('OCSP_UNAVAILABLE', {
    detail: { vi: `CRL không dùng được (${what}).`, en: `The CRL cannot be used: ${what}.` },
    cause,
  });
}
