import { defineConfig } from 'vitest/config';

/** Follows README on a fresh copy, `npm ci` included. */
const NEEDS_THE_NETWORK = ['test/journeys/readme.test.ts'];

/**
 * `quick`: everything that needs only what `npm ci` brought. `judges`: needs outside judges and services (see scripts/judges).
 * A test file belongs to `judges` if its name ends in `.judge.test.ts`; `npm run test:all` runs both.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: ['test/**/*.judge.test.ts', ...NEEDS_THE_NETWORK],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'judges',
          include: ['test/**/*.judge.test.ts', ...NEEDS_THE_NETWORK],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
    pool: 'forks',
    maxWorkers: 2,
  },
});
