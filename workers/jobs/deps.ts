import type { Archive } from '../../src/archive/index.ts';
import type { Outbox } from '../../src/platform/outbox/index.ts';
import type { Records } from '../../src/records/index.ts';
import type { Signing } from '../../src/signing/index.ts';

/** What jobs work with. */
export interface JobDeps {
  readonly outbox: Outbox;
  readonly records: Records;
  readonly signing: Signing;
  readonly archive: Archive;
}
