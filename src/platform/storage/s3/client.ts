/**
 * Signed requests to an S3 store. The `minio` client addresses and sends them; everything else is ours, because its own verbs turn
 * lock headers into user metadata, repeat a PUT after a 500 (a second locked version), hide the status of an answer, and derive the
 * signing key anew for each request.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { Client } from 'minio';
import { AppError, sha256Hex } from '../../../shared/index.ts';
import { createSigner, type Signable } from './signature.ts';

export interface S3Settings {
  /** `http(s)://host[:port]`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly archiveBucket: string;
  readonly workBucket: string;
  /** PEM file of the authority behind the store's TLS certificate, when it is the hospital's own. */
  readonly caFile?: string | undefined;
}

export interface S3ClientOptions {
  /** Most connections at once; further requests wait for one. Default 32. */
  readonly connections?: number;
  /** The store may be silent for so long. Default 15 s. */
  readonly silenceMs?: number;
  /** The whole request, answer included, beside one second for each megabyte sent; five times as long for a GET. Default 60 s. */
  readonly wholeMs?: number;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Absent: the store itself. */
  readonly bucket?: string;
  readonly key?: string;
  /** Unencoded; an empty value names a sub-resource (`{ retention: '' }`). */
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as they are: also `x-amz-object-lock-*`, `Content-MD5`, `If-None-Match`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** SHA-256 of `body` in hexadecimal, if the caller has it already. */
  readonly bodySha256?: string;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** The store's own word for a refusal (`NoSuchKey`), where it gives one. */
  readonly code: string | undefined;
}

/** An owned resource: who creates it closes it. */
export interface S3Client {
  /**
   * One request, never repeated once it may have had an effect. Any status is an answer.
   * @throws STORE_UNREACHABLE when no whole answer came: then nobody knows what the request did.
   */
  request(request: S3Request): Promise<S3Answer>;
  close(): void;
}

const CONNECTIONS = 32;
const SILENCE_MS = 15_000;
const WHOLE_MS = 60_000;
/** Stores hang up on idle connections after 30 s and more; we are first, so that no request meets a connection that is being closed. */
const IDLE_MS = 8_000;

interface Exchange {
  readonly deadline: AbortSignal;
  readonly bodySha256: string;
  request?: http.ClientRequest;
  response?: http.IncomingMessage;
}

/** Path style, http or https. @throws CONFIG_INVALID (address or CA file cannot be used). */
export function createS3Client(settings: S3Settings, options: S3ClientOptions = {}): S3Client {
  const { connections = CONNECTIONS, silenceMs = SILENCE_MS, wholeMs = WHOLE_MS } = options;
  const { hostname, port, protocol } = parseEndpoint(settings.endpoint);
  const secure = protocol === 'https:';
  const pool = { keepAlive: true, maxSockets: connections, timeout: IDLE_MS };
  const agent = secure
    ? new https.Agent({ ...pool, minVersion: 'TLSv1.2', ...authority(settings.caFile) })
    : new http.Agent(pool);
  const sign = createSigner(settings);
  // The sender sends by itself: the exchange at hand tells its transport what to sign and by when, and keeps the answer that it would hide.
  const exchanges = new AsyncLocalStorage<Exchange>();
  const transport = {
    request(
      unsigned: http.RequestOptions & Signable,
      take: (response: http.IncomingMessage) => void,
    ): http.ClientRequest {
      const exchange = exchanges.getStore();
      if (exchange === undefined) throw new TypeError('a request that nobody waits for');
      const { deadline: signal, bodySha256 } = exchange;
      const headers = { ...unsigned.headers, ...sign(unsigned, bodySha256, new Date()) };
      const options = { ...unsigned, headers, signal, timeout: silenceMs };
      const request = (secure ? https : http).request(options, (response) => {
        exchange.response = response;
        take(response);
      });
      request.on('timeout', () => request.destroy(new Error(`no sign of life for ${silenceMs} ms`)));
      exchange.request = request;
      return request;
    },
  };
  const sender = new Client({
    endPoint: hostname,
    port,
    useSSL: secure,
    region: settings.region,
    pathStyle: true,
    transport: transport as unknown as typeof http,
    transportAgent: agent,
    retryOptions: { disableRetry: true },
  });

  const attempt = async (request: S3Request): Promise<S3Answer> => {
    const body = asBuffer(request.body);
    const controller = new AbortController();
    const exchange: Exchange = {
      deadline: controller.signal,
      bodySha256: secure ? 'UNSIGNED-PAYLOAD' : (request.bodySha256 ?? sha256Hex(body)),
    };
    const timer = setTimeout(
      () => controller.abort(new Error('no whole answer in time')),
      request.method === 'GET' ? 5 * wholeMs : wholeMs + body.length / 1000,
    );
    const send = () => sender.makeRequestStreamAsync(addressed(request, body), body, '', ANY_STATUS, settings.region);
    try {
      await exchanges.run(exchange, send).catch((error) => {
        // The sender throws on some statuses even when told to take any.
        if (exchange.response === undefined) throw error;
      });
      if (exchange.response === undefined) throw new TypeError('the sender has an answer that it never got');
      return await readAnswer(exchange.response);
    } catch (cause) {
      throw new Unanswered(cause, exchange.request?.reusedSocket === true);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    async request(request) {
      try {
        return await attempt(request);
      } catch (first) {
        // A kept connection that the store closed at this very moment: reading may be repeated, once, on a new one.
        const repeatable = first instanceof Unanswered && first.stale && isRead(request);
        if (!repeatable) throw unreachable(first);
        return attempt(request).catch((second) => {
          throw unreachable(second);
        });
      }
    },
    close: () => agent.destroy(),
  };
}

const ANY_STATUS = Array.from({ length: 400 }, (_, i) => 200 + i);

class Unanswered extends Error {
  readonly stale: boolean;
  constructor(cause: unknown, onKeptConnection: boolean) {
    super('the store gave no answer', { cause });
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    this.stale = onKeptConnection && (code === 'ECONNRESET' || code === 'EPIPE');
  }
}

function isRead({ method }: S3Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

function unreachable(thrown: unknown): AppError {
  const cause = thrown instanceof Unanswered ? thrown.cause : thrown;
  const { code, message } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  const reason = code ?? message ?? 'no answer';
  return new AppError('STORE_UNREACHABLE', {
    detail: { vi: `Kho S3 không trả lời (${reason}).`, en: `The S3 store did not answer (${reason}).` },
    cause,
  });
}

async function readAnswer(response: http.IncomingMessage): Promise<S3Answer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const body = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  const status = response.statusCode ?? 0;
  return { status, headers: response.headers, body, code: status < 300 ? undefined : refusalCode(response, body) };
}

/** An answer to HEAD has no body; MinIO says the code in a header. */
function refusalCode(response: http.IncomingMessage, body: Buffer): string | undefined {
  const spoken = response.headers['x-minio-error-code'];
  return typeof spoken === 'string' ? spoken : /<Code>([^<]{1,100})<\/Code>/.exec(body.toString('utf8', 0, 4096))?.[1];
}

function addressed(request: S3Request, body: Buffer) {
  const { method, bucket, key, query, headers = {} } = request;
  const length = method === 'GET' || method === 'HEAD' ? {} : { 'content-length': String(body.length) };
  return {
    method,
    headers: { ...headers, ...length },
    ...(bucket === undefined ? {} : { bucketName: bucket }),
    ...(key === undefined ? {} : { objectName: key }),
    ...(query === undefined ? {} : { query: encodeQuery(query) }),
  };
}

function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => (value === '' ? name : `${name}=${encode(value)}`))
    .join('&');
}

/** RFC 3986, as the signature wants it: `encodeURIComponent` spares five characters too many. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function asBuffer(body: Uint8Array | string | undefined): Buffer {
  if (body === undefined || typeof body === 'string') return Buffer.from(body ?? '');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function parseEndpoint(endpoint: string): { hostname: string; port: number; protocol: string } {
  const url = new URL(endpoint);
  const fits = (url.protocol === 'http:' || url.protocol === 'https:') && url.pathname === '/' && url.search === '';
  if (!fits) {
    throw new AppError('CONFIG_INVALID', {
      detail: {
        vi: 'S3_ENDPOINT phải có dạng http(s)://máy[:cổng], không có đường dẫn',
        en: 'S3_ENDPOINT must be http(s)://host[:port] without a path',
      },
    });
  }
  const port = url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol as 'http:' | 'https:'] : Number(url.port);
  return { hostname: url.hostname.replace(/^\[|\]$/g, ''), port, protocol: url.protocol };
}

function authority(caFile: string | undefined): { ca?: Buffer } {
  if (caFile === undefined) return {};
  try {
    return { ca: readFileSync(caFile) };
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', {
      detail: { vi: 'Không đọc được tệp CA của kho S3', en: 'The CA file of the S3 store cannot be read' },
      cause,
    });
  }
}
