/** Reading a request body: bounded in size and time, strict in form. */
import type { z } from 'zod';
import { parseShape } from '../forms/index.ts';
import { AppError } from '../shared/index.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** The whole body must have arrived within this time. */
  readonly timeoutMs: number;
}

/** @throws REQUEST_TOO_LARGE, REQUEST_TOO_SLOW, REQUEST_MALFORMED (connection broken). */
export async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get('content-length') ?? 0) > limits.maxBytes) throw tooLarge(limits);
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const { promise: slow, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new AppError('REQUEST_TOO_SLOW')), limits.timeoutMs);
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), slow]);
      if (done) break;
      size += value.length;
      if (size > limits.maxBytes) throw tooLarge(limits);
      chunks.push(value);
    }
  } catch (thrown) {
    reader.cancel().catch(() => undefined);
    if (thrown instanceof AppError) throw thrown;
    throw malformed('Kết nối bị ngắt giữa chừng', 'The connection broke off', thrown);
  } finally {
    clearTimeout(timer);
    slow.catch(() => undefined);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** Strict UTF-8, strict JSON. Of a repeated key the last value counts (ECMA-262). @throws REQUEST_MALFORMED. */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed('Nội dung không phải UTF-8', 'The body is not UTF-8', cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed('Nội dung không phải JSON hợp lệ', 'The body is not valid JSON', cause);
  }
}

/** The value as the schema wants it. @throws CONTENT_INVALID with every mistake, in both languages. */
export function checkShape<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = parseShape(schema, value, '');
  if ('mistakes' in parsed) throw new AppError('CONTENT_INVALID', { mistakes: parsed.mistakes });
  return parsed.value;
}

function tooLarge({ maxBytes }: BodyLimits): AppError {
  const detail = { vi: `Nội dung dài hơn ${maxBytes} byte`, en: `The body is longer than ${maxBytes} bytes` };
  return new AppError('REQUEST_TOO_LARGE', { detail, extra: { maxBytes } });
}

function malformed(vi: string, en: string, cause: unknown): AppError {
  return new AppError('REQUEST_MALFORMED', { detail: { vi, en }, cause });
}
