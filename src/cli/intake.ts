/** `antin intake watch DIR`: takes PDF + JSON pairs from a folder without a server beside it (`antin start --intake DIR` has one). */
import { once } from 'node:events';
import type { Command } from 'commander';
import { openWatchedFolder, type Taken } from './watched-folder.ts';
import { withAntin } from './with-antin.ts';

interface WatchOptions {
  readonly data?: string;
  readonly facility: string;
  readonly once: boolean;
  readonly json: boolean;
}

export function addIntake(program: Command): void {
  program
    .command('intake')
    .description('Tiếp nhận qua thư mục · Intake through a folder')
    .command('watch')
    .argument('<dir>', 'folder into which the hospital system renames finished pairs NAME.pdf + NAME.json')
    .requiredOption('--facility <code>', 'code of the facility (00001 in the demo)')
    .option('--data <dir>', 'data folder')
    .option('--once', 'take what is there, then stop', false)
    .option('--json', 'one JSON line a document', false)
    .action(watch);
}

async function watch(dir: string, options: WatchOptions): Promise<void> {
  await withAntin({ data: options.data, administration: false }, async (antin) => {
    const report = (taken: Taken): void => {
      console.log(options.json ? takenAsJson(taken) : takenInWords(taken));
      if (options.once && 'problem' in taken && taken.later) process.exitCode = 4;
    };
    const folder = await openWatchedFolder({ antin, dir, facilityCode: options.facility, report });
    await antin.runner.start();
    if (options.once) await folder.takeAll();
    else {
      folder.start();
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await folder.close();
    }
    await antin.runner.drain();
  });
}

const takenAsJson = (taken: Taken): string =>
  'document' in taken
    ? JSON.stringify({ file: taken.name, document: taken.document })
    : JSON.stringify({ file: taken.name, later: taken.later, code: taken.problem.code, vi: taken.problem.detail.vi });

export const takenInWords = (taken: Taken): string =>
  'document' in taken
    ? `${taken.name}: đã tiếp nhận ${taken.document}`
    : `${taken.name}: ${taken.problem.code}: ${taken.problem.detail.vi}${taken.later ? ' (thử lại sau)' : ''}`;
