/** The one outgoing HTTP client: time limits, size limits, proxy, own CA per upstream, and no way into the hospital's network. */
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import { AppError } from '../../shared/index.ts';
import { guardedLookup, hostOf, refuseForbiddenUrl } from './address-guard.ts';
import type { Transport, TransportAnswer, TransportRequest } from './types.ts';

export interface ProxySettings {
  /** Proxy URL for http: and https: targets (`HTTP_PROXY`, `HTTPS_PROXY`). */
  readonly http?: string;
  readonly https?: string;
  /** `NO_PROXY`: comma-separated hosts, `.suffix`, `host:port` or `*`. */
  readonly no?: string;
}

export interface HttpTransportOptions {
  readonly proxy?: ProxySettings;
  /** `host` or `host:port` of inside servers that may be contacted although their address is private. */
  readonly allowPrivate?: readonly string[];
  /** PEM of the CA to trust for a host (`host` or `host:port`), instead of the public ones. */
  readonly upstreamCa?: Readonly<Record<string, string>>;
  /** Whole exchange, default 15 s. */
  readonly timeoutMs?: number;
}

/** A transport that owns sockets. */
export type HttpTransport = Transport & { close(): Promise<void> };

const MAX_REDIRECTS = 3;
const CONNECT_TIMEOUT_MS = 5_000;
/** Until the head of the answer is there, and between two pieces of it; the whole has its own limit. */
const SILENCE_MS = 15_000;
/** Whatever the environment says (NODE_TLS_REJECT_UNAUTHORIZED, NODE_OPTIONS): nothing older, and never an unknown other end. */
const TLS = { minVersion: 'TLSv1.2', rejectUnauthorized: true, timeout: CONNECT_TIMEOUT_MS } as const;

/**
 * Makes the outgoing client. Every hop of a redirect is judged like the first address. Behind a proxy, names are resolved by
 * the proxy and so are its business; literal private addresses are refused all the same.
 */
export function createHttpTransport(options: HttpTransportOptions = {}): HttpTransport {
  const dispatchers = new Map<string, Dispatcher>();
  const allowed = new Set((options.allowPrivate ?? []).map((host) => host.toLowerCase()));

  function dispatcherFor(url: URL): Dispatcher {
    const isAllowed = listed(allowed, url);
    refuseForbiddenUrl(url, isAllowed);
    const ca = options.upstreamCa?.[url.host] ?? options.upstreamCa?.[url.hostname];
    const proxy = proxyFor(url, options.proxy);
    const key = JSON.stringify([isAllowed, ca === undefined ? null : url.host, proxy]);
    const known = dispatchers.get(key);
    if (known !== undefined) return known;
    const tls = ca === undefined ? TLS : { ...TLS, ca };
    const waits = { headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS };
    const made =
      proxy === undefined
        ? new Agent({ ...waits, connect: { ...tls, ...(isAllowed ? {} : { lookup: guardedLookup }) } })
        : new ProxyAgent({ ...waits, uri: proxy, proxyTunnel: false, requestTls: tls, proxyTls: proxyTls(proxy) });
    dispatchers.set(key, made);
    return made;
  }

  /** A proxy that is spoken to by https has a certificate, and perhaps a CA, of its own. */
  function proxyTls(proxy: string) {
    const { host, hostname } = parseUrl(proxy);
    const ca = options.upstreamCa?.[host] ?? options.upstreamCa?.[hostname];
    return ca === undefined ? TLS : { ...TLS, ca };
  }

  async function send(wanted: TransportRequest): Promise<TransportAnswer> {
    const signal = AbortSignal.timeout(wanted.timeoutMs ?? options.timeoutMs ?? 15_000);
    let url = parseUrl(wanted.url);
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const answer = await exchange(url, wanted, dispatcherFor(url), signal);
      const location = redirectTarget(answer, wanted.method);
      if (location === undefined) return readAnswer(url, answer, wanted.maxBytes, signal);
      answer.body.on('error', () => undefined).destroy();
      url = parseUrl(location, url);
    }
    throw new AppError('OUTGOING_FAILED', {
      detail: { vi: `${url.host} chuyển hướng quá nhiều lần.`, en: `${url.host} redirects too often.` },
    });
  }

  const close = async () => {
    await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.close()));
    dispatchers.clear();
  };
  return Object.assign(send, { close });
}

async function exchange(
  url: URL,
  wanted: TransportRequest,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  try {
    return await request(`${url.origin}${url.pathname}${url.search}`, {
      method: wanted.method,
      dispatcher,
      signal,
      headers: {
        'user-agent': 'antin',
        ...(wanted.contentType === undefined ? {} : { 'content-type': wanted.contentType }),
        ...(wanted.accept === undefined ? {} : { accept: wanted.accept }),
        ...(url.username === '' ? {} : { authorization: basicCredentials(url) }),
      },
      ...(wanted.body === undefined ? {} : { body: Buffer.from(wanted.body) }),
    });
  } catch (thrown) {
    throw outgoingError(url, thrown, signal);
  }
}

async function readAnswer(
  url: URL,
  answer: Dispatcher.ResponseData,
  maxBytes: number,
  signal: AbortSignal,
): Promise<TransportAnswer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of answer.body as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > maxBytes) {
        throw new AppError('OUTGOING_TOO_LARGE', {
          detail: {
            vi: `${url.host} trả lời dài hơn ${maxBytes} byte.`,
            en: `${url.host} answers with more than ${maxBytes} bytes.`,
          },
        });
      }
      parts.push(part);
    }
  } catch (thrown) {
    throw outgoingError(url, thrown, signal);
  }
  return {
    status: answer.statusCode,
    body: new Uint8Array(Buffer.concat(parts, length)),
    contentType: headerText(answer.headers['content-type'])?.split(';', 1)[0]?.trim().toLowerCase(),
  };
}

/** A POST is repeated elsewhere only where the answer says so (RFC 9110 §15.4.8, §15.4.9). */
function redirectTarget(answer: Dispatcher.ResponseData, method: 'GET' | 'POST'): string | undefined {
  const follows = method === 'GET' ? [301, 302, 303, 307, 308] : [307, 308];
  return follows.includes(answer.statusCode) ? headerText(answer.headers.location) : undefined;
}

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function basicCredentials(url: URL): string {
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

function parseUrl(text: string, base?: URL): URL {
  if (URL.canParse(text, base)) return new URL(text, base);
  throw new AppError('OUTGOING_REFUSED', {
    detail: { vi: 'Địa chỉ không phải là URL hợp lệ.', en: 'The address is not a valid URL.' },
  });
}

function listed(hosts: ReadonlySet<string>, url: URL): boolean {
  return hosts.has(hostOf(url)) || hosts.has(url.host.toLowerCase());
}

function proxyFor(url: URL, proxy: ProxySettings | undefined): string | undefined {
  const chosen = url.protocol === 'https:' ? proxy?.https : proxy?.http;
  if (chosen === undefined || chosen === '') return undefined;
  const exceptions = (proxy?.no ?? '')
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim());
  return exceptions.some((entry) => bypasses(entry, url)) ? undefined : chosen;
}

function bypasses(entry: string, url: URL): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const host = hostOf(url);
  if (entry === host || entry === url.host.toLowerCase()) return true;
  const suffix = entry.replace(/^\*?\.?/, '');
  return host.endsWith(`.${suffix}`);
}

function outgoingError(url: URL, thrown: unknown, signal: AbortSignal): AppError {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AppError) return cause;
  }
  if (signal.aborted || hasCode(thrown, /TIMEOUT/)) {
    return new AppError('OUTGOING_TIMEOUT', {
      detail: { vi: `${url.host} không trả lời kịp.`, en: `${url.host} did not answer in time.` },
      cause: thrown,
    });
  }
  return new AppError('OUTGOING_FAILED', {
    detail: { vi: `Không kết nối được ${url.host}.`, en: `${url.host} could not be reached.` },
    cause: thrown,
  });
}

function hasCode(thrown: unknown, pattern: RegExp): boolean {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && pattern.test(thrown.code);
}
