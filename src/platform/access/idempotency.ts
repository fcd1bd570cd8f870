import { AppError, type Clock } from '../../shared/index.ts';
import type { Database, Tx } from '../db/index.ts';
import * as store from './store.ts';
import type { StoredResponse } from './stored-response.ts';

export type IdempotencyClaim =
  | { readonly state: 'new' }
  | { readonly state: 'answered'; readonly response: StoredResponse };

export interface Idempotency {
  /**
   * Claims the key before work begins (durable at once). `requestHash` covers method, path, body and caller.
   * A claim that is neither answered nor abandoned (a crash) may be taken again after two minutes.
   * @throws IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_REUSED.
   */
  claim(facilityId: string, key: string, requestHash: string): Promise<IdempotencyClaim>;
  /** Keeps the answer. Pass the transaction of the effect where there is one, so that effect and memory are one. */
  answer(facilityId: string, key: string, response: StoredResponse, tx?: Tx): Promise<void>;
  /** The work failed without effect: the key may be used again. */
  abandon(facilityId: string, key: string): Promise<void>;
  /** Frees the keys that a dead process held. Only for a process that alone owns the database (embedded mode), at its start. */
  abandonAll(): Promise<void>;
  /** Forgets keys older than `days`. @returns how many. */
  forget(days: number): Promise<number>;
}

const IN_PROGRESS_MS = 2 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
const KEY = /^[\x21-\x7e]{1,255}$/;

export function createIdempotency(deps: { database: Database; clock: Clock }): Idempotency {
  const { database, clock } = deps;
  return {
    claim: async (facilityId, key, requestHash) => {
      if (!KEY.test(key)) throw new AppError('IDEMPOTENCY_KEY_INVALID');
      const now = clock.now();
      const inProgressUntil = new Date(now.getTime() + IN_PROGRESS_MS);
      if (await store.claimIdempotencyKey(database.db, { facilityId, key, requestHash, now, inProgressUntil })) {
        return { state: 'new' };
      }
      const known = await store.findIdempotencyKey(database.db, facilityId, key);
      if (known !== undefined && known.requestHash !== requestHash) throw new AppError('IDEMPOTENCY_KEY_REUSED');
      // Absent: abandoned in between; whoever asks again gets it.
      if (known === undefined || known.response === null) throw new AppError('IDEMPOTENCY_IN_PROGRESS');
      return { state: 'answered', response: known.response };
    },
    answer: (facilityId, key, response, tx) => store.answerIdempotencyKey(tx ?? database.db, facilityId, key, response),
    abandon: (facilityId, key) => store.abandonIdempotencyKey(database.db, facilityId, key),
    abandonAll: () => store.abandonOpenKeys(database.db),
    forget: (days) => store.forgetIdempotencyKeys(database.db, new Date(clock.now().getTime() - days * DAY_MS)),
  };
}
