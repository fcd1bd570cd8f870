/** What everything that signs works with. */
import type { Certificate } from '../engines/crypto/index.ts';
import type { TimestampSource, ValidationThreads } from '../engines/pades/index.ts';
import type { Parties } from '../parties/index.ts';
import type { AuditLog } from '../platform/audit/index.ts';
import type { Database, SharedClock } from '../platform/db/index.ts';
import type { Outbox } from '../platform/outbox/index.ts';
import type { MaterialSource } from '../platform/trust/index.ts';
import type { Records } from '../records/index.ts';
import type { Clock, Log } from '../shared/index.ts';

export interface SigningDeps {
  readonly database: Database;
  readonly records: Records;
  readonly parties: Parties;
  readonly audit: AuditLog;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Turns and locks of PINs go by it. */
  readonly sharedClock: SharedClock;
  readonly log: Log;
  readonly timestamp: TimestampSource;
  /** Room that a time-stamp token takes, bytes. */
  readonly timestampReserve: number;
  readonly material: MaterialSource;
  /** TrueType bytes for glyphs that a document's own stamp font lacks. */
  readonly fallbackFont: Uint8Array;
  /** For files whose check would keep everybody else waiting. */
  readonly validation: Pick<ValidationThreads, 'survives'>;
  readonly anchors: readonly Certificate[];
  readonly timestampAnchors: readonly Certificate[];
}
