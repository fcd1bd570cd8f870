/** What signing commands share: a key from a PKCS#12 file, time-stamps and revocation answers over the network. */
import { openPkcs12, rawSigner, schemeFor } from '../engines/crypto/index.ts';
import type { LocalSigner, TimestampSource, ValidationMaterialSource } from '../engines/pades/index.ts';
import {
  createHttpTransport,
  createMaterialSource,
  createTimestampSource,
  loadTrust,
  type TrustStore,
} from '../platform/trust/index.ts';
import { AppError, systemClock } from '../shared/index.ts';
import { readInput, readSecret } from './files.ts';

/** @throws FILE_UNREADABLE, P12_*. */
export async function openSigner(p12File: string, pinFile: string): Promise<LocalSigner> {
  const { privateKey, certificate, chain } = await openPkcs12(await readInput(p12File), await readSecret(pinFile));
  const scheme = schemeFor(certificate);
  return { certificate, chain, scheme, sign: rawSigner(privateKey, scheme) };
}

export interface Services {
  readonly trust: TrustStore;
  readonly timestamp: TimestampSource | undefined;
  readonly material: ValidationMaterialSource;
}

/**
 * Clients of the authorities that the user named, while `work` lasts. The named time-stamp server may be inside the hospital's network;
 * every other private address is refused unless listed in `allowPrivate`. @throws USAGE when `tsa` is no address.
 */
export async function withServices(
  options: { readonly trust?: string; readonly tsa?: string; readonly allowPrivate?: readonly string[] },
  work: (services: Services) => Promise<void>,
): Promise<void> {
  const { tsa, allowPrivate = [] } = options;
  if (tsa !== undefined && !/^https?:/.test(URL.parse(tsa)?.protocol ?? '')) {
    throw new AppError('USAGE', {
      detail: { vi: '--tsa phải là địa chỉ http(s)', en: '--tsa must be an http(s) address' },
    });
  }
  const clock = systemClock;
  const trust: TrustStore =
    options.trust === undefined ? { signers: [], tsa: [], development: [] } : await loadTrust(options.trust);
  const transport = createHttpTransport({
    allowPrivate: [...(tsa === undefined ? [] : [new URL(tsa).host]), ...allowPrivate],
  });
  try {
    await work({
      trust,
      timestamp:
        tsa === undefined ? undefined : createTimestampSource({ urls: [tsa], transport, clock, anchors: trust.tsa }),
      material: createMaterialSource({ transport, clock, anchors: trust.signers, timestampAnchors: trust.tsa }),
    });
  } finally {
    await transport.close();
  }
}
