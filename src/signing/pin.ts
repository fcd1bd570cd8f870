/**
 * PIN tries of a credential whose key we keep: few, counted in the database, so that a restart forgives nothing and it does not
 * help to try at many processes at once: only what comes before the lock is told whether it was right.
 */
import type { Database } from '../platform/db/index.ts';
import { AppError, type Clock } from '../shared/index.ts';
import * as store from './store.ts';

const MAX_TRIES = 5;
const LOCK_MINUTES = 15;

/**
 * Runs `open` with the tries of this credential counted.
 * @throws TOO_MANY_TRIES while locked; PIN_REJECTED (with `triesLeft`) where `open` throws P12_PIN_WRONG.
 */
export async function withPinTries<T>(
  deps: { database: Database; clock: Clock },
  credential: { id: string; facilityId: string },
  open: () => Promise<T>,
): Promise<T> {
  const { database, clock } = deps;
  const now = clock.now();
  const unlocked = async (): Promise<store.PinTries> => {
    const tries = await store.pinTries(database.db, credential.id);
    if (isLocked(tries, now)) throw locked(tries.lockedUntil, now);
    return tries;
  };
  await unlocked();
  try {
    const opened = await open();
    const { failed, lockedUntil } = await unlocked();
    if (failed > 0 || lockedUntil !== undefined) {
      await database.transaction((tx) => store.forgetWrongPins(tx, credential.id));
    }
    return opened;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'P12_PIN_WRONG') throw thrown;
    const tries = await database.transaction(async (tx) => {
      const counted = await store.countWrongPin(tx, credential, now);
      if (isLocked(counted, now)) throw locked(counted.lockedUntil, now);
      if (counted.failed >= MAX_TRIES) {
        await store.lockPin(tx, credential.id, new Date(now.getTime() + LOCK_MINUTES * 60_000));
      }
      return counted.failed;
    });
    const triesLeft = Math.max(0, MAX_TRIES - tries);
    throw new AppError('PIN_REJECTED', {
      detail: { vi: `Sai mã PIN; còn ${triesLeft} lần thử`, en: `Wrong PIN; ${triesLeft} tries left` },
      extra: { triesLeft },
    });
  }
}

function isLocked(tries: store.PinTries, now: Date): tries is store.PinTries & { readonly lockedUntil: Date } {
  return tries.lockedUntil !== undefined && tries.lockedUntil > now;
}

function locked(until: Date, now: Date): AppError {
  const minutes = Math.ceil((until.getTime() - now.getTime()) / 60_000);
  return new AppError('TOO_MANY_TRIES', {
    detail: { vi: `Đã khóa; thử lại sau ${minutes} phút`, en: `Locked; try again in ${minutes} minutes` },
    extra: { retryAfterSeconds: minutes * 60 },
  });
}
