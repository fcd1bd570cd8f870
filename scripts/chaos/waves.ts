/** Lets the planned waves of faults loose on the system and measures how it recovers from each. */
import type { Fault } from '../faults/fault.ts';
import type { Wave } from '../faults/schedule.ts';
import { sleep } from '../load/client.ts';
import type { Ledger, Paper } from '../load/ledger.ts';
import { type Counts, since, type Tally } from '../load/tally.ts';
import type { Observer, StoppedJob } from './observer.ts';

export interface Experience {
  readonly fault: Fault;
  readonly lastedMs: number;
  /**
   * From the end of the fault until everything that had been signed by then, and a paper handed in at that very moment, lay in the
   * archive.
   */
  readonly recoveredMs: number;
  /** From the beginning of the fault to the end of its recovery; what faults of the same wave caused is in it too. */
  readonly seen: Counts;
}

export interface WaveResult {
  readonly experiences: readonly Experience[];
  readonly stopped: readonly StoppedJob[];
  readonly troubles: readonly string[];
}

export interface WaveDeps {
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly observer: Observer;
  /** Hands one paper in; resolves when it is signed. */
  readonly signOne: () => Promise<Paper>;
  readonly say: (line: string) => void;
}

/** Recovery is not waited for any longer. */
const GIVE_UP_MS = 180_000;

export async function runWave(wave: Wave, deps: WaveDeps): Promise<WaveResult> {
  const troubles: string[] = [];
  const experiences = await Promise.all(
    wave.map(async ({ fault, startsAfter, lasts }) => {
      await sleep(startsAfter);
      const before = deps.tally.counts();
      const begun = performance.now();
      await fault.begin().catch((error) => troubles.push(`${fault.name} could not begin: ${error}`));
      await sleep(lasts);
      const ending = performance.now();
      await fault.end().catch((error) => troubles.push(`${fault.name} could not end: ${error}`));
      const recoveredMs = await recovery(ending, deps);
      return { fault, lastedMs: ending - begun, recoveredMs, seen: since(before, deps.tally.counts()) };
    }),
  );
  return { experiences, stopped: await deps.observer.stoppedJobs(), troubles };
}

/** From `ending` until a paper handed in now, and those whose last signature was acknowledged before now, are archived. */
async function recovery(ending: number, { ledger, observer, signOne }: WaveDeps): Promise<number> {
  const open = new Set(
    ledger.papers().flatMap(({ id, signedAt, seenArchivedAt }) => {
      return id !== undefined && signedAt !== undefined && seenArchivedAt === undefined ? [id] : [];
    }),
  );
  let fresh = false;
  signOne().then(
    ({ id = '' }) => {
      open.add(id);
      fresh = true;
    },
    () => undefined, // in the ledger as a refusal
  );
  while (performance.now() - ending < GIVE_UP_MS) {
    if (fresh && (await observer.unarchived([...open])) === 0) break;
    await sleep(100);
  }
  return performance.now() - ending;
}
