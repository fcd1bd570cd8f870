/** Measures in the text format of Prometheus. */
export { createMetrics, type JobOutcome, type Metrics, type MetricsOptions } from './metrics.ts';
