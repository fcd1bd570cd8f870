/** The body of a request as its route declares it: JSON, a PDF, or a form with metadata and files. */
import type { Context } from 'hono';
import { AppError } from '../shared/index.ts';
import { checkShape, parseJson, readBytes } from './body.ts';
import type { Env, Route, RouteContext } from './declaration.ts';

/** @throws MEDIA_TYPE_UNSUPPORTED, REQUEST_TOO_LARGE, REQUEST_TOO_SLOW, REQUEST_MALFORMED, CONTENT_INVALID. */
export async function readBody<Body>(
  c: Context<Env>,
  context: RouteContext,
  route: Route<Body>,
): Promise<{ body: Body; files: readonly Uint8Array[] | undefined; raw: Uint8Array }> {
  const nothing = { body: undefined as Body, files: undefined, raw: new Uint8Array() };
  if (route.takes === undefined) return nothing;
  const type = (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (route.takes === 'pdf') {
    if (type !== 'application/pdf') throw new AppError('MEDIA_TYPE_UNSUPPORTED');
    const raw = await readBytes(c.req.raw, context.upload);
    return { body: undefined as Body, files: [raw], raw };
  }
  if (type === 'multipart/form-data' && route.takes === 'json-or-files') {
    const raw = await readBytes(c.req.raw, context.upload);
    const form = await parseMultipart(raw, c.req.header('content-type') ?? '');
    return { body: shape(route, form.metadata), files: form.files, raw };
  }
  if (type !== 'application/json') throw new AppError('MEDIA_TYPE_UNSUPPORTED');
  const raw = await readBytes(c.req.raw, context.json);
  return { body: shape(route, parseJson(raw)), files: undefined, raw };
}

function shape<Body>(route: Route<Body>, value: unknown): Body {
  return route.body === undefined ? (undefined as Body) : checkShape(route.body, value);
}

async function parseMultipart(
  raw: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<{ metadata: unknown; files: Uint8Array[] }> {
  let form: FormData;
  try {
    form = await new Response(raw, { headers: { 'content-type': contentType } }).formData();
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', { cause });
  }
  const [metadata, ...others] = form.getAll('metadata');
  if (metadata === undefined || others.length > 0) {
    throw new AppError('REQUEST_MALFORMED', {
      detail: { vi: 'Cần đúng một phần `metadata` (JSON)', en: 'Exactly one part `metadata` (JSON) is needed' },
    });
  }
  return { metadata: parseJson(await bytesOf(metadata)), files: await Promise.all(form.getAll('file').map(bytesOf)) };
}

async function bytesOf(part: File | string): Promise<Uint8Array> {
  return typeof part === 'string' ? new TextEncoder().encode(part) : new Uint8Array(await part.arrayBuffer());
}
