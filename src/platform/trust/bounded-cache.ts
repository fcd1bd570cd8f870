/** A small memory of answers, each good until a stated moment; the oldest gives way when it is full. */
import type { Clock } from '../../shared/index.ts';

export interface BoundedCache<T> {
  /** The value, unless its time is over. */
  get(key: string): T | undefined;
  put(key: string, value: T, until: Date): void;
}

/** Remembers at most `limit` values. */
export function createBoundedCache<T>(clock: Clock, limit: number): BoundedCache<T> {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.until > clock.now().getTime()) return entry.value;
      entries.delete(key);
      return undefined;
    },
    put(key, value, until) {
      entries.delete(key);
      const [oldest] = entries.keys();
      if (entries.size >= limit && oldest !== undefined) entries.delete(oldest);
      entries.set(key, { value, until: until.getTime() });
    },
  };
}
