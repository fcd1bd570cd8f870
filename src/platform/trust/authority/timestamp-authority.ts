/** The time-stamp authority (RFC 3161), honest unless a fault is switched on. */
import { randomBytes } from 'node:crypto';
import {
  buildTimestampResponse,
  buildTimestampToken,
  parseTimestampRequest,
  rawSigner,
  schemeFor,
  type TimestampRequestInput,
  type TstInfo,
} from '../../../engines/crypto/index.ts';
import type { Clock } from '../../../shared/index.ts';
import { issueCertificate, type Whereabouts, wholeSecond } from './certificates.ts';
import { generateKey } from './keys.ts';
import type { AuthorityFaults, Holder } from './types.ts';

/** Policy of the tokens; an arc of the examples, like everything here without legal value. */
const TSA_POLICY = '2.999.3161.1';
const OTHER_POLICY = '2.999.3161.2';
const DAY_MS = 24 * 60 * 60 * 1000;

export interface TimestampAuthorityParts {
  readonly clock: Clock;
  readonly issuer: Holder;
  readonly tsa: Holder;
  readonly whereabouts: Whereabouts;
  readonly faults: () => AuthorityFaults;
}

/**
 * Returns request → response, both DER. genTime has whole seconds, so that an OCSP answer of the same second is not older than
 * the time-stamp it must follow; the accuracy states the second.
 */
export function createTimestampAuthority(parts: TimestampAuthorityParts): (request: Uint8Array) => Promise<Uint8Array> {
  const impostors = new Map<string, Promise<Holder>>();

  /** A certificate with a flaw, made when first needed. */
  function flawed(fault: 'expired-certificate' | 'wrong-purpose'): Promise<Holder> {
    const known = impostors.get(fault);
    if (known !== undefined) return known;
    const made = makeFlawed(fault, parts);
    impostors.set(fault, made);
    return made;
  }

  return async (request) => {
    const { tsa: fault, tsaSkewMs = 0 } = parts.faults();
    const asked = readRequest(request);
    if (asked === undefined) return buildTimestampResponse({ status: 'rejection', failInfo: 'badDataFormat' });
    if (fault === 'rejection') return buildTimestampResponse({ status: 'rejection', failInfo: 'systemFailure' });
    if (asked.digest === 'SHA-1') return buildTimestampResponse({ status: 'rejection', failInfo: 'badAlg' });
    if (asked.policy !== undefined && asked.policy !== TSA_POLICY) {
      return buildTimestampResponse({ status: 'rejection', failInfo: 'unacceptedPolicy' });
    }
    const holder = fault === 'expired-certificate' || fault === 'wrong-purpose' ? await flawed(fault) : parts.tsa;
    const scheme = schemeFor(holder.certificate);
    const sign = rawSigner(holder.privateKey, scheme);
    const info: TstInfo = {
      policy: fault === 'wrong-policy' ? OTHER_POLICY : TSA_POLICY,
      digest: asked.digest,
      imprint: fault === 'wrong-imprint' ? asked.imprint.map((byte) => byte ^ 0xff) : asked.imprint,
      serial: randomSerial(),
      time: wholeSecond(new Date(parts.clock.now().getTime() + tsaSkewMs)),
      accuracyMs: 1000,
      ...echoedNonce(asked, fault),
    };
    const token = await buildTimestampToken(
      info,
      {
        certificate: holder.certificate,
        chain: [parts.issuer.certificate],
        scheme,
        sign: fault === 'broken-signature' ? (message) => sign(message.map((byte) => byte ^ 0x01)) : sign,
      },
      asked.certReq,
    );
    return buildTimestampResponse({ status: 'granted', token });
  };
}

function readRequest(request: Uint8Array): TimestampRequestInput | undefined {
  try {
    return parseTimestampRequest(request);
  } catch {
    return undefined;
  }
}

function echoedNonce(asked: TimestampRequestInput, fault: AuthorityFaults['tsa']): { nonce?: Uint8Array } {
  if (asked.nonce === undefined || fault === 'missing-nonce') return {};
  return { nonce: fault === 'wrong-nonce' ? asked.nonce.map((byte) => byte ^ 0x01) : asked.nonce };
}

async function makeFlawed(
  fault: 'expired-certificate' | 'wrong-purpose',
  { clock, issuer, whereabouts }: TimestampAuthorityParts,
): Promise<Holder> {
  const now = clock.now().getTime();
  const privateKey = await generateKey('P-256');
  const expired = fault === 'expired-certificate';
  const certificate = await issueCertificate({
    subject: { commonName: expired ? 'TSA hết hạn (thử)' : 'Không phải TSA (thử)' },
    profile: expired ? { kind: 'tsa' } : { kind: 'person', keyUsage: ['digitalSignature'] },
    privateKey,
    issuer,
    from: new Date(now - 30 * DAY_MS),
    to: new Date(expired ? now - DAY_MS : now + 30 * DAY_MS),
    whereabouts,
  });
  return { certificate, privateKey };
}

function randomSerial(): string {
  return BigInt(`0x01${randomBytes(8).toString('hex')}`).toString(16);
}
