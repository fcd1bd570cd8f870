import { createPrivateKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { measure, orMissing, type Rate } from './measure.ts';
import { run } from './place.ts';

export type Algorithm = 'RSA-2048' | 'P-256';

/** A PKCS#12 file with a key of the named algorithm. */
export interface SigningKey {
  p12: string;
  passphrase: string;
  /** The same key with its certificate but not the issuers', for readers that know RSA only. */
  alone: string;
}

export type SigningKeys = Record<Algorithm, SigningKey>;

async function openKey({ p12, passphrase }: SigningKey): Promise<KeyObject> {
  return createPrivateKey(
    await run('openssl', ['pkcs12', '-in', p12, '-nocerts', '-nodes', '-passin', `pass:${passphrase}`]),
  );
}

/**
 * The floor under every signer: one signature by `node:crypto` over as many bytes as signed attributes have, nothing else.
 * What a signer takes on top of it is its own work.
 */
export async function rateRawSigning(keys: SigningKeys, seconds: number): Promise<Rate[]> {
  const attributes = randomBytes(220);
  const rates: Rate[] = [];
  for (const algorithm of Object.keys(keys) as Algorithm[]) {
    const key = await openKey(keys[algorithm]);
    rates.push(await measure(`node:crypto ${algorithm}`, seconds, () => sign('sha256', attributes, key)));
  }
  return rates;
}

/** `openssl speed`, which counts processor time only. */
export function rateOpenssl(seconds: number): Promise<Rate[]> {
  return orMissing('openssl speed', async () => {
    const whole = String(Math.max(1, Math.round(seconds)));
    const output = await run('openssl', ['speed', '-seconds', whole, '-mr', 'rsa2048', 'ecdsap256']);
    return [
      readSpeed('RSA-2048', /^\+F2:\d+:2048:([\d.]+):/m, output),
      readSpeed('P-256', /^\+F4:\d+:256:([\d.]+):/m, output),
    ];
  });
}

function readSpeed(algorithm: Algorithm, line: RegExp, output: string): Rate {
  const ratePerSecond = Number(line.exec(output)?.[1]);
  if (!(ratePerSecond > 0)) throw new Error('openssl speed printed no rate');
  return { name: `openssl speed ${algorithm}`, ratePerSecond, cpuMs: 1000 / ratePerSecond };
}
