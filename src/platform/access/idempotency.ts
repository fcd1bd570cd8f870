import type { Clock } from '../../shared/index.ts';
import type { Database, Tx } from '../db/index.ts';

/** An answer as it was sent the first time. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type IdempotencyClaim =
  | { readonly state: 'new' }
  | { readonly state: 'answered'; readonly response: StoredResponse };

export interface Idempotency {
  /**
   * Claims the key before work begins (own transaction). `requestHash` covers method, path, body and caller.
   * @throws IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_REUSED.
   */
  claim(facilityId: string, key: string, requestHash: string): Promise<IdempotencyClaim>;
  /** Keeps the answer. Pass the transaction of the effect where there is one, so that effect and memory are one. */
  answer(facilityId: string, key: string, response: StoredResponse, tx?: Tx): Promise<void>;
  /** The work failed without effect: the key may be used again. */
  abandon(facilityId: string, key: string): Promise<void>;
  /** Forgets keys older than `days`. @returns how many. */
  forget(days: number): Promise<number>;
}

export declare function createIdempotency(deps: { database: Database; clock: Clock }): Idempotency;
