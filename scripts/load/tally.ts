/** What clients saw go wrong, counted by its name (`503 DATABASE_UNREACHABLE`, `connection refused`). */
export interface Tally {
  error(name: string): void;
  retry(): void;
  /** All so far. */
  counts(): Counts;
}

export interface Counts {
  readonly errors: ReadonlyMap<string, number>;
  readonly retries: number;
}

export function createTally(): Tally {
  const errors = new Map<string, number>();
  let retries = 0;
  return {
    error: (name) => void errors.set(name, (errors.get(name) ?? 0) + 1),
    retry: () => {
      retries += 1;
    },
    counts: () => ({ errors: new Map(errors), retries }),
  };
}

/** What came between two moments. */
export function since(before: Counts, after: Counts): Counts {
  const errors = new Map<string, number>();
  for (const [name, count] of after.errors) {
    const more = count - (before.errors.get(name) ?? 0);
    if (more > 0) errors.set(name, more);
  }
  return { errors, retries: after.retries - before.retries };
}

export const total = (errors: ReadonlyMap<string, number>): number =>
  [...errors.values()].reduce((sum, count) => sum + count, 0);
