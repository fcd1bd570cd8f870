/** Reading a request body: bounded in size and time, strict in form. */
import type { z } from 'zod';
import { AppError, type BilingualText, type InputMistake } from '../shared/index.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** The whole body must have arrived within this time. */
  readonly timeoutMs: number;
}

/** @throws REQUEST_TOO_LARGE, REQUEST_TOO_SLOW, REQUEST_MALFORMED (connection broken). */
export async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get('content-length') ?? 0) > limits.maxBytes) throw new AppError('REQUEST_TOO_LARGE');
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
      if (size > limits.maxBytes) throw new AppError('REQUEST_TOO_LARGE');
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

/** Strict UTF-8, strict JSON, no duplicate keys are kept silently by JSON.parse: the last one wins, as ECMA-404 parsers do. */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  return parseJson(await readBytes(request, limits));
}

/** @throws REQUEST_MALFORMED with the place of the mistake as the parser says it. */
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
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const mistakes = result.error.issues.flatMap((issue): InputMistake[] => {
    const words = wordsOf(issue);
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({ path: pointer(path), code: issue.code.toUpperCase(), ...words }));
  });
  throw new AppError('CONTENT_INVALID', { mistakes });
}

function wordsOf(issue: z.core.$ZodIssue): BilingualText {
  switch (issue.code) {
    case 'invalid_type':
      return { vi: `Phải có, kiểu ${issue.expected}`, en: `Needed, of type ${issue.expected}` };
    case 'unrecognized_keys':
      return { vi: 'Không có trường này', en: 'There is no such field' };
    case 'too_big':
      return {
        vi: `Quá dài hoặc quá lớn (tối đa ${issue.maximum})`,
        en: `Too long or too large (at most ${issue.maximum})`,
      };
    case 'too_small':
      return {
        vi: `Quá ngắn hoặc quá nhỏ (tối thiểu ${issue.minimum})`,
        en: `Too short or too small (at least ${issue.minimum})`,
      };
    default:
      return { vi: 'Giá trị không hợp lệ', en: issue.message };
  }
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function malformed(vi: string, en: string, cause: unknown): AppError {
  return new AppError('REQUEST_MALFORMED', { detail: { vi, en }, cause });
}
