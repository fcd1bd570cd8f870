import type { KeyObject } from 'node:crypto';

/** The Ed25519 key that signs checkpoints. */
export interface LogKey {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** Public part as raw 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Reads the key kept (0600) in `directory`, making it on first use. */
export declare function loadLogKey(directory: string): Promise<LogKey>;
