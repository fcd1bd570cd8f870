import { afterAll, beforeAll, describe } from 'vitest';
import { createS3Archive, createS3WorkStore } from '../../src/platform/storage/index.ts';
import { systemClock } from '../../src/shared/index.ts';
import { ENGINES, type Engine, freshBuckets, startEngine } from '../support/s3-engine.ts';
import { objectStoreConformance } from './object-store.ts';
import { workStoreConformance } from './work-store.ts';

describe.each(ENGINES)('%s', (name) => {
  let engine: Engine;
  let buckets: Awaited<ReturnType<typeof freshBuckets>>;
  beforeAll(async () => {
    engine = await startEngine(name);
    buckets = await freshBuckets(engine);
  });
  afterAll(async () => {
    buckets.client.close();
    await engine.stop();
  });

  objectStoreConformance(name, async () => ({
    store: createS3Archive(buckets.settings, { client: buckets.client, clock: systemClock }),
    // Dates are kept in whole seconds.
    now: () => new Date(Math.ceil(Date.now() / 1000) * 1000),
    pass: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    close: async () => undefined,
  }));

  workStoreConformance(name, async () => ({
    store: createS3WorkStore(buckets.settings, { client: buckets.client }),
    close: async () => undefined,
  }));
});
