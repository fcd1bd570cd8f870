/** Chance that can be repeated: the same seed gives the same schedule. */
export interface Chance {
  /** 0 ≤ x < 1. */
  next(): number;
  /** low ≤ n ≤ high, whole. */
  between(low: number, high: number): number;
  shuffled<T>(items: readonly T[]): T[];
}

/** mulberry32: small, and good enough to spread faults. `seed` is taken modulo 2^32. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    shuffled: (items) =>
      items
        .map((item) => ({ item, place: next() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  };
}
