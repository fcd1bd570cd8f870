import type { JobName } from './job-name.ts';

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

/** A due intent as a queue is told of it. When it has been taken, its fence is another. */
export interface Bell {
  readonly id: number;
  readonly job: JobName;
  readonly fence: number;
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
  /** The request that led to it, if one did: for log lines (`withRequestId`). */
  readonly requestId: string | undefined;
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

export interface PendingIntent {
  readonly job: JobName;
  readonly dueAt: Date;
  /** Tries begun so far. */
  readonly attempts: number;
  /** Code of the last failure. */
  readonly causeCode: string | undefined;
}
