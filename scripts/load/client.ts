/**
 * A client of the API as the vendor of a hospital's system should write it: time-outs, another API process when one does not answer,
 * patience with growing pauses, and the same `Idempotency-Key` for the same deed however often it is sent.
 */
import type { Tally } from './tally.ts';

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** API key. */
  readonly key: string;
  readonly json?: object;
  readonly idempotencyKey?: string;
}

export interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  /** Of the request that was answered. */
  readonly milliseconds: number;
}

export interface Client {
  /**
   * Asks until there is an answer that repeating would not change.
   * @throws GaveUp when there is none within the patience.
   */
  ask(request: Request): Promise<Answer>;
}

export class GaveUp extends Error {}

export interface ClientOptions {
  /** Base addresses; requests are spread over them. */
  readonly apis: readonly string[];
  readonly tally: Tally;
  /** Of one request. Default 15 s. */
  readonly timeoutMs?: number;
  /** Of one deed with all its repetitions. Default 5 minutes. */
  readonly patienceMs?: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

export function createClient(options: ClientOptions): Client {
  const { apis, tally, timeoutMs = 15_000, patienceMs = 300_000 } = options;
  let turn = 0;
  return {
    ask: async (request) => {
      const deadline = performance.now() + patienceMs;
      turn += 1;
      for (let attempt = 0; ; attempt += 1) {
        const api = apis[(turn + attempt) % apis.length] ?? '';
        const { answer, trouble, pauseMs } = await once(api, request, timeoutMs);
        if (answer !== undefined && trouble === undefined) return answer;
        tally.error(trouble ?? 'nothing');
        const pause = pauseMs ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
        if (performance.now() + pause > deadline) {
          throw new GaveUp(`${request.method} ${request.path}: ${trouble} after ${attempt + 1} tries`);
        }
        tally.retry();
        await sleep(pause * (0.75 + Math.random() / 2));
      }
    },
  };
}

interface Outcome {
  readonly answer?: Answer;
  /** Why it should be asked again. */
  readonly trouble?: string;
  /** How long the server asks to wait. */
  readonly pauseMs?: number;
}

async function once(api: string, request: Request, timeoutMs: number): Promise<Outcome> {
  const { method, path, key, json, idempotencyKey } = request;
  const begun = performance.now();
  let status: number;
  let bytes: Buffer;
  let retryAfter: string | null;
  try {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      body: json === undefined ? null : JSON.stringify(json),
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    retryAfter = response.headers.get('retry-after');
    // The body too must have arrived.
    bytes = Buffer.from(await response.arrayBuffer());
  } catch (thrown) {
    return { trouble: nameOf(thrown) };
  }
  const answer = { status, bytes, milliseconds: performance.now() - begun };
  const code = codeOf(bytes, status);
  if (!isPassing(status, code)) return { answer };
  const seconds = Number(retryAfter);
  return {
    answer,
    trouble: `${status} ${code}`,
    ...(retryAfter !== null && seconds > 0 ? { pauseMs: Math.min(LONGEST_PAUSE_MS, seconds * 1000) } : {}),
  };
}

/** What may be another answer in a moment. */
function isPassing(status: number, code: string): boolean {
  if (status === 429 || status === 423 || status === 408 || status >= 500) return true;
  return status === 409 && (code === 'IDEMPOTENCY_IN_PROGRESS' || code === 'REVISION_STALE');
}

function codeOf(bytes: Buffer, status: number): string {
  if (status < 400) return '';
  try {
    return String(JSON.parse(bytes.toString('utf8')).code);
  } catch {
    return 'without a problem document';
  }
}

function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.name === 'TimeoutError') return 'time-out';
  const { cause } = thrown;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE') return 'connection broken';
  return code ?? thrown.message;
}

export const sleep = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
