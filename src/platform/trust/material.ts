/**
 * Certificates and revocation answers for a chain: from memory while current, else from the servers that the certificates
 * name. What comes back has been checked here and is checked again by whoever uses it.
 */
import {
  type Certificate,
  type CertificateList,
  findPath,
  type OcspResponse,
  type PathResult,
} from '../../engines/crypto/index.ts';
import { AppError, type Clock, type ProblemCode } from '../../shared/index.ts';
import { createBoundedCache } from './bounded-cache.ts';
import { fetchCrl } from './crl-client.ts';
import { createIssuerFinder } from './issuers.ts';
import { askOcsp } from './ocsp-client.ts';
import type { CollectedMaterial, MaterialSource, SigningCheck, SigningEvidence, Transport } from './types.ts';

export interface MaterialSourceOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Anchors of signers: where the chain of whoever signs must end. */
  readonly anchors: readonly Certificate[];
  /** Further anchors where the chains of time-stamp authorities may end. */
  readonly timestampAnchors?: readonly Certificate[];
  /** One exchange with one server, default 10 s. */
  readonly timeoutMs?: number;
  /** Default 64 MiB. */
  readonly maxCrlBytes?: number;
  /** An answer is asked for again after so long even if it claims to be good for longer; default 5 minutes. */
  readonly keepMs?: number;
  /** Waits in real time; given by tests whose clock stands still. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

type Answer = (
  | { readonly kind: 'ocsp'; readonly response: OcspResponse; readonly responder: Certificate }
  | { readonly kind: 'crl'; readonly list: CertificateList }
) & {
  /** producedAt of OCSP, thisUpdate of a CRL: the state is known as of then. */
  readonly producedAt: Date;
  readonly askedAt: Date;
};

const SECOND_MS = 1000;

export function createMaterialSource(options: MaterialSourceOptions): MaterialSource {
  const { transport, clock, anchors } = options;
  const keepMs = options.keepMs ?? 5 * 60 * SECOND_MS;
  const timeoutMs = options.timeoutMs ?? 10 * SECOND_MS;
  const maxBytes = options.maxCrlBytes ?? 64 * 1024 * 1024;
  const wait = options.wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  const issuers = createIssuerFinder({ transport, clock, anchors: [...anchors, ...(options.timestampAnchors ?? [])] });
  const answers = createBoundedCache<Answer>(clock, 5_000);

  async function ask(certificate: Certificate, issuer: Certificate, notBefore: Date | undefined): Promise<Answer> {
    const askedAt = clock.now();
    const failures: unknown[] = [];
    let stale: Answer | undefined;
    const sources = [
      { urls: certificate.ocspUrls, get: () => ocspAnswer(certificate, issuer, askedAt) },
      { urls: certificate.crlUrls, get: () => crlAnswer(certificate, issuer, askedAt) },
    ];
    for (const { urls, get } of sources) {
      if (urls.length === 0) continue;
      try {
        const answer = await get();
        if (isFresh(answer, notBefore)) return answer;
        stale ??= answer;
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (stale !== undefined) return stale;
    throw new AppError('OCSP_UNAVAILABLE', {
      detail: {
        vi: `Không kiểm tra được trạng thái của chứng thư ${certificate.serial}.`,
        en: `The status of certificate ${certificate.serial} cannot be had.`,
      },
      cause: new AggregateError(failures, 'revocation'),
    });
  }

  async function ocspAnswer(certificate: Certificate, issuer: Certificate, askedAt: Date): Promise<Answer> {
    const { response, single, responder, producedAt } = await askOcsp(certificate, issuer, {
      transport,
      clock,
      timeoutMs,
    });
    const answer = { kind: 'ocsp', response, responder, producedAt, askedAt } as const;
    answers.put(keyOf(certificate), answer, keepUntil(askedAt, single.nextUpdate));
    return answer;
  }

  async function crlAnswer(certificate: Certificate, issuer: Certificate, askedAt: Date): Promise<Answer> {
    const list = await fetchCrl(certificate, issuer, { transport, clock, timeoutMs, maxBytes });
    const answer = { kind: 'crl', list, producedAt: list.thisUpdate, askedAt } as const;
    // One list speaks about every certificate of its address.
    answers.put(keyOf(certificate), answer, keepUntil(askedAt, list.nextUpdate));
    return answer;
  }

  function keepUntil(askedAt: Date, nextUpdate: Date | undefined): Date {
    const ours = askedAt.getTime() + keepMs;
    return new Date(Math.min(ours, nextUpdate?.getTime() ?? ours));
  }

  /**
   * The answer about one certificate: remembered if current and fresh enough. The certificate at the head of a chain needs one
   * from after `notBefore`, else TRY_LATER (EN 319 102-1 §5.2.5.4 asks freshness of the signing certificate). For CA
   * certificates a newer one is asked for, but a current one is enough: roots publish twice a year.
   */
  async function answerFor(
    certificate: Certificate,
    issuer: Certificate,
    notBefore: Date | undefined,
    mustBeFresh: boolean,
  ): Promise<Answer> {
    const known = answers.get(keyOf(certificate));
    if (known !== undefined) {
      const alreadyAskedSince = notBefore === undefined || known.askedAt >= notBefore;
      if (isFresh(known, notBefore) || (!mustBeFresh && alreadyAskedSince)) return known;
    }
    let answer = await ask(certificate, issuer, notBefore);
    if (mustBeFresh && isWithinSameSecond(answer, notBefore)) {
      // OCSP answers carry whole seconds, time-stamps may carry fractions: the next second decides.
      await wait(SECOND_MS);
      answer = await ask(certificate, issuer, notBefore);
    }
    if (mustBeFresh && notBefore !== undefined && !isFresh(answer, notBefore)) {
      throw tryLater(certificate, answer, notBefore);
    }
    return answer;
  }

  /** Answers for every link of a path, and for the delegates that signed them. `settle` turns a failure into no answer. */
  async function gather(
    path: readonly Certificate[],
    notBefore: Date | undefined,
    settle: (attempt: Promise<Answer>) => Promise<Answer | undefined>,
  ): Promise<Answer[]> {
    const links = path.slice(0, -1).filter((certificate) => !issuers.isAnchor(certificate));
    const found = await Promise.all(
      links.map((certificate, index) =>
        settle(answerFor(certificate, path[index + 1] ?? certificate, notBefore, index === 0)),
      ),
    );
    const direct = found.filter((answer) => answer !== undefined);
    const delegates = await Promise.all(
      direct.map(async (answer) => {
        const delegate = answer.kind === 'ocsp' ? answer.responder : undefined;
        // RFC 6960 §4.2.2.2.1: a responder with nocheck is trusted for its lifetime; a CA is a link of its own.
        if (delegate === undefined || delegate.ocspNoCheck || delegate.basicConstraints?.ca === true) return undefined;
        const [, issuer] = await issuers.complete(delegate, path);
        return issuer === undefined ? undefined : settle(answerFor(delegate, issuer, undefined, false));
      }),
    );
    return [...direct, ...delegates.filter((answer) => answer !== undefined)];
  }

  async function collect(
    chain: readonly Certificate[],
    { notBefore }: { readonly notBefore?: Date },
  ): Promise<CollectedMaterial> {
    const [signer] = chain;
    if (signer === undefined) return { ocsps: [], crls: [], certificates: [] };
    const path = await issuers.complete(signer, chain);
    return materialOf(path, await gather(path, notBefore, (attempt) => attempt));
  }

  async function checkBeforeSigning(certificate: Certificate, chain: readonly Certificate[]): Promise<SigningCheck> {
    const checkedAt = clock.now();
    const path = await issuers.complete(certificate, chain);
    // Nobody is asked about a certificate whose dates alone forbid to sign.
    const answersNow =
      datesOf([certificate], checkedAt) === undefined
        ? await gather(path, undefined, (attempt) => attempt.catch(() => undefined))
        : [];
    const material = materialOf(path, answersNow);
    const result = findPath(certificate, {
      anchors,
      intermediates: [...chain, ...material.certificates],
      at: checkedAt,
      revocation: material,
    });
    const status = statusOf(certificate, path, result, checkedAt);
    return {
      status,
      checkedAt,
      path: result.path ?? [],
      findings: result.revocation,
      evidence: evidenceOf(material),
      refusal: refusalOf(status, certificate),
    };
  }

  return { collect, checkBeforeSigning };
}

function keyOf(certificate: Certificate): string {
  return certificate.fingerprint;
}

function isFresh(answer: Answer, notBefore: Date | undefined): boolean {
  return notBefore === undefined || answer.producedAt >= notBefore;
}

function isWithinSameSecond(answer: Answer, notBefore: Date | undefined): boolean {
  if (notBefore === undefined || answer.kind !== 'ocsp' || isFresh(answer, notBefore)) return false;
  return answer.producedAt.getTime() >= Math.floor(notBefore.getTime() / SECOND_MS) * SECOND_MS;
}

function materialOf(path: readonly Certificate[], answers: readonly Answer[]): CollectedMaterial {
  const certificates = new Map(path.map((certificate) => [certificate.fingerprint, certificate]));
  const ocsps = new Set<OcspResponse>();
  const crls = new Set<CertificateList>();
  for (const answer of answers) {
    if (answer.kind === 'crl') crls.add(answer.list);
    else {
      ocsps.add(answer.response);
      certificates.set(answer.responder.fingerprint, answer.responder);
    }
  }
  return { ocsps: [...ocsps], crls: [...crls], certificates: [...certificates.values()] };
}

function evidenceOf(material: CollectedMaterial): SigningEvidence[] {
  return [
    ...material.certificates.map(({ der }) => ({ kind: 'certificate' as const, der })),
    ...material.ocsps.map(({ raw }) => ({ kind: 'ocsp' as const, der: raw })),
    ...material.crls.map(({ raw }) => ({ kind: 'crl' as const, der: raw })),
  ];
}

function datesOf(path: readonly Certificate[], at: Date): 'expired' | 'not-yet-valid' | undefined {
  if (path.some(({ notAfter }) => notAfter < at)) return 'expired';
  return path.some(({ notBefore }) => at < notBefore) ? 'not-yet-valid' : undefined;
}

function statusOf(
  certificate: Certificate,
  path: readonly Certificate[],
  result: PathResult,
  at: Date,
): SigningCheck['status'] {
  const own = datesOf([certificate], at);
  if (own !== undefined) return own;
  const problems = new Set(result.problems);
  if (problems.has('REVOKED')) return 'revoked';
  const issuersDates = datesOf(path, at);
  if (issuersDates !== undefined) return issuersDates;
  const onlyUnknown = result.path !== undefined && problems.size === 1 && problems.has('REVOCATION_UNKNOWN');
  if (onlyUnknown) return 'unknown';
  return result.path === undefined || problems.size > 0 ? 'untrusted' : 'good';
}

const REFUSALS: Record<Exclude<SigningCheck['status'], 'good'>, ProblemCode> = {
  revoked: 'CERTIFICATE_REVOKED',
  expired: 'CERTIFICATE_EXPIRED',
  'not-yet-valid': 'CERTIFICATE_NOT_YET_VALID',
  untrusted: 'CERTIFICATE_UNTRUSTED',
  unknown: 'REVOCATION_UNKNOWN',
};

function refusalOf(status: SigningCheck['status'], certificate: Certificate): AppError | undefined {
  return status === 'good' ? undefined : new AppError(REFUSALS[status], { extra: { serial: certificate.serial } });
}

function tryLater(certificate: Certificate, answer: Answer, notBefore: Date): AppError {
  const has = answer.producedAt.toISOString();
  const wants = notBefore.toISOString();
  return new AppError('TRY_LATER', {
    detail: {
      vi: `Thông tin thu hồi của chứng thư ${certificate.serial} có từ ${has}, cần từ ${wants} trở đi.`,
      en: `The revocation answer for certificate ${certificate.serial} is from ${has}; one from ${wants} on is needed.`,
    },
    extra: { producedAt: has, notBefore: wants },
  });
}
