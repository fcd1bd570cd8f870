/** Measures in the text format of Prometheus. */

export { measuredRenderer } from './measured-renderer.ts';
export { createMetrics, type JobOutcome, type Metrics, type MetricsOptions } from './metrics.ts';
export { type CertificateEnd, certificateEnds } from './store.ts';
