import type { Clock, Log } from '../../shared/index.ts';
import type { Database } from '../db/index.ts';
import type { LogKey } from './log-key.ts';

export interface Sequencer {
  /** Gives every committed pending entry its index, builds tiles and signs one checkpoint a facility. @returns how many entries. */
  sequence(): Promise<number>;
  /** Sequences about once a second until `close`. */
  start(): void;
  close(): Promise<void>;
}

export declare function createSequencer(deps: { database: Database; key: LogKey; clock: Clock; log?: Log }): Sequencer;
