/** AWS Signature Version 4 of a request, with the key of a day derived once a day instead of once a request. */
import { createHmac } from 'node:crypto';
import { sha256Hex } from '../../../shared/index.ts';

export interface Signable {
  readonly method: string;
  /** As it is sent, encoded, with its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Keys {
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Not signed, since proxies may change them; the signed digest of the body fixes its length. */
const UNSIGNED = new Set(['authorization', 'content-length', 'content-type', 'user-agent']);

/**
 * A signer: the headers to add to a request, given the SHA-256 of its body in hexadecimal, or `UNSIGNED-PAYLOAD`. Without an access key
 * nothing is signed: the request is anybody's.
 */
export function createSigner({ region, accessKey, secretKey }: Keys) {
  let key: { readonly day: string; readonly bytes: Buffer } | undefined;
  const keyOf = (day: string): Buffer => {
    if (key?.day !== day) {
      const parts = [day, region, 's3', 'aws4_request'];
      key = { day, bytes: parts.reduce((made, part) => hmac(made, part).digest(), Buffer.from(`AWS4${secretKey}`)) };
    }
    return key.bytes;
  };
  return (request: Signable, bodySha256: string, now: Date): Record<string, string> => {
    if (accessKey === '') return {};
    const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
    const day = time.slice(0, 8);
    const added = { 'x-amz-date': time, 'x-amz-content-sha256': bodySha256 };
    const headers = Object.entries({ ...request.headers, ...added })
      .filter(([name]) => !UNSIGNED.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const names = headers.map(([name]) => name).join(';');
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = [ALGORITHM, time, scope, sha256Hex(canonical(request, headers, names, bodySha256))].join('\n');
    const signature = hmac(keyOf(day), text).digest('hex');
    const credential = `Credential=${accessKey}/${scope}`;
    return { ...added, authorization: `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}` };
  };
}

function canonical(
  { method, path }: Signable,
  headers: readonly (readonly [string, string])[],
  names: string,
  bodySha256: string,
): string {
  const [resource = '', query = ''] = path.split('?', 2);
  const parameters = query
    .split('&')
    .map((one) => (one === '' || one.includes('=') ? one : `${one}=`))
    .sort();
  const lines = headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`);
  return [method, resource, parameters.join('&'), ...lines, '', names, bodySha256].join('\n');
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text);
