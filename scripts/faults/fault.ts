/** What can be done to a running system, each under its name. */
export type FaultKind = 'killed' | 'stopped' | 'wiped' | 'slow' | 'answers lost' | 'disk full' | 'clock wrong';

export interface Fault {
  /** `worker killed`; unique. */
  readonly name: string;
  readonly kind: FaultKind;
  /** Faults of the same target never overlap. */
  readonly target: string;
  /** How long it lasts, milliseconds: from, to. */
  readonly lasts: readonly [number, number];
  begin(): Promise<void>;
  /** Everything is as before, but for what the fault destroyed; a process that ended is running again. */
  end(): Promise<void>;
}
