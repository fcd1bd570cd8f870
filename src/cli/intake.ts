/** `antin intake watch DIR`: takes PDF + JSON pairs from a folder, for systems that can only write files. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Antin } from '../compose.ts';
import { AppError, sha256Hex, toAppError } from '../shared/index.ts';
import { withAntin } from './with-antin.ts';

interface WatchOptions {
  readonly data?: string;
  readonly facility: string;
  readonly once: boolean;
  readonly json: boolean;
}

/** What a `NAME.json` holds; a `NAME.pdf` (or `NAME-1.jpg`, …) beside it is the upload. */
const ORDER = z.strictObject({
  type: z.string(),
  record: z.strictObject({
    number: z.string(),
    causes: z.array(z.string()).optional(),
    outcome: z.string().optional(),
  }),
  number: z.string().optional(),
  content: z.unknown(),
  supersedes: z.uuid().optional(),
});

const POLL_MS = 500;

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
  for (const folder of ['done', 'failed']) await mkdir(join(dir, folder), { recursive: true });
  await withAntin({ data: options.data }, async (antin) => {
    const facility = await antin.parties.findFacilityByCode(options.facility);
    if (facility === undefined) throw new AppError('PARTY_NOT_FOUND');
    let stopping = false;
    process.once('SIGINT', () => {
      stopping = true;
    });
    process.once('SIGTERM', () => {
      stopping = true;
    });
    await antin.runner.start();
    do {
      for (const name of await waiting(dir)) await takeOne(antin, facility.id, dir, name, options.json);
      if (!options.once) await sleep(POLL_MS);
    } while (!options.once && !stopping);
    await antin.runner.drain();
  });
}

/** Names of orders whose JSON has arrived. The PDF is renamed into the folder first, the JSON last: it completes the pair. */
async function waiting(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  return names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => name.slice(0, -5))
    .sort();
}

async function takeOne(antin: Antin, facilityId: string, dir: string, name: string, json: boolean): Promise<void> {
  const files = (await readdir(dir)).filter((file) => belongsTo(file, name)).sort();
  const pages = files.filter((file) => file !== `${name}.json`);
  try {
    const text = await readFile(join(dir, `${name}.json`), 'utf8');
    const order = parseOrder(text);
    const contents = await Promise.all(pages.map(async (file) => new Uint8Array(await readFile(join(dir, file)))));
    const id = await receiveOnce(antin, facilityId, order, contents, text);
    await move(dir, files, 'done');
    await writeFile(join(dir, 'done', `${name}.result.json`), `${JSON.stringify({ document: id })}\n`);
    console.log(json ? JSON.stringify({ file: name, document: id }) : `${name}: đã tiếp nhận ${id}`);
  } catch (thrown) {
    const { code, detail, mistakes, kind } = toAppError(thrown);
    // What is not the file's fault stays in the folder and is taken again.
    if (kind === 'upstream' || kind === 'internal' || kind === 'limited') throw thrown;
    await move(dir, files, 'failed');
    const problem = { code, vi: detail.vi, en: detail.en, mistakes };
    await writeFile(join(dir, 'failed', `${name}.problem.json`), `${JSON.stringify(problem, null, 2)}\n`);
    console.log(json ? JSON.stringify({ file: name, problem }) : `${name}: ${code}: ${detail.vi}`);
  }
}

/** A crash between intake and the move must not take the pair twice: the digest of the pair is its idempotency key. */
async function receiveOnce(
  antin: Antin,
  facilityId: string,
  order: z.infer<typeof ORDER>,
  files: readonly Uint8Array[],
  text: string,
): Promise<string> {
  const key = `watch-${sha256Hex([text, ...files.map((file) => sha256Hex(file))].join('\n'))}`;
  const claim = await antin.idempotency.claim(facilityId, key, key);
  if (claim.state === 'answered') return claim.response.body;
  try {
    const document = await antin.records.receive({
      ...order,
      facilityId,
      actor: { kind: 'system', id: 'intake-watch' },
      files: files.length === 0 ? undefined : files,
      alongside: (tx, received) =>
        antin.idempotency.answer(facilityId, key, { status: 201, headers: {}, body: received.id }, tx),
    });
    return document.id;
  } catch (thrown) {
    await antin.idempotency.abandon(facilityId, key);
    throw thrown;
  }
}

function parseOrder(text: string): z.infer<typeof ORDER> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', { cause });
  }
  const parsed = ORDER.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => ({
    path: `/${issue.path.join('/')}`,
    code: issue.code.toUpperCase(),
    vi: 'Giá trị không hợp lệ',
    en: issue.message,
  }));
  throw new AppError('CONTENT_INVALID', { mistakes });
}

const belongsTo = (file: string, name: string): boolean =>
  file === `${name}.json` ||
  file === `${name}.pdf` ||
  (/^-\d+\.(jpe?g|png)$/i.test(file.slice(name.length)) && file.startsWith(name));

async function move(dir: string, files: readonly string[], folder: 'done' | 'failed'): Promise<void> {
  for (const file of files) await rename(join(dir, file), join(dir, folder, file));
}
