/** Which faults come when: planned in advance from a seed, so that a run can be repeated. */
import type { Fault } from './fault.ts';
import type { Chance } from './random.ts';

export interface PlannedFault {
  readonly fault: Fault;
  /** After the beginning of its wave, milliseconds. */
  readonly startsAfter: number;
  readonly lasts: number;
}

/** Faults of different targets that hit the system at about the same time. */
export type Wave = readonly PlannedFault[];

/** Each fault once per round, one to `together` in a wave. */
export function planWaves(
  faults: readonly Fault[],
  chance: Chance,
  options: { rounds: number; together: number },
): Wave[] {
  const waves: Wave[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    let left = chance.shuffled(faults);
    while (left.length > 0) {
      const wave: PlannedFault[] = [];
      const size = chance.between(1, options.together);
      const rest: Fault[] = [];
      for (const fault of left) {
        const free = wave.length < size && wave.every((one) => !collide(one.fault.target, fault.target));
        if (free) wave.push(plan(fault, chance, wave.length === 0));
        else rest.push(fault);
      }
      waves.push(wave);
      left = rest;
    }
  }
  return waves;
}

/** `everything` meets every target. */
function collide(one: string, other: string): boolean {
  return one === other || one === 'everything' || other === 'everything';
}

function plan(fault: Fault, chance: Chance, first: boolean): PlannedFault {
  const [least, most] = fault.lasts;
  return { fault, startsAfter: first ? 0 : chance.between(0, 1500), lasts: chance.between(least, most) };
}

/** A line a wave: `12. worker-1 killed (1.2 s); S3 slow (from 0.4 s, 3.0 s)`. */
export function wavesInWords(waves: readonly Wave[]): string[] {
  return waves.map((wave, index) => {
    const faults = wave.map(({ fault, startsAfter, lasts }) => {
      const from = startsAfter === 0 ? '' : `from ${(startsAfter / 1000).toFixed(1)} s, `;
      return `${fault.name} (${from}${(lasts / 1000).toFixed(1)} s)`;
    });
    return `${String(index + 1).padStart(3)}. ${faults.join('; ')}`;
  });
}
