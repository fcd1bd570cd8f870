/** What a route declares: what it is for, who may call it, what goes in, and what its handler is given. */
import type { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Access, HeldKey, Idempotency, Principal, Role } from '../platform/access/index.ts';
import type { BilingualText, Clock, Log } from '../shared/index.ts';
import type { BodyLimits } from './body.ts';
import type { Limits } from './limits.ts';

export type Env = {
  Variables: {
    requestId: string;
    /** Of the caller, by the network: what requests are counted by. */
    address: string;
  };
};
export type App = OpenAPIHono<Env>;

export interface RouteContext {
  readonly access: Access;
  readonly idempotency: Idempotency;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly json: BodyLimits;
  readonly upload: BodyLimits;
}

/** What a handler is given: the caller, the path, and the checked body. */
export interface Call<Body> {
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  /** Checked by the route's `query`; empty if the route takes none. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly body: Body;
  readonly files: readonly Uint8Array[] | undefined;
  /** On routes that take an `Idempotency-Key`, when one was sent: to keep the answer in the effect's transaction. */
  readonly idempotencyKey: HeldKey | undefined;
}

export interface Route<Body> {
  readonly method: 'get' | 'post' | 'delete';
  /** Hono pattern: `/v1/documents/:id`. Parameters named `…id` must be ids of ours. */
  readonly path: string;
  readonly tag: string;
  readonly summary: BilingualText;
  /** Any of these roles; absent: open to everybody. */
  readonly roles: readonly Role[];
  /** Parameters that may stand once each after `?`; all others are refused. Absent: what stands there is ignored. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType<Body>;
  /** `json`, or `json-or-files`: multipart with a `metadata` part and one or more `file` parts. */
  readonly takes?: 'json' | 'json-or-files' | 'pdf';
  readonly answers: {
    readonly status: number;
    readonly description: string;
    readonly schema?: z.ZodType;
    readonly mediaType?: string;
  };
  /** Takes an `If-Match` with the ETag of what is changed. */
  readonly ifMatch?: boolean;
  /** Repeating the request with the same `Idempotency-Key` gives the same answer and no second effect. */
  readonly idempotent?: boolean;
  /** The body without what must not be guessed from the stored hash of a request (a PIN). */
  readonly withoutSecrets?: (body: Body) => unknown;
}
