/** Signing in one step with a key at hand. */
import { AppError } from '../../shared/index.ts';
import { algorithmOf, buildSignedData, verifySignature } from '../crypto/index.ts';
import { completeCms, type EmbedOptions } from './embed.ts';
import { layOut } from './layout.ts';
import type { EmbeddedSignature, LocalSigner, PrepareOptions } from './types.ts';

export type SignOptions = Omit<PrepareOptions, 'certificate' | 'chain' | 'scheme'> & EmbedOptions;

/** Held for a token whose size nobody stated; most are 3 to 6 kB. */
const FIRST_TOKEN_RESERVE = 8192;

/**
 * Signs with a local key: level B-B, or B-T with `timestamp`; `extend` leads on to B-LT and B-LTA. If a token proves larger than its
 * place, the signature is made anew with enough room (the key is at hand, nobody has to approve again). Verifies before embedding.
 * Throws as `prepare` and `embed`.
 */
export async function sign(pdf: Uint8Array, signer: LocalSigner, options: SignOptions): Promise<EmbeddedSignature> {
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
      return await completeCms(pdf, layout, cms, signature, scheme, options, attempt > 0);
    } catch (thrown) {
      if (attempt > 0 || !(thrown instanceof AppError) || thrown.code !== 'SIGNATURE_TOO_LARGE') throw thrown;
      margin = Number(thrown.extra.needed) - Number(thrown.extra.reserved) + 512;
    }
  }
}
