/** How the memory and the processor time of each process went over the run. */

import { type Usage, usageOf } from './processes.ts';
import { median, slope } from './statistics.ts';

export interface Watched {
  readonly name: string;
  pid(): number | undefined;
}

interface Sample {
  /** Documents archived by then. */
  readonly documents: number;
  readonly usages: readonly (Usage | undefined)[];
}

export interface ProcessStory {
  readonly name: string;
  readonly cpuMs: number;
  /** Median resident memory of the first and of the last quarter of the run, without its beginning; bytes. */
  readonly first: number;
  readonly last: number;
  /** Growth over the last half, bytes for 1,000 documents. */
  readonly slope: number;
  readonly flat: boolean;
}

export interface Watch {
  /** Ends the sampling. */
  stop(): ProcessStory[];
}

const SAMPLE_MS = 2000;
/** What is loaded and compiled in the beginning is no growth. */
const WARM_UP = 0.1;
const FLAT_GROWTH = 1.15;

/** `documents`: how many are archived now. */
export function watch(processes: readonly Watched[], documents: () => number): Watch {
  const samples: Sample[] = [];
  const look = (): void => {
    samples.push({ documents: documents(), usages: usageOf(processes.map((one) => one.pid())) });
  };
  look();
  const timer = setInterval(look, SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return processes.map(({ name }, index) => story(name, samples, index));
    },
  };
}

function story(name: string, samples: readonly Sample[], index: number): ProcessStory {
  const usages = samples.flatMap(({ documents, usages: all }) => {
    const usage = all[index];
    return usage === undefined ? [] : [{ documents, ...usage }];
  });
  const warm = usages.slice(Math.floor(usages.length * WARM_UP));
  const quarter = Math.max(1, Math.floor(warm.length / 4));
  const resident = (part: typeof warm): number => median(part.map(({ residentBytes }) => residentBytes));
  const [first, last] = [resident(warm.slice(0, quarter)), resident(warm.slice(-quarter))];
  const half = warm.slice(Math.floor(warm.length / 2));
  return {
    name,
    cpuMs: (usages.at(-1)?.cpuMs ?? 0) - (usages[0]?.cpuMs ?? 0),
    first,
    last,
    slope: slope(half.map(({ documents, residentBytes }) => [documents / 1000, residentBytes])),
    flat: last <= first * FLAT_GROWTH,
  };
}
