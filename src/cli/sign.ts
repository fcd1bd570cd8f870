/** `antin sign in.pdf -o out.pdf`: signs any PDF with a key from a PKCS#12 file. */
import type { Command } from 'commander';
import { type EmbeddedSignature, extend, type Level, sign } from '../engines/pades/index.ts';
import { loadFonts } from '../forms/index.ts';
import { AppError, systemClock, vnDateTime } from '../shared/index.ts';
import { readInput, writeOutput } from './files.ts';
import { openSigner, type Services, withServices } from './signer.ts';

export const LEVELS = ['B-B', 'B-T', 'B-LT', 'B-LTA'] as const;

interface SignOptions {
  readonly output: string;
  readonly p12: string;
  readonly pinFile: string;
  readonly level: string;
  readonly tsa?: string;
  readonly trust?: string;
  readonly allowPrivate?: string[];
  readonly field?: string;
  readonly certify?: string;
  readonly appearance?: string;
  readonly reason?: string;
  readonly json: boolean;
}

export function addSign(program: Command): void {
  program
    .command('sign')
    .description('Ký số một tệp PDF · Sign any PDF')
    .argument('<pdf>')
    .requiredOption('-o, --output <file>', 'PDF to write')
    .requiredOption('--p12 <file>', 'PKCS#12 file')
    .requiredOption('--pin-file <file>', 'file with the PIN on one line')
    .option('--level <level>', LEVELS.join(', '), 'B-B')
    .option('--tsa <url>', 'RFC 3161 service (B-T and above)')
    .option('--trust <dir>', 'anchors: signers/*.pem, tsa/*.pem')
    .option('--allow-private <host...>', 'OCSP and CRL hosts inside the own network')
    .option('--field <name>', 'signature field; made if it does not exist')
    .option('--certify <permission>', 'certify with DocMDP 1, 2 or 3 (first signature only)')
    .option('--appearance <page,x,y,w,h>', 'visible stamp, points from the lower left')
    .option('--reason <text>')
    .option('--json', 'one JSON line', false)
    .action(async (file: string, options: SignOptions) => {
      const level = levelOf(options.level);
      if (level !== 'B-B' && options.tsa === undefined)
        throw usage(`Mức ${level} cần --tsa`, `Level ${level} needs --tsa`);
      const pdf = await readInput(file);
      const signer = await openSigner(options.p12, options.pinFile);
      await withServices(options, async (services) => {
        const now = systemClock.now();
        const name = signer.certificate.subject.attributes.get('CN')?.[0] ?? signer.certificate.subject.text;
        const place = options.appearance === undefined ? undefined : placeOf(options.appearance);
        const { regular } = await loadFonts();
        const signed = await sign(pdf, signer, {
          field: options.field ?? 'ChuKy1',
          claimedTime: now,
          signerName: name,
          fallbackFont: regular,
          ...(place === undefined
            ? {}
            : { newField: place, appearance: { lines: [name, `Ký số: ${vnDateTime(now)}`] } }),
          ...(options.reason === undefined ? {} : { reason: options.reason.normalize('NFC') }),
          ...(options.certify === undefined ? {} : { certify: certificationOf(options.certify) }),
          ...(level === 'B-B' || services.timestamp === undefined ? {} : { timestamp: services.timestamp }),
        });
        const { pdf: result, reached } = await raise(signed, level, services, now);
        await writeOutput(options.output, result);
        if (options.json) console.log(JSON.stringify({ file: options.output, level: reached, bytes: result.length }));
        else console.log(`${options.output}: đã ký mức ${reached} (signed, level ${reached})`);
        if (reached !== level) process.exitCode = 1;
      });
    });
}

/** To B-LT or B-LTA where that was asked for. */
async function raise(
  signed: EmbeddedSignature,
  level: Level,
  { timestamp, material, trust }: Services,
  at: Date,
): Promise<{ pdf: Uint8Array; reached: Level }> {
  if (level === 'B-B' || level === 'B-T' || timestamp === undefined) return { pdf: signed.pdf, reached: signed.level };
  return extend(signed.pdf, level, { timestamp, material, anchors: trust.signers, timestampAnchors: trust.tsa, at });
}

export function levelOf(text: string): Level {
  const level = LEVELS.find((one) => one === text.toUpperCase());
  if (level === undefined) throw usage(`Mức phải là ${LEVELS.join(', ')}`, `The level must be ${LEVELS.join(', ')}`);
  return level;
}

function certificationOf(text: string): 1 | 2 | 3 {
  if (text === '1' || text === '2' || text === '3') return Number(text) as 1 | 2 | 3;
  throw usage('--certify nhận 1, 2 hoặc 3', '--certify takes 1, 2 or 3');
}

function placeOf(text: string): { page: number; rect: readonly [number, number, number, number] } {
  const [page, x, y, width, height, ...more] = text.split(',').map(Number);
  const numbers = [page, x, y, width, height];
  if (more.length > 0 || numbers.some((one) => one === undefined || !Number.isFinite(one))) {
    throw usage('--appearance nhận trang,x,y,rộng,cao', '--appearance takes page,x,y,w,h');
  }
  const [p, left, bottom, w, h] = numbers as [number, number, number, number, number];
  return { page: p, rect: [left, bottom, left + w, bottom + h] };
}

function usage(vi: string, en: string): AppError {
  return new AppError('USAGE', { detail: { vi, en } });
}
