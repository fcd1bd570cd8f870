/**
 * Which request the running code works for, through every `await` and into the jobs that the request asked for. Only log lines and
 * the outbox read it: nothing may behave differently because of it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

/** Runs `work` for a request; with `undefined`, for none. */
export function withRequestId<T>(requestId: string | undefined, work: () => T): T {
  return requestId === undefined ? current.exit(work) : current.run(requestId, work);
}

export function currentRequestId(): string | undefined {
  return current.getStore();
}

/** A UUID or 32 hexadecimal digits (as proxies make them): nothing that a person could be named by fits. */
const FORM = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$/i;

/** Whether a caller's id of a request may be taken over into logs and the database. */
export function isRequestId(text: string): boolean {
  return FORM.test(text);
}
