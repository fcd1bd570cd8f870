import { randomInt } from 'node:crypto';
import { AppError } from '../../shared/index.ts';
import { type Database, moment, type SharedClock, type Tx } from '../db/index.ts';
import * as store from './store.ts';
import type { StoredResponse } from './stored-response.ts';

/** A key that is ours until its time runs out. */
export interface HeldKey {
  readonly facilityId: string;
  readonly key: string;
  /** Of this claim alone. */
  readonly fence: number;
}

export type IdempotencyClaim =
  | { readonly state: 'new'; readonly held: HeldKey }
  | { readonly state: 'answered'; readonly response: StoredResponse };

export interface Idempotency {
  /**
   * Claims the key before work begins (durable at once). `requestHash` covers method, path, body and caller.
   * A claim that is neither answered, abandoned nor kept (a crash) may be taken again after `IN_PROGRESS_MS`; whoever had
   * it then comes too late with an answer.
   * @throws IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_REUSED.
   */
  claim(facilityId: string, key: string, requestHash: string): Promise<IdempotencyClaim>;
  /** The work goes on: the key is ours for another `IN_PROGRESS_MS`. Nothing happens if it was taken over. */
  keep(held: HeldKey): Promise<void>;
  /**
   * Keeps the answer in the transaction of the effect, so that both are or neither is.
   * @throws IDEMPOTENCY_IN_PROGRESS (at the commit) when another process has taken the key over: the effect is undone.
   */
  answerWith(tx: Tx, held: HeldKey, response: StoredResponse): Promise<void>;
  /** Keeps the answer to what has no transaction of its own. Nothing happens if it is kept already or the key was taken over. */
  answer(held: HeldKey, response: StoredResponse): Promise<void>;
  /** The work failed without effect: the key may be used again. */
  abandon(held: HeldKey): Promise<void>;
  /** Frees the keys that a dead process held. Only for a process that alone owns the database (embedded mode), at its start. */
  abandonAll(): Promise<void>;
  /** Forgets keys older than `days`. @returns how many. */
  forget(days: number): Promise<number>;
}

/** How long a client waits at most for the key of a process that died. Long work calls `keep` meanwhile. */
export const IN_PROGRESS_MS = 15_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const KEY = /^[\x21-\x7e]{1,255}$/;

export function createIdempotency(deps: { database: Database; clock: SharedClock }): Idempotency {
  const { database } = deps;
  const now = (later?: number) => moment(deps.clock, later);
  return {
    claim: async (facilityId, key, requestHash) => {
      if (!KEY.test(key)) throw new AppError('IDEMPOTENCY_KEY_INVALID');
      // By chance, since a key that was abandoned and claimed anew has no count of its claims.
      const fence = randomInt(2 ** 47);
      const wanted = { facilityId, key, requestHash, fence, now: now(), inProgressUntil: now(IN_PROGRESS_MS) };
      if (await store.claimIdempotencyKey(database.db, wanted))
        return { state: 'new', held: { facilityId, key, fence } };
      const known = await store.findIdempotencyKey(database.db, facilityId, key);
      if (known !== undefined && known.requestHash !== requestHash) throw new AppError('IDEMPOTENCY_KEY_REUSED');
      // Absent: abandoned in between; whoever asks again gets it.
      if (known === undefined || known.response === null) throw new AppError('IDEMPOTENCY_IN_PROGRESS');
      return { state: 'answered', response: known.response };
    },
    keep: (held) => store.keepIdempotencyKey(database.db, held, now(IN_PROGRESS_MS)),
    answerWith: (tx, held, response) => store.answerIdempotencyKeyWith(tx, held, response),
    answer: (held, response) => store.answerIdempotencyKey(database.db, held, response),
    abandon: (held) => store.abandonIdempotencyKey(database.db, held),
    abandonAll: () => store.abandonOpenKeys(database.db),
    forget: (days) => store.forgetIdempotencyKeys(database.db, now(-days * DAY_MS)),
  };
}
