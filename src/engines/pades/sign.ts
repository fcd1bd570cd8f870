/** Signing in one step with a key at hand. */
import { AppError } from '../../shared/index.ts';
import { algorithmOf, buildSignedData, type Certificate, verifySignature } from '../crypto/index.ts';
import { completeCms, type EmbedOptions } from './embed.ts';
import { extend } from './extend.ts';
import { layOut } from './layout.ts';
import type { EmbeddedSignature, Level, LocalSigner, PrepareOptions, ValidationMaterialSource } from './types.ts';

export type SignOptions = Omit<PrepareOptions, 'certificate' | 'chain' | 'scheme'> &
  EmbedOptions & {
    /** Absent: B-T with `timestamp`, else B-B. B-LT and B-LTA need `timestamp`, `material`, `anchors` and `at`. */
    readonly level?: Level;
    readonly material?: ValidationMaterialSource;
    readonly anchors?: readonly Certificate[];
    readonly timestampAnchors?: readonly Certificate[];
    /** Moment as of which the certificates are judged for B-LT; default: `claimedTime`. */
    readonly at?: Date;
  };

/** A signed file, the level reached, and why it is less than was asked for (`debt`, `reasons` of `extend`). */
export interface Signed extends Omit<EmbeddedSignature, 'level'> {
  readonly level: Level;
  readonly reasons: readonly string[];
}

/** Held for a token whose size nobody stated; most are 3 to 6 kB. */
const FIRST_TOKEN_RESERVE = 8192;

/**
 * Signs with a local key and extends to the level wanted. If a token proves larger than its place, the signature is made anew with
 * enough room (the key is at hand, nobody has to approve again). Verifies before embedding. Throws as `prepare`, `embed` and `extend`,
 * and USAGE if the level needs services that are not given.
 */
export async function sign(pdf: Uint8Array, signer: LocalSigner, options: SignOptions): Promise<Signed> {
  const { timestamp, material, anchors } = options;
  const level = options.level ?? (timestamp === undefined ? 'B-B' : 'B-T');
  if (level === 'B-B') return { ...(await signOnce(pdf, signer, withoutTimestamp(options))), reasons: [] };
  if (timestamp === undefined) throw missing('timestamp');
  if (level === 'B-T') return { ...(await signOnce(pdf, signer, options)), reasons: [] };
  if (material === undefined || anchors === undefined) throw missing('material, anchors');
  const signed = await signOnce(pdf, signer, options);
  const extended = await extend(signed.pdf, level, {
    timestamp,
    material,
    anchors,
    at: options.at ?? options.claimedTime,
    ...(options.timestampAnchors !== undefined && { timestampAnchors: options.timestampAnchors }),
  });
  return { ...signed, pdf: extended.pdf, level: extended.reached, reasons: extended.reasons };
}

function withoutTimestamp(options: SignOptions): SignOptions {
  const { timestamp: _, ...rest } = options;
  return rest;
}

function missing(what: string): AppError {
  return new AppError('USAGE', { detail: { vi: `Thiếu tham số: ${what}.`, en: `Missing options: ${what}.` } });
}

async function signOnce(pdf: Uint8Array, signer: LocalSigner, options: SignOptions): Promise<EmbeddedSignature> {
  const { certificate, chain, scheme } = signer;
  const expected = options.timestamp === undefined ? 0 : FIRST_TOKEN_RESERVE;
  const whole = { ...options, certificate, chain, scheme, timestampReserve: options.timestampReserve ?? expected };
  let margin = 0;
  for (let attempt = 0; ; attempt++) {
    const layout = layOut(pdf, whole, margin);
    const { signedAttributes: attributes } = layout;
    const signature = await signer.sign(attributes);
    if (!verifySignature(certificate, algorithmOf(scheme), attributes, signature)) {
      throw new AppError('SIGNATURE_VALUE_WRONG');
    }
    const cms = buildSignedData({ attributes, signature, scheme, certificates: [certificate, ...chain] });
    try {
      // While the place can still be widened, a token that does not fit is no reason to go without.
      const first = attempt === 0 ? { ...options, allowWithoutTimestamp: false } : options;
      return await completeCms(pdf, layout, cms, signature, scheme, first);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      if (thrown.code === 'SIGNATURE_TOO_LARGE' && attempt === 0) {
        margin = Number(thrown.extra.needed) - Number(thrown.extra.reserved) + 512;
        continue;
      }
      if (thrown.code === 'TSA_UNAVAILABLE' && options.allowWithoutTimestamp === true) {
        return { ...(await completeCms(pdf, layout, cms, signature, scheme, {})), debt: 'TSA_UNAVAILABLE' };
      }
      throw thrown;
    }
  }
}
