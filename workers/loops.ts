/** Loops that look for work by themselves: each takes one piece after the other, and sleeps when there is none until a bell rings or a while has passed. */
export interface Loops {
  /** Begins, unless they run. */
  start(): void;
  /** One piece of work has come: wakes one sleeper. */
  ring(): void;
  /** Each loop ends after the piece it is at. */
  stop(): Promise<void>;
}

/** `step` takes and does one piece of work, and tells whether there was one; it never throws. */
export function createLoops(step: () => Promise<boolean>, count: number, pollMs: number): Loops {
  const bell = createBell();
  let shift: { over: boolean; readonly ended: Promise<unknown> } | undefined;

  const loop = async (own: { over: boolean }): Promise<void> => {
    while (!own.over) {
      const heard = bell.count();
      if (!(await step()) && !own.over) await bell.wait(heard, pollMs);
    }
  };
  return {
    start() {
      if (shift !== undefined) return;
      const own = { over: false };
      const ended = Promise.all(Array.from({ length: count }, () => loop(own)));
      shift = Object.assign(own, { ended });
    },
    ring: bell.ring,
    async stop() {
      if (shift === undefined) return;
      const { ended } = shift;
      shift.over = true;
      shift = undefined;
      bell.ringAll();
      await ended;
    },
  };
}

/** A ring is one piece of work and wakes one sleeper. One between "no work found" and "asleep" is not lost: the sleeper says what it had heard. */
function createBell() {
  let rings = 0;
  const sleepers = new Set<() => void>();
  return {
    count: () => rings,
    ring: () => {
      rings += 1;
      for (const wake of sleepers) return wake();
    },
    ringAll: () => {
      rings += 1;
      for (const wake of sleepers) wake();
    },
    wait: (heard: number, milliseconds: number): Promise<void> => {
      if (heard !== rings) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          sleepers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, milliseconds);
        sleepers.add(wake);
      });
    },
  };
}
