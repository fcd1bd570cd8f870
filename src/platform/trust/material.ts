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
  /** Answers are asked for again after so long even if they claim to be good for longer; default 5 minutes and 1 hour. */
  readonly keepOcspMs?: number;
  readonly keepCrlMs?: number;
  /** Waits in real time; given by tests whose clock stands still. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

interface OcspEntry {
  readonly kind: 'ocsp';
  readonly response: OcspResponse;
  readonly responder: Certificate;
}

interface CrlEntry {
  readonly kind: 'crl';
  readonly list: CertificateList;
}

type Answer = (OcspEntry | CrlEntry) & {
  /** producedAt of OCSP, thisUpdate of a CRL: the state is known as of then. */
  readonly producedAt: Date;
  readonly nextUpdate: Date | undefined;
  readonly askedAt: Date;
};

/** What an answer must fulfil. */
interface Need {
  readonly notBefore: Date | undefined;
  /** An older answer is of no use. */
  readonly mustBeFresh: boolean;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

export function createMaterialSource(options: MaterialSourceOptions): MaterialSource {
  const { transport, clock, anchors } = options;
  const timeoutMs = options.timeoutMs ?? 10 * SECOND_MS;
  const maxBytes = options.maxCrlBytes ?? 64 * 1024 * 1024;
  const wait = options.wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  const issuers = createIssuerFinder({ transport, clock, anchors: [...anchors, ...(options.timestampAnchors ?? [])] });
  const ocsps = createBoundedCache<Answer>(clock, 5_000);
  const lists = createBoundedCache<Answer>(clock, 50);
  const keepMs = { ocsp: options.keepOcspMs ?? 5 * MINUTE_MS, crl: options.keepCrlMs ?? 60 * MINUTE_MS };
  const underway = new Map<string, Promise<Answer>>();

  /** The remembered answer if it will do, else a new one; asked for once, however many wait for it. */
  async function remembered(key: string, need: Need, fetch: () => Promise<Answer>): Promise<Answer> {
    const askedAt = clock.now();
    const cache = key.startsWith('ocsp') ? ocsps : lists;
    const known = cache.get(key);
    if (known !== undefined && suffices(known, need)) return known;
    const pending = underway.get(key);
    if (pending !== undefined) {
      const answer = await pending;
      if (suffices(answer, need)) return answer;
    }
    const fetching = fetch();
    underway.set(key, fetching);
    try {
      const answer = await fetching;
      const ours = askedAt.getTime() + keepMs[answer.kind];
      cache.put(key, answer, new Date(Math.min(ours, answer.nextUpdate?.getTime() ?? ours)));
      return answer;
    } finally {
      if (underway.get(key) === fetching) underway.delete(key);
    }
  }

  async function fromOcsp(certificate: Certificate, issuer: Certificate): Promise<Answer> {
    const askedAt = clock.now();
    const answer = await askOcsp(certificate, issuer, { transport, clock, timeoutMs });
    const { response, single, responder, producedAt } = answer;
    return { kind: 'ocsp', response, responder, producedAt, nextUpdate: single.nextUpdate, askedAt };
  }

  async function fromCrl(certificate: Certificate, issuer: Certificate): Promise<Answer> {
    const askedAt = clock.now();
    const list = await fetchCrl(certificate, issuer, { transport, clock, timeoutMs, maxBytes });
    return { kind: 'crl', list, producedAt: list.thisUpdate, nextUpdate: list.nextUpdate, askedAt };
  }

  /** OCSP first, then CRL; the first that is fresh, else the first at all. Throws OCSP_UNAVAILABLE when neither answers. */
  async function ask(certificate: Certificate, issuer: Certificate, need: Need): Promise<Answer> {
    const listKey = `crl ${issuer.fingerprint} ${certificate.crlUrls.join(' ')}`;
    const sources = [
      { urls: certificate.ocspUrls, key: `ocsp ${certificate.fingerprint}`, fetch: fromOcsp },
      { urls: certificate.crlUrls, key: listKey, fetch: fromCrl },
    ];
    const failures: unknown[] = [];
    let stale: Answer | undefined;
    for (const { urls, key, fetch } of sources) {
      if (urls.length === 0) continue;
      try {
        const answer = await remembered(key, need, () => fetch(certificate, issuer));
        if (isFresh(answer, need.notBefore)) return answer;
        stale ??= answer;
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (stale !== undefined) return stale;
    throw new AppError('OCSP_UNAVAILABLE', {
      detail: {
        vi: `Không kiểm tra được trạng thái của chứng thư số ${certificate.serial}.`,
        en: `The status of certificate ${certificate.serial} cannot be had.`,
      },
      cause: new AggregateError(failures, 'revocation'),
    });
  }

  /**
   * The answer about one certificate. The certificate at the head of a chain needs one from `notBefore` on, else TRY_LATER
   * (EN 319 102-1 §5.2.5.4 asks freshness of the signing certificate). For CA certificates a newer one is asked for, but a
   * current one is enough: roots publish twice a year.
   */
  async function answerFor(certificate: Certificate, issuer: Certificate, need: Need): Promise<Answer> {
    let answer = await ask(certificate, issuer, need);
    if (need.mustBeFresh && isWithinSameSecond(answer, need.notBefore)) {
      // OCSP answers carry whole seconds, time-stamps may carry fractions: the next second decides.
      await wait(SECOND_MS);
      answer = await ask(certificate, issuer, need);
    }
    if (need.mustBeFresh && need.notBefore !== undefined && !isFresh(answer, need.notBefore)) {
      throw tryLater(certificate, answer, need.notBefore);
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
        settle(answerFor(certificate, path[index + 1] ?? certificate, { notBefore, mustBeFresh: index === 0 })),
      ),
    );
    const direct = found.filter((answer) => answer !== undefined);
    const delegates = await Promise.all(
      direct.map(async (answer) => {
        const delegate = answer.kind === 'ocsp' ? answer.responder : undefined;
        // RFC 6960 §4.2.2.2.1: a responder with nocheck is trusted for its lifetime; a CA is a link of its own.
        if (delegate === undefined || delegate.ocspNoCheck || delegate.basicConstraints?.ca === true) return undefined;
        const [, issuer] = await issuers.complete(delegate, path);
        return issuer === undefined
          ? undefined
          : settle(answerFor(delegate, issuer, { notBefore: undefined, mustBeFresh: false }));
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

function isFresh(answer: Answer, notBefore: Date | undefined): boolean {
  return notBefore === undefined || answer.producedAt >= notBefore;
}

/** Fresh, or nothing newer was to be had when last asked and an older one will do. */
function suffices(answer: Answer, { notBefore, mustBeFresh }: Need): boolean {
  return isFresh(answer, notBefore) || (!mustBeFresh && notBefore !== undefined && answer.askedAt >= notBefore);
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
      vi: `Thông tin thu hồi của chứng thư số ${certificate.serial} có từ ${has}, cần từ ${wants} trở đi.`,
      en: `The revocation answer for certificate ${certificate.serial} is from ${has}; one from ${wants} on is needed.`,
    },
    extra: { producedAt: has, notBefore: wants },
  });
}
