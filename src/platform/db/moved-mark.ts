import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../shared/index.ts';
import { writeDurably } from './embedded/durable-file.ts';

const MARK = z.strictObject({ to: z.string(), done: z.boolean() });
/** Where a database went: `host:port/name`, and whether all of it is there. */
export type MovedMark = z.output<typeof MARK>;

const fileOf = (dataDir: string): string => join(dataDir, 'moved.json');

export function readMovedMark(dataDir: string): MovedMark | undefined {
  const file = fileOf(dataDir);
  return existsSync(file) ? MARK.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/** Durable when it returns. */
export function writeMovedMark(dataDir: string, mark: MovedMark): void {
  writeDurably(fileOf(dataDir), `${JSON.stringify(mark)}\n`);
}

/** Two databases that both go on would be two truths. @throws DATABASE_MOVED naming the server. */
export function refuseMoved(dataDir: string): void {
  const mark = readMovedMark(dataDir);
  if (mark === undefined) return;
  throw new AppError('DATABASE_MOVED', {
    detail: mark.done
      ? {
          vi: `Cơ sở dữ liệu của ${dataDir} đã được chuyển sang ${mark.to}.`,
          en: `The database of ${dataDir} was moved to ${mark.to}.`,
        }
      : {
          vi: `Việc chuyển cơ sở dữ liệu của ${dataDir} sang ${mark.to} chưa xong.`,
          en: `The move of the database of ${dataDir} to ${mark.to} is not finished.`,
        },
    extra: { to: mark.to },
  });
}
