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
import type { Clock } from '../shared/index.ts';
import { readInput } from './files.ts';

/** @throws FILE_UNREADABLE, P12_*. */
export async function openSigner(p12File: string, pinFile: string): Promise<LocalSigner> {
  const pin = new TextDecoder().decode(await readInput(pinFile)).replace(/\r?\n$/, '');
  const { privateKey, certificate, chain } = await openPkcs12(await readInput(p12File), pin);
  const scheme = schemeFor(certificate);
  return { certificate, chain, scheme, sign: rawSigner(privateKey, scheme) };
}

export interface Services {
  readonly trust: TrustStore;
  readonly timestamp: TimestampSource | undefined;
  readonly material: ValidationMaterialSource;
  close(): Promise<void>;
}

/**
 * Clients of the authorities that the user named. The named time-stamp server may be inside the hospital's network; every other
 * private address is refused unless listed in `allowPrivate`.
 */
export async function openServices(options: {
  trustDir: string | undefined;
  tsa: string | undefined;
  allowPrivate: readonly string[];
  clock: Clock;
}): Promise<Services> {
  const { clock } = options;
  const trust: TrustStore =
    options.trustDir === undefined ? { signers: [], tsa: [], development: [] } : await loadTrust(options.trustDir);
  const named = options.tsa === undefined ? [] : [new URL(options.tsa).host];
  const transport = createHttpTransport({ allowPrivate: [...named, ...options.allowPrivate] });
  return {
    trust,
    timestamp:
      options.tsa === undefined
        ? undefined
        : createTimestampSource({ urls: [options.tsa], transport, clock, anchors: trust.tsa }),
    material: createMaterialSource({ transport, clock, anchors: trust.signers, timestampAnchors: trust.tsa }),
    close: () => transport.close(),
  };
}
