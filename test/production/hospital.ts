/** A hospital's system that knows several API processes: it asks one after the other, and the next when one refuses the connection. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '../../scripts/stack/index.ts';
import { ownFormsDir } from '../../src/forms/index.ts';

export interface Sent {
  readonly key?: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Index of the process to ask first; absent: the next in turn. */
  readonly at?: number;
}

export interface Hospital {
  /** @throws what `fetch` throws, except that a refused connection is tried at the other processes for ten seconds. */
  ask(method: string, path: string, sent?: Sent): Promise<Response>;
  /** A certificate of another record each time, as JSON of the intake. */
  certificate(): object;
}

const PATIENCE_MS = 10_000;

export function hospitalOf({ api }: Pick<Stack, 'api'>): Hospital {
  const sample = JSON.parse(readFileSync(join(ownFormsDir(), 'giay-ra-vien', 'sample.json'), 'utf8'));
  let turn = 0;
  let records = 0;
  return {
    async ask(method, path, { key, json, headers, at } = {}) {
      const given: Record<string, string> = { ...headers };
      if (key !== undefined) given.authorization = `Bearer ${key}`;
      if (json !== undefined) given['content-type'] = 'application/json';
      const body = json === undefined ? {} : { body: JSON.stringify(json) };
      const until = performance.now() + PATIENCE_MS;
      for (let i = at ?? turn++; ; i += 1) {
        try {
          return await fetch(`${api[i % api.length]?.url}${path}`, { method, headers: given, ...body });
        } catch (error) {
          if (!isRefused(error) || performance.now() > until) throw error;
          if ((i + 1) % api.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    },
    certificate() {
      records += 1;
      const number = `26.2${String(records).padStart(6, '0')}`;
      return { type: 'giay-ra-vien', record: { number }, content: { ...sample, recordNumber: number } };
    },
  };
}

/** The request never reached a process: it may be sent again whatever it is. */
function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code === 'ECONNREFUSED';
}
