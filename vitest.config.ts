import { defineConfig } from 'vitest/config';
import { CELLS } from './test/support/cell-name.ts';

/** Follows README on a fresh copy, `npm ci` included. */
const NEEDS_THE_NETWORK = ['test/journeys/readme.test.ts'];

/** Needs nothing, but starts whole processes again and again or waits for clocks: it would hold up `npm test`. */
const LONG = [
  'test/api/slow-body.test.ts',
  'test/backup/meanwhile.test.ts',
  'test/cli/{audit,commands}.test.ts',
  'test/operations/{doctor,health,legal-mode,logs,port-taken}.test.ts',
  'test/platform/{dump,embedded}.test.ts',
  'test/probe/*.test.ts',
  'test/slices/crash.test.ts',
];

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
 * `quick` (`npm test`): what needs only what `npm ci` brought and takes little time. `judges`: `*.judge.test.ts`, which need outside judges
 * and services (scripts/judges, scripts/services), and what takes long. `cell …`: stories again on other stores, databases and runners
 * (test/support/cell.ts). `npm run test:all` runs all of them.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: ['test/**/*.judge.test.ts', ...NEEDS_THE_NETWORK, ...LONG],
          globalSetup: CELL_SERVICES,
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'judges',
          include: ['test/**/*.judge.test.ts', ...NEEDS_THE_NETWORK, ...LONG],
          globalSetup: CELL_SERVICES,
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
