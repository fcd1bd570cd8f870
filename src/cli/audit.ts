/** `antin audit verify`: every entry of the log hashed again and compared with everything that was ever signed. `antin audit list`: who did what. */
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import {
  createAuditLog,
  createLogProofs,
  type ListedEntry,
  type LogVerdict,
  readLogKey,
} from '../platform/audit/index.ts';
import { type Database, openDatabase, reachDatabase } from '../platform/db/index.ts';
import { AppError, systemClock } from '../shared/index.ts';
import { type Installation, installation } from './installation.ts';

interface Where {
  readonly data?: string;
  readonly json: boolean;
}

interface ListCommand extends Where {
  readonly facility?: string;
  readonly object?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}

export function addAudit(program: Command): void {
  const audit = program.command('audit').description('Nhật ký · The audit log');
  audit
    .command('verify')
    .description('Đọc lại toàn bộ nhật ký và kiểm tra chữ ký · Read the whole log again and check what was signed')
    .option('--data <dir>', 'data folder (DATA_DIR)')
    .option('--json', 'one JSON line', false)
    .action(verify);
  audit
    .command('list')
    .description('Ai đã làm gì, mới nhất trước · Who did what, newest first')
    .option('--data <dir>', 'data folder (DATA_DIR)')
    .option('--facility <id>', 'only of this facility')
    .option('--object <id>', 'only about this document, record, key …')
    .option('--action <noun.verb>', 'only this action, for example document.received')
    .option('--actor <id>', 'only by this clinician, API key or part of the system')
    .option('--since <time>', 'ISO 8601, inclusive')
    .option('--until <time>', 'ISO 8601, exclusive')
    .option('--limit <n>', 'at most so many, up to 10000', '50')
    .option('--json', 'one JSON line an entry', false)
    .action(list);
}

/** Also beside a running system. */
async function withLog<T>(where: Where, work: (database: Database, place: Installation) => Promise<T>): Promise<T> {
  const place = installation(loadConfig({ DATA_DIR: where.data }));
  const reached = await reachDatabase(place.database);
  try {
    const database = await openDatabase({ url: reached.url }, { schema: 'require' });
    try {
      return await work(database, place);
    } finally {
      await database.close();
    }
  } finally {
    await reached.release();
  }
}

async function verify(options: Where): Promise<void> {
  await withLog(options, async ({ db }, { keysDir }) => {
    const key = await readLogKey(keysDir);
    if (key === undefined) {
      throw new AppError('FILE_UNREADABLE', {
        detail: {
          vi: `Không có khóa của nhật ký trong ${keysDir}`,
          en: `There is no key of the log in ${keysDir}`,
        },
      });
    }
    const proofs = createLogProofs({ db, publicKey: key.publicKey });
    const logs: (LogVerdict & { readonly facility: string })[] = [];
    for (const facility of await proofs.facilities()) logs.push({ facility, ...(await proofs.verifyLog(facility)) });
    const intact = logs.every((log) => log.intact);
    if (!intact) process.exitCode = 3;
    if (options.json)
      console.log(JSON.stringify({ intact, publicKey: Buffer.from(key.publicKey).toString('hex'), logs }));
    else for (const log of logs) tellVerdict(log);
    if (!options.json && logs.length === 0) console.log('Nhật ký còn trống (the log is empty)');
  });
}

function tellVerdict({ facility, intact, size, pending, findings }: LogVerdict & { readonly facility: string }): void {
  const words = intact ? 'nguyên vẹn (intact)' : 'KHÔNG nguyên vẹn (NOT intact)';
  console.log(`${intact ? '✔' : '✖'} ${facility}: ${size} mục (entries), ${pending} chờ (pending): ${words}`);
  for (const { vi, en } of findings) console.log(`    ${vi} (${en})`);
}

async function list(options: ListCommand): Promise<void> {
  const filter = {
    facilityId: options.facility,
    objectId: options.object,
    action: options.action,
    actorId: options.actor,
    since: timeOf('--since', options.since),
    until: timeOf('--until', options.until),
    limit: limitOf(options.limit),
  };
  await withLog(options, async ({ db }) => {
    const entries = await createAuditLog({ clock: systemClock }).list(db, filter);
    for (const listed of entries) console.log(options.json ? JSON.stringify(asJson(listed)) : asText(listed));
  });
}

function asJson({ entry, index }: ListedEntry): object {
  const { id, facilityId, at, actor, action, object, reason, details } = entry;
  return { index: index ?? null, id, facility: facilityId, at, actor, action, object, reason: reason ?? null, details };
}

function asText({ entry, index }: ListedEntry): string {
  const { at, actor, action, object, reason } = entry;
  const why = reason === undefined ? '' : ` — ${reason}`;
  return `${index ?? '…'}  ${at.toISOString()}  ${actor.kind} ${actor.id}  ${action}  ${object.kind} ${object.id}${why}`;
}

function timeOf(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw wrong(`${name} cần là thời điểm ISO 8601`, `${name} must be an ISO 8601 time`);
  return time;
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit;
  throw wrong('--limit cần là số 1–10000', '--limit must be a number from 1 to 10000');
}

const wrong = (vi: string, en: string): AppError => new AppError('CONFIG_INVALID', { detail: { vi, en } });
