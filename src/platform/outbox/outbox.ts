import type { Clock } from '../../shared/index.ts';
import type { Database, Tx } from '../db/index.ts';
import type { JobName } from './job-names.ts';

export interface NewIntent {
  readonly facilityId: string;
  readonly job: JobName;
  /** What the job is about, usually the id of a document. */
  readonly subject: string;
  /** Earliest start; at once if absent. */
  readonly dueAt?: Date;
  /** Plain JSON, no patient data. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** The same job on the same subject is asked for only once per key; give another key to ask again. Default: ''. */
  readonly dedupeKey?: string;
}

/** A job request under lease. */
export interface Intent {
  readonly id: number;
  readonly facilityId: string;
  readonly job: JobName;
  readonly subject: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly fence: number;
  readonly leaseUntil: Date;
}

export interface StoppedIntent {
  readonly id: number;
  readonly facilityId: string;
  readonly job: JobName;
  readonly subject: string;
  readonly attempts: number;
  readonly causeCode: string;
  readonly causeDetail: string;
  readonly stoppedAt: Date;
}

/** `retry`: waits until `dueAt`; `stopped`: visible, until a person says again; `lost`: another worker owns it now. */
export type FailureOutcome =
  | { readonly outcome: 'retry'; readonly dueAt: Date }
  | { readonly outcome: 'stopped' }
  | { readonly outcome: 'lost' };

export interface Outbox {
  /**
   * Asks for a job in the caller's transaction: both commit or neither. Idle workers hear of it at commit.
   * @returns true if the request is new, false if the same (facility, job, subject, dedupeKey) was ever asked before.
   */
  enqueue(tx: Tx, intent: NewIntent): Promise<boolean>;
  /** Takes the next due intent of these jobs under a lease of `leaseMs`, or `undefined`. Expired leases are taken over. */
  claim(options: { worker: string; jobs: readonly JobName[]; leaseMs: number }): Promise<Intent | undefined>;
  /** Prolongs the lease. @throws LEASE_LOST when another worker has taken the intent. */
  renew(intent: Intent, leaseMs: number): Promise<void>;
  /**
   * Marks the intent done. Inside a job: pass the transaction of the effect, so that effect and completion are one.
   * Completing twice under the same fence is harmless. @throws LEASE_LOST when another worker has taken the intent.
   */
  complete(intent: Intent, tx?: Tx): Promise<void>;
  /** Records a failed try and decides by the kind of the error: again later, or stopped. Never throws for a lost lease. */
  fail(intent: Intent, thrown: unknown): Promise<FailureOutcome>;
  /** Gives the intent back at once without counting the try (graceful stop). */
  release(intent: Intent): Promise<void>;
  /** Starts a stopped intent anew, its tries counted from zero. @returns false if it was not stopped. */
  restart(tx: Tx, intentId: number): Promise<boolean>;
  stopped(facilityId: string): Promise<StoppedIntent[]>;
  /** Unfinished intents (waiting or leased) about one subject: job and state, for progress display. */
  pending(subject: string): Promise<{ job: JobName; dueAt: Date; attempts: number; causeCode: string | undefined }[]>;
  /** When the earliest waiting or leased intent of these jobs falls due, or `undefined` if there is none. */
  nextDue(jobs: readonly JobName[]): Promise<Date | undefined>;
  /** Frees every lease. Only for a process that alone owns the database (embedded mode), at its start. */
  voidLeases(): Promise<number>;
  /** Calls `ring` when work has been committed by any process. @returns a function that stops listening. */
  onWork(ring: () => void): Promise<() => Promise<void>>;
}

export declare function createOutbox(deps: { database: Database; clock: Clock }): Outbox;
