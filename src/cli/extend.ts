/** `antin extend in.pdf -o out.pdf`: time-stamps, validation data, archive time-stamp for a signed PDF. */
import type { Command } from 'commander';
import { extend } from '../engines/pades/index.ts';
import { AppError, systemClock } from '../shared/index.ts';
import { readInput, writeOutput } from './files.ts';
import { LEVELS, levelOf } from './sign.ts';
import { withServices } from './signer.ts';

interface ExtendOptions {
  readonly output: string;
  readonly level: string;
  readonly tsa: string;
  readonly trust: string;
  readonly allowPrivate?: string[];
  readonly json: boolean;
}

export function addExtend(program: Command): void {
  program
    .command('extend')
    .description('Nâng chữ ký lên mức hiệu lực dài hạn · Extend a signed PDF to a long-term level')
    .argument('<pdf>')
    .requiredOption('-o, --output <file>', 'PDF to write')
    .option('--level <level>', LEVELS.slice(1).join(', '), 'B-LTA')
    .requiredOption('--tsa <url>', 'RFC 3161 service')
    .requiredOption('--trust <dir>', 'anchors: signers/*.pem, tsa/*.pem')
    .option('--allow-private <host...>', 'OCSP and CRL hosts inside the own network')
    .option('--json', 'one JSON line', false)
    .action(async (file: string, options: ExtendOptions) => {
      const level = levelOf(options.level);
      if (level === 'B-B') throw new AppError('USAGE');
      await withServices(options, async ({ timestamp, material, trust }) => {
        if (timestamp === undefined) throw new AppError('USAGE');
        const { pdf, reached, reasons } = await extend(await readInput(file), level, {
          timestamp,
          material,
          anchors: trust.signers,
          timestampAnchors: trust.tsa,
          at: systemClock.now(),
        });
        await writeOutput(options.output, pdf);
        if (options.json) console.log(JSON.stringify({ file: options.output, reached, reasons }));
        else console.log(`${options.output}: đạt mức ${reached} (reached ${reached}) ${reasons.join(' ')}`);
        if (reached !== level) process.exitCode = 1;
      });
    });
}
