/** The ports to the stores. Every archive call names a version; keys are unique and never reused for other bytes. */

export interface PutOptions {
  /** Locked until this instant (exclusive). An instant in the past means: not locked. */
  readonly retainUntil: Date;
  /** A later date, set once the bytes are in: a failure before that leaves only the short lock behind. */
  readonly thenUntil?: Date;
  /** Legal hold from the first moment on. Default false. */
  readonly hold?: boolean;
  readonly contentType: string;
}

export interface StoredObject {
  readonly key: string;
  readonly versionId: string;
  /** Lower-case hexadecimal SHA-256 of the stored bytes; empty where a store does not know it of what others put there. */
  readonly sha256: string;
  readonly size: number;
  readonly contentType: string;
  /** What the store enforces: the date asked for, or up to a second later. 1970: nothing. */
  readonly retainUntil: Date;
  readonly hold: boolean;
}

export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly size: number;
  readonly storedAt: Date;
  /** Laid over the key by a plain delete: hides its versions from whoever does not name them, and destroys nothing. */
  readonly isDeleteMarker: boolean;
}

/** The write-once archive. */
export interface ObjectStore {
  /** `filesystem`, `s3`: written beside what it stored. */
  readonly kind: string;
  /**
   * Stores and locks. When it returns, bytes and lock are durable and were read back.
   * The same bytes under the same key again are the same version (the later retention and any hold win).
   * After a lost answer it looks before it fails, and adopts what it finds.
   * @throws OBJECT_KEY_INVALID, OBJECT_KEY_TAKEN (other bytes are there), DIGEST_MISMATCH (what is there was changed),
   * STORE_LOCK_NOT_KEPT, and as every call STORE_* of kind upstream when the store is away, full, or refuses.
   */
  put(key: string, bytes: Uint8Array, options: PutOptions): Promise<StoredObject>;
  /** The bytes, re-hashed on every read; `undefined`: nobody knows what they should be. @throws OBJECT_NOT_FOUND, DIGEST_MISMATCH. */
  get(key: string, versionId: string, expectedSha256: string | undefined): Promise<Uint8Array>;
  /** What the store knows of a version without reading its bytes. @throws RETENTION_UNKNOWN when its lock was lost. */
  stat(key: string, versionId: string): Promise<StoredObject | undefined>;
  /** Later only: an earlier or equal date is refused with RETENTION_ACTIVE (earlier) or does nothing (equal). @throws OBJECT_NOT_FOUND. */
  extendRetention(key: string, versionId: string, retainUntil: Date): Promise<StoredObject>;
  /** @throws OBJECT_NOT_FOUND. */
  setHold(key: string, versionId: string, hold: boolean): Promise<StoredObject>;
  /** Every version and delete marker whose key begins with `prefix`, in key order; their locks are not read (see `stat`). */
  list(prefix: string): AsyncIterable<ListedVersion>;
  /**
   * Destroys one version for good. @throws RETENTION_ACTIVE, LEGAL_HOLD_ACTIVE, RETENTION_UNKNOWN, CLOCK_UNTRUSTED, OBJECT_NOT_FOUND.
   */
  delete(key: string, versionId: string): Promise<void>;
}

export interface ListedWork {
  readonly key: string;
  /** When the bytes were put last, by the clock of the store. */
  readonly storedAt: Date;
}

/** Where documents live until they are archived: durable, replaceable, not locked. */
export interface WorkStore {
  /**
   * Durable (fsynced) when it returns. Replaces what was there, atomically. `known`: their SHA-256, where the caller has just
   * computed it. @throws OBJECT_KEY_INVALID.
   */
  put(key: string, bytes: Uint8Array, known?: string): Promise<{ sha256: string; size: number }>;
  /** The bytes, re-hashed; a store that keeps what was replaced gives that too. @throws OBJECT_NOT_FOUND, DIGEST_MISMATCH. */
  get(key: string, expectedSha256: string): Promise<Uint8Array>;
  /** Does nothing if there is none. */
  delete(key: string): Promise<void>;
  /** Removes every key below `folder/`; after a crash some may still be there. @throws OBJECT_KEY_INVALID. */
  deleteAll(folder: string): Promise<void>;
  /** What begins with `prefix`, in key order: for sweepers. */
  list(prefix: string): AsyncIterable<ListedWork>;
}
