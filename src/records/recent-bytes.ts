/**
 * Bytes that this process wrote or read lately, by their digest. What is named by its digest never changes, so every process may
 * keep its own; most documents are looked at again within seconds, and each trip to the store costs more than all else.
 */

const MAX_BYTES = 32 * 1024 * 1024;
/** Greater ones would push out everybody else. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

export interface RecentBytes {
  get(sha256: string): Uint8Array | undefined;
  /** Bytes whose digest was computed or checked by the caller; nobody changes them any more. */
  keep(sha256: string, bytes: Uint8Array): void;
  forget(sha256: string): void;
}

export function createRecentBytes(): RecentBytes {
  /** What was used longest ago first. */
  const kept = new Map<string, Uint8Array>();
  let total = 0;
  const forget = (sha256: string): void => {
    total -= kept.get(sha256)?.length ?? 0;
    kept.delete(sha256);
  };
  const keep = (sha256: string, bytes: Uint8Array): void => {
    if (bytes.length > MAX_FILE_BYTES) return;
    forget(sha256);
    kept.set(sha256, bytes);
    total += bytes.length;
    for (const oldest of kept.keys()) {
      if (total <= MAX_BYTES) break;
      forget(oldest);
    }
  };
  return {
    get: (sha256) => {
      const bytes = kept.get(sha256);
      if (bytes !== undefined) keep(sha256, bytes);
      return bytes;
    },
    keep,
    forget,
  };
}
