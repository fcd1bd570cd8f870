import { defineConfig } from 'vitest/config';
import { CELLS } from './test/support/cell-name.ts';

/** Follows README on a fresh copy, `npm ci` included. */
const NEEDS_THE_NETWORK = ['test/journeys/readme.test.ts'];

const CELL_SERVICES = 'test/support/cell-services.ts';

/** The stories of a whole system, told in every cell; the full ones also under races and crashes. */
const cells = CELLS.filter((cell) => !cell.isDefault).map(({ name }) => ({
  test: {
    name: `cell ${name}`,
    include: ['test/journeys/*.test.ts', ...(name === 's3,server,bullmq' ? ['test/slices/*.test.ts'] : [])],
    exclude: ['test/**/*.judge.test.ts', ...NEEDS_THE_NETWORK],
    env: { ANTIN_TEST_CELL: name },
    globalSetup: CELL_SERVICES,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
}));

/**
 * `quick`: everything that needs only what `npm ci` brought. `judges`: needs outside judges and services (see scripts/judges).
 * A test file belongs to `judges` if its name ends in `.judge.test.ts`: also one that needs nothing but would hold up `npm test`. `cell …`: stories again on other stores, databases and runners
 * (test/support/cell.ts). `npm run test:all` runs all of them.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: ['test/**/*.judge.test.ts', ...NEEDS_THE_NETWORK],
          globalSetup: CELL_SERVICES,
          testTimeout: 90_000,
          hookTimeout: 120_000,
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
      ...cells,
    ],
    pool: 'forks',
    maxWorkers: 2,
  },
});
