/** What a process depends on, one check each. */
import { statfs } from 'node:fs/promises';
import { AppError, type Clock } from '../../shared/index.ts';
import { checkSchema, type Database } from '../db/index.ts';
import type { WorkStore } from '../storage/index.ts';
import type { TimestampUsage } from '../trust/index.ts';
import type { Check } from './readiness.ts';
import * as store from './store.ts';

/** The database answers and has the schema of this program. */
export const databaseCheck = (database: Database): Check => ({
  name: 'database',
  blocking: true,
  otherwise: 'DATABASE_UNREACHABLE',
  look: async () => {
    try {
      await checkSchema(database.db);
      return undefined;
    } catch (thrown) {
      return thrown instanceof AppError ? thrown : new AppError('DATABASE_UNREACHABLE', { cause: thrown });
    }
  },
});

/** The work store answers: without it nothing can be taken in. */
export const workStoreCheck = (workStore: WorkStore): Check => ({
  name: 'work-store',
  blocking: true,
  otherwise: 'WORK_STORE_UNREACHABLE',
  look: async () => {
    for await (const _ of workStore.list('v1/')) break;
    return undefined;
  },
});

/** Free bytes below which people should look, and below which nothing more is taken in, so that what was taken in can be finished. */
const DISK = { warn: 5 * 2 ** 30, stop: 256 * 2 ** 20 };

export function diskChecks(directory: string, { warn, stop } = DISK): Check[] {
  const check = (blocking: boolean, least: number): Check => ({
    name: 'disk',
    blocking,
    otherwise: 'DISK_NEARLY_FULL',
    look: async () => {
      const { bavail, bsize } = await statfs(directory);
      const free = bavail * bsize;
      // The stricter check speaks for both.
      if (free >= least || (!blocking && free < stop)) return undefined;
      const mebibytes = Math.floor(free / 2 ** 20);
      return new AppError('DISK_NEARLY_FULL', {
        detail: {
          vi: `Ổ đĩa của DATA_DIR chỉ còn ${mebibytes} MiB.`,
          en: `The disk of DATA_DIR has ${mebibytes} MiB left.`,
        },
      });
    },
  });
  return [check(true, stop), check(false, warn)];
}

/** The clock of this process: with a wrong one it neither signs nor takes jobs. */
export const clockCheck = (problem: () => Promise<AppError | undefined>): Check => ({
  name: 'clock',
  blocking: true,
  otherwise: 'DATABASE_UNREACHABLE',
  look: problem,
});

/** All authorities rest: documents are signed on, their time-stamps are owed. */
export const timestampCheck = (usage: () => readonly TimestampUsage[], clock: Clock): Check => ({
  name: 'time-stamp',
  blocking: false,
  otherwise: 'TSA_RESTING',
  look: async () => {
    const authorities = usage();
    const now = clock.now();
    const rests = ({ restingUntil }: TimestampUsage): boolean => restingUntil !== undefined && restingUntil > now;
    return authorities.length > 0 && authorities.every(rests) ? new AppError('TSA_RESTING') : undefined;
  },
});

/** Somebody takes the jobs: none is due for longer than `mostMs`. */
export const workersCheck = (database: Database, clock: Clock, mostMs: number): Check => ({
  name: 'workers',
  blocking: false,
  otherwise: 'DATABASE_UNREACHABLE',
  look: async () => {
    const now = clock.now();
    const due = await store.oldestDue(database.db, now);
    if (due === undefined || now.getTime() - due.getTime() <= mostMs) return undefined;
    const minutes = Math.floor((now.getTime() - due.getTime()) / 60_000);
    return new AppError('WORK_NOT_DONE', {
      detail: {
        vi: `Có tác vụ đến hạn đã ${minutes} phút mà chưa được xử lý.`,
        en: `A job has been due for ${minutes} minutes and nobody has taken it.`,
      },
    });
  },
});

/** No job gave up. */
export const stoppedCheck = (database: Database): Check => ({
  name: 'stopped-jobs',
  blocking: false,
  otherwise: 'DATABASE_UNREACHABLE',
  look: async () => {
    const count = await store.stoppedCount(database.db);
    if (count === 0) return undefined;
    return new AppError('WORK_STOPPED', {
      detail: { vi: `${count} tác vụ đã dừng, chờ người xử lý.`, en: `${count} jobs gave up and wait for a person.` },
    });
  },
});

/** The sweeps found nothing in the archive that nobody has settled. An alarm for people: nothing stops because of it. */
export const findingsCheck = (
  open: () => Promise<readonly { readonly kind: string; readonly count: number }[]>,
): Check => ({
  name: 'archive',
  blocking: false,
  otherwise: 'DATABASE_UNREACHABLE',
  look: async () => {
    const findings = await open();
    if (findings.length === 0) return undefined;
    const text = findings.map(({ kind, count }) => `${kind}: ${count}`).join(', ');
    return new AppError('ARCHIVE_FINDINGS', {
      detail: { vi: `Kho lưu trữ có điểm bất thường: ${text}.`, en: `The sweeps found: ${text}.` },
    });
  },
});

const DAY_MS = 24 * 60 * 60 * 1000;

/** The archive store was probed within a day and passed. In legal mode nothing is taken in without. */
export const probeCheck = (
  latest: () => Promise<{ readonly at: Date; readonly passed: boolean } | undefined>,
  clock: Clock,
  blocking: boolean,
): Check => ({
  name: 'worm-probe',
  blocking,
  otherwise: 'WORM_PROBE_OLD',
  look: async () => {
    const probe = await latest();
    if (probe === undefined || clock.now().getTime() - probe.at.getTime() > DAY_MS)
      return new AppError('WORM_PROBE_OLD');
    return probe.passed ? undefined : new AppError('WORM_PROBE_FAILED');
  },
});
