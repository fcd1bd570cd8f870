/** A folder as a door: a hospital's system that can only write files renames finished pairs into it. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Antin } from '../compose/index.ts';
import { AppError, sha256Hex, toAppError } from '../shared/index.ts';
import { facilityOf } from './parties.ts';

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

/** What became of one pair; `later`: not its fault, it stays in the folder and is taken again. */
export type Taken =
  | { readonly name: string; readonly document: string }
  | { readonly name: string; readonly problem: AppError; readonly later: boolean };

/** An owned resource: who starts it closes it. */
export interface WatchedFolder {
  /** Takes every pair that is there now. */
  takeAll(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

/** @throws PARTY_NOT_FOUND for an unknown facility code. */
export async function openWatchedFolder(options: {
  antin: Antin;
  dir: string;
  facilityCode: string;
  report: (taken: Taken) => void;
}): Promise<WatchedFolder> {
  const { antin, dir, report } = options;
  const facility = await facilityOf(antin, options.facilityCode);
  for (const folder of ['done', 'failed']) await mkdir(join(dir, folder), { recursive: true });
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let closed = false;

  const takeAll = async (): Promise<void> => {
    for (const name of await waiting(dir)) report(await takeOne(antin, facility.id, dir, name));
  };
  const tick = (): void => {
    running = takeAll()
      .catch((thrown) => report({ name: dir, problem: toAppError(thrown), later: true }))
      .then(() => {
        if (!closed) timer = setTimeout(tick, POLL_MS);
      });
  };
  return {
    takeAll,
    start: tick,
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Names of orders whose JSON has arrived. The PDF is renamed into the folder first, the JSON last: it completes the pair. */
async function waiting(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  return names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => name.slice(0, -5))
    .sort();
}

async function takeOne(antin: Antin, facilityId: string, dir: string, name: string): Promise<Taken> {
  const files = (await readdir(dir)).filter((file) => belongsTo(file, name)).sort();
  const pages = files.filter((file) => file !== `${name}.json`);
  try {
    const text = await readFile(join(dir, `${name}.json`), 'utf8');
    const order = parseOrder(text);
    const contents = await Promise.all(pages.map(async (file) => new Uint8Array(await readFile(join(dir, file)))));
    const document = await receiveOnce(antin, facilityId, order, contents, text);
    await move(dir, files, 'done');
    await writeFile(join(dir, 'done', `${name}.result.json`), `${JSON.stringify({ document })}\n`);
    return { name, document };
  } catch (thrown) {
    const error = toAppError(thrown);
    const later = error.kind === 'upstream' || error.kind === 'internal' || error.kind === 'limited';
    if (!later) {
      const { code, detail, mistakes } = error;
      await move(dir, files, 'failed');
      const problem = { code, vi: detail.vi, en: detail.en, mistakes };
      await writeFile(join(dir, 'failed', `${name}.problem.json`), `${JSON.stringify(problem, null, 2)}\n`);
    }
    return { name, problem: error, later };
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
        antin.idempotency.answerWith(tx, claim.held, { status: 201, headers: {}, body: received.id }),
    });
    return document.id;
  } catch (thrown) {
    await antin.idempotency.abandon(claim.held);
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
