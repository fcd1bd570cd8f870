/** The cells of {filesystem, S3} × {embedded, server PostgreSQL} × {in-process, BullMQ}. Knows no vitest: its configuration reads this. */
export interface Cell {
  readonly name: string;
  readonly store: 'filesystem' | 's3';
  readonly database: 'embedded' | 'server';
  readonly runner: 'in-process' | 'bullmq';
  /** Needs no services: what `npm start` runs on. */
  readonly isDefault: boolean;
}

/** How test files reach the services of a cell; what a cell does not use is not there. */
export interface CellServices {
  /** Of an administrator; `template` is a migrated database. */
  readonly postgres?: { readonly url: string; readonly template: string };
  readonly s3?: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKey: string;
    readonly secretKey: string;
  };
  readonly redis?: string;
}

const STORES = ['filesystem', 's3'] as const;
const DATABASES = ['embedded', 'server'] as const;
const RUNNERS = ['in-process', 'bullmq'] as const;

export const CELLS: readonly Cell[] = STORES.flatMap((store) =>
  DATABASES.flatMap((database) =>
    RUNNERS.map((runner) => {
      const name = `${store},${database},${runner}`;
      return { name, store, database, runner, isDefault: name === 'filesystem,embedded,in-process' };
    }),
  ),
);

/** @throws for a name that is none. */
export function cellOf(name = 'filesystem,embedded,in-process'): Cell {
  const cell = CELLS.find((one) => one.name === name);
  if (cell === undefined) throw new Error(`ANTIN_TEST_CELL=${name}: one of ${CELLS.map((one) => one.name).join(' ')}`);
  return cell;
}
