/**
 * Retention trusts the clock, so the archive remembers the latest time it has seen. A clock that is behind it, or far
 * ahead of it, releases nothing until a person confirms the time.
 */
import { readFile } from 'node:fs/promises';
import { AppError, type Clock } from '../../shared/index.ts';
import { hasCode, replace, writeTemporary } from './durable.ts';

const BEHIND_MS = 5 * 60 * 1000;
/** An archive in use is touched daily; a longer silence than this asks for a person. */
const AHEAD_MS = 7 * 24 * 60 * 60 * 1000;
/** How much time passes before the file is written again. */
const STEP_MS = 60 * 1000;

export interface ClockWitness {
  /** Remembers the present time if it is plausible. */
  see(): Promise<void>;
  /** @throws CLOCK_UNTRUSTED. */
  assertPlausible(): void;
  /** Takes the present time as right. */
  confirm(): Promise<void>;
}

export async function createClockWitness(path: string, temporary: string, clock: Clock): Promise<ClockWitness> {
  let seen = await readSeen(path);
  const isPlausible = (now: number) => seen === undefined || (now >= seen - BEHIND_MS && now <= seen + AHEAD_MS);
  const remember = async (now: number) => {
    await replace(await writeTemporary(temporary, Buffer.from(new Date(now).toISOString()), 0o644), path);
    seen = now;
  };
  return {
    see: async () => {
      const now = clock.now().getTime();
      if (seen === undefined || (isPlausible(now) && now > seen + STEP_MS)) await remember(now);
    },
    assertPlausible: () => {
      const now = clock.now();
      if (isPlausible(now.getTime())) return;
      const last = new Date(seen ?? 0).toISOString();
      throw new AppError('CLOCK_UNTRUSTED', {
        detail: {
          vi: `Đồng hồ chỉ ${now.toISOString()}, lần cuối kho ghi nhận là ${last}.`,
          en: `The clock says ${now.toISOString()}; the archive last saw ${last}.`,
        },
      });
    },
    confirm: () => remember(clock.now().getTime()),
  };
}

async function readSeen(path: string): Promise<number | undefined> {
  try {
    const time = Date.parse(await readFile(path, 'utf8'));
    return Number.isNaN(time) ? undefined : time;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
