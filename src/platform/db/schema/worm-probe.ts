/** Rows of `0005-worm-probe.ts`. */
import type { Json } from './platform.ts';

export interface WormProbeTable {
  id: string;
  at: Date;
  host: string;
  bucket: string;
  passed: boolean;
  /** What the probe wrote: its shape is the probe's business. */
  certificate: Json<unknown>;
}

export interface WormProbeTables {
  worm_probe: WormProbeTable;
}
