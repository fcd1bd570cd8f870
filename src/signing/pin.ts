/**
 * PIN tries of a credential whose key we keep: few, counted in the database, so that a restart forgives nothing and it does not
 * help to try at many processes at once: only what comes before the lock is told whether it was right.
 */
import { type Database, moment, type SharedClock } from '../platform/db/index.ts';
import { AppError } from '../shared/index.ts';
import * as store from './store.ts';

const MAX_TRIES = 5;
const LOCK_MS = 15 * 60_000;

/**
 * Runs `open` with the tries of this credential counted.
 * @throws TOO_MANY_TRIES while locked; PIN_REJECTED (with `triesLeft`) where `open` throws P12_PIN_WRONG.
 */
export async function withPinTries<T>(
  deps: { readonly database: Database; readonly sharedClock: SharedClock },
  credential: { id: string; facilityId: string },
  open: () => Promise<T>,
): Promise<T> {
  const { database, sharedClock } = deps;
  const unlocked = async (): Promise<store.PinTries> => {
    const tries = await store.pinTries(database.db, credential.id, moment(sharedClock));
    refuseLocked(tries);
    return tries;
  };
  await unlocked();
  try {
    const opened = await open();
    const { failed } = await unlocked();
    if (failed > 0) await database.transaction((tx) => store.forgetWrongPins(tx, credential.id));
    return opened;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'P12_PIN_WRONG') throw thrown;
    const tries = await database.transaction(async (tx) => {
      const counted = await store.countWrongPin(tx, credential, moment(sharedClock));
      refuseLocked(counted);
      if (counted.failed >= MAX_TRIES) await store.lockPin(tx, credential.id, moment(sharedClock, LOCK_MS));
      return counted.failed;
    });
    const triesLeft = Math.max(0, MAX_TRIES - tries);
    throw new AppError('PIN_REJECTED', {
      detail: { vi: `Sai mã PIN; còn ${triesLeft} lần thử`, en: `Wrong PIN; ${triesLeft} tries left` },
      extra: { triesLeft },
    });
  }
}

function refuseLocked({ lockedMs }: store.PinTries): void {
  if (lockedMs === 0) return;
  const minutes = Math.ceil(lockedMs / 60_000);
  throw new AppError('TOO_MANY_TRIES', {
    detail: { vi: `Đã khóa; thử lại sau ${minutes} phút`, en: `Locked; try again in ${minutes} minutes` },
    extra: { retryAfterSeconds: minutes * 60 },
  });
}
