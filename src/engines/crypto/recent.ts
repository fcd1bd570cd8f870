/** A bounded memory of what was computed for a key; what was not asked for longest is forgotten first. */

export interface Recent<T> {
  /** The remembered value, or `compute()`, which is then remembered. Nothing is remembered when `compute` throws. */
  of(key: string, compute: () => T): T;
}

export function createRecent<T extends {}>(limit: number): Recent<T> {
  const values = new Map<string, T>();
  return {
    of(key, compute) {
      const known = values.get(key);
      const value = known ?? compute();
      // Maps keep the order of insertion: what was used last goes to the end, the first is the one to drop.
      if (known !== undefined) values.delete(key);
      values.set(key, value);
      if (values.size > limit) {
        const [oldest] = values.keys();
        if (oldest !== undefined) values.delete(oldest);
      }
      return value;
    },
  };
}
