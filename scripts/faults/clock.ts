/** A process whose wall clock can be set while it runs (`libfaketime`, Debian package of the same name). */
import { writeFile } from 'node:fs/promises';
import { mustBeInstalled } from '../services/installed.ts';

export interface SettableProcessClock {
  /** To put before the command. */
  readonly wrap: readonly string[];
  /** The process sees the real time plus this, within a second; `0` is the right time again. */
  step(hours: number): Promise<void>;
}

/** `file` holds the offset. @throws when libfaketime is not installed. */
export async function createProcessClock(file: string): Promise<SettableProcessClock> {
  const library = await mustBeInstalled('faketime');
  const step = (hours: number): Promise<void> => writeFile(file, `${hours < 0 ? '-' : '+'}${Math.abs(hours)}h\n`);
  await step(0);
  return {
    // The monotonic clock stays right: a clock that is set does not make a timer fire.
    wrap: [
      'env',
      `LD_PRELOAD=${library}`,
      `FAKETIME_TIMESTAMP_FILE=${file}`,
      'FAKETIME_CACHE_DURATION=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ],
    step,
  };
}
