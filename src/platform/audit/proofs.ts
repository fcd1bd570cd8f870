import type { Db } from '../db/index.ts';

export interface EntryProof {
  /** Canonical JSON of the entry: the leaf. */
  readonly leaf: string;
  readonly index: number;
  /** Tree size of the checkpoint. */
  readonly size: number;
  /** RFC 6962 §2.1.1 audit path, lower-case hex. */
  readonly path: readonly string[];
  /** C2SP signed note. */
  readonly checkpoint: string;
}

export type LogVerdict =
  | { readonly intact: true; readonly size: number; readonly pending: number }
  | { readonly intact: false; readonly size: number; readonly pending: number; readonly findings: readonly string[] };

export interface LogProofs {
  /** Proof that the entry lies in the log under the latest checkpoint, or `undefined` while it is not yet sequenced. */
  proveEntry(entryId: string): Promise<EntryProof | undefined>;
  /** RFC 6962 §2.1.2 proof that the log of `first` entries is a prefix of that of `second`. */
  proveConsistency(facilityId: string, first: number, second: number): Promise<readonly string[]>;
  latestCheckpoint(facilityId: string): Promise<string | undefined>;
  /** Re-reads every entry, re-hashes, compares with index, tiles and every checkpoint ever signed. */
  verifyLog(facilityId: string): Promise<LogVerdict>;
}

export declare function createLogProofs(deps: { db: Db; publicKey: Uint8Array; keyName: string }): LogProofs;
