/** The delegated OCSP responder (RFC 6960), honest unless a fault is switched on. */
import {
  buildOcspFailure,
  buildOcspResponse,
  type OcspAnswer,
  type OcspCertId,
  type OcspSingleResponse,
  ocspCertId,
  parseOcspRequest,
  rawSigner,
  sameBytes,
  schemeFor,
} from '../../../engines/crypto/index.ts';
import type { Clock } from '../../../shared/index.ts';
import { issueCertificate, wholeSecond } from './certificates.ts';
import { generateKey } from './keys.ts';
import type { AuthorityFaults, Holder } from './types.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface OcspResponderParts {
  readonly clock: Clock;
  readonly issuer: Holder;
  readonly responder: Holder;
  readonly faults: () => AuthorityFaults;
  /** State of a serial of `issuer` at a moment. */
  readonly statusOf: (serial: string, at: Date) => OcspSingleResponse['status'];
}

/** Returns request → response, both DER. Answers are made now, good for a day, without fractions of a second (NSS refuses them). */
export function createOcspResponder(parts: OcspResponderParts): (request: Uint8Array) => Promise<Uint8Array> {
  const { clock } = parts;
  let stranger: Promise<Holder> | undefined;

  return async (request) => {
    const { ocsp: fault, ocspAgeMs = 0 } = parts.faults();
    if (fault === 'try-later') return buildOcspFailure('try-later');
    const asked = readRequest(request);
    if (asked === undefined) return buildOcspFailure('malformed-request');
    if (!asked.certIds.every((certId) => isOurs(certId, parts))) return buildOcspFailure('unauthorized');
    if (fault === 'unauthorized-responder') stranger ??= makeStranger(parts);
    const holder = (fault === 'unauthorized-responder' ? await stranger : undefined) ?? parts.responder;
    const at = wholeSecond(new Date(clock.now().getTime() - ocspAgeMs));
    const answers = asked.certIds.map(
      (certId): OcspAnswer => ({
        certId,
        status: fault === 'unknown' ? { kind: 'unknown' } : parts.statusOf(certId.serial, at),
        thisUpdate: at,
        nextUpdate: new Date(at.getTime() + DAY_MS),
      }),
    );
    const scheme = schemeFor(holder.certificate);
    const sign = rawSigner(holder.privateKey, scheme);
    return buildOcspResponse(
      { answers, producedAt: at, ...echoedNonce(asked.nonce, fault) },
      {
        certificate: holder.certificate,
        send: [holder.certificate],
        scheme,
        sign: fault === 'broken-signature' ? (message) => sign(message.map((byte) => byte ^ 0x01)) : sign,
      },
    );
  };
}

function readRequest(request: Uint8Array): ReturnType<typeof parseOcspRequest> | undefined {
  try {
    return parseOcspRequest(request);
  } catch {
    return undefined;
  }
}

/** True if the question is about a certificate of our issuer, as the responder's own is. */
function isOurs(certId: OcspCertId, { issuer, responder }: OcspResponderParts): boolean {
  const ours = ocspCertId(responder.certificate, issuer.certificate, certId.digest);
  return sameBytes(certId.issuerNameHash, ours.issuerNameHash) && sameBytes(certId.issuerKeyHash, ours.issuerKeyHash);
}

function echoedNonce(nonce: Uint8Array | undefined, fault: AuthorityFaults['ocsp']): { nonce?: Uint8Array } {
  if (nonce === undefined) return {};
  return { nonce: fault === 'wrong-nonce' ? nonce.map((byte) => byte ^ 0x01) : nonce };
}

/** A certificate of the same CA that nobody allowed to speak about others. */
async function makeStranger({ clock, issuer }: OcspResponderParts): Promise<Holder> {
  const now = clock.now().getTime();
  const privateKey = await generateKey('P-256');
  const certificate = await issueCertificate({
    subject: { commonName: 'Không phải OCSP (thử)' },
    profile: { kind: 'person', keyUsage: ['digitalSignature'] },
    privateKey,
    issuer,
    from: new Date(now - DAY_MS),
    to: new Date(now + 30 * DAY_MS),
    whereabouts: {},
  });
  return { certificate, privateKey };
}
